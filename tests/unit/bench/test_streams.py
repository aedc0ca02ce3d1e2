"""How streams arrived, and which gaps a control had too."""

from pathlib import Path

import numpy as np
import pytest

from bench.streams import Late, Packets, judge

MS = 1_000_000


def stream(port: int, at_ms: list[float], sequence: list[int] | None = None) -> Packets:
    numbers = list(range(1, len(at_ms) + 1)) if sequence is None else sequence
    times = np.array([round(at * MS) for at in at_ms], dtype=np.int64)
    return Packets(np.full(len(at_ms), port), np.array(numbers, dtype=np.int64), times)


def together(*streams: Packets) -> Packets:
    return Packets(
        np.concatenate([each.port for each in streams]),
        np.concatenate([each.sequence for each in streams]),
        np.concatenate([each.time_ns for each in streams]),
    )


def late(*spans_ms: tuple[float, float]) -> Late:
    due, came = np.array(spans_ms, dtype=np.float64).reshape(-1, 2).T * MS
    return Late(due.astype(np.int64), came.astype(np.int64))


def test_a_steady_stream_has_nothing_to_complain_of() -> None:
    arrival, times = judge(stream(20_000, [0, 20, 40, 60]))
    assert (arrival.streams, arrival.packets, arrival.lost) == (1, 4, 0)
    assert (arrival.late_gaps, arrival.longest_gap_ms) == (0, 20.0)
    assert len(times.due_ns) == 0


def test_a_gap_above_two_packet_times_is_late_from_when_its_packet_was_due() -> None:
    arrival, times = judge(stream(20_000, [0, 40, 120, 121]))
    assert (arrival.late_gaps, arrival.longest_gap_ms) == (1, 80.0)
    assert arrival.late_per_million == 250_000
    assert (times.due_ns.tolist(), times.came_ns.tolist()) == ([60 * MS], [120 * MS])


def test_streams_do_not_mix() -> None:
    first = stream(20_000, [0, 20, 40])
    second = stream(20_002, [500, 520, 540], [7, 8, 9])
    arrival, _ = judge(together(second, first))
    assert (arrival.streams, arrival.lost, arrival.late_gaps) == (2, 0, 0)


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [([1, 2, 3], 0), ([1, 4, 5], 2), ([65_535, 0, 1], 0), ([65_535, 1, 2], 1), ([1, 3, 2], 1)],
)
def test_numbers_that_are_missing_are_lost(numbers: list[int], lost: int) -> None:
    assert judge(stream(20_000, [0, 20, 40], numbers))[0].lost == lost


def test_nothing_heard_is_no_fault() -> None:
    arrival, times = judge(stream(20_000, []))
    assert (arrival.streams, arrival.packets, arrival.late_gaps) == (0, 0, 0)
    assert len(times.during(late((0, 10)))) == 0


@pytest.mark.parametrize(
    ("other", "explained"),
    [
        ([], False),
        ([(0, 90)], False),
        ([(0, 100)], False),
        ([(0, 101)], True),
        ([(120, 130)], True),
        ([(150, 200)], False),
        ([(149, 200)], True),
        ([(0, 500)], True),
        ([(0, 20), (140, 160), (300, 320)], True),
        ([(0, 20), (10, 90), (300, 320)], False),
    ],
)
def test_a_late_time_is_explained_by_one_that_overlaps_it(
    other: list[tuple[float, float]], explained: bool
) -> None:
    assert late((100, 150)).during(late(*other)).tolist() == [explained]


def test_each_is_looked_up_among_times_in_any_order() -> None:
    ours = late((500, 520), (100, 150), (300, 340))
    control = late((310, 330), (120, 121), (118, 200), (900, 950))
    assert ours.during(control).tolist() == [False, True, True]


def test_what_peers_wrote_is_read_within_a_window_and_told_apart_by_port(tmp_path: Path) -> None:
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for file, port in zip(files, (20_000, 8_000), strict=True):
        heard = stream(port, [0, 20, 40, 60])
        np.savez(file, port=heard.port, sequence=heard.sequence, time_ns=heard.time_ns)
    heard = Packets.of(files, 10 * MS, 50 * MS)
    assert heard.time_ns.tolist() == [20 * MS, 40 * MS, 20 * MS, 40 * MS]
    control = range(8_000, 8_020)
    assert set(heard.between(control).port.tolist()) == {8_000}
    assert set(heard.outside(control).port.tolist()) == {20_000}
