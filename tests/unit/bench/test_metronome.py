"""Metronomes: where they send from, and that each beat has its due time."""

import socket
import time
from typing import Any

import pytest

from bench import metronome
from bench.metronome import CELLS_LEVEL_PORTS, FRAME, MACHINE_PORTS, PORTS, beat, metronomes


def test_no_two_streams_leave_from_one_port() -> None:
    made = metronomes(-10, [0, 1, 5])
    ports = [each.first_port + n for each in made for n in range(each.streams)]
    assert len(set(ports)) == len(ports)
    assert set(ports) <= set(PORTS)
    beside = [port for port in ports if port in CELLS_LEVEL_PORTS]
    assert len(beside) == len(CELLS_LEVEL_PORTS)
    assert all(port in MACHINE_PORTS for port in ports if port not in CELLS_LEVEL_PORTS)


def test_levels_are_the_cells_and_each_processor() -> None:
    levels = [each.level for each in metronomes(-10, [0, 3])]
    assert levels == ["-10"] * 4 + ["cpu0", "cpu3"]
    assert all(len(each.words()) == 4 for each in metronomes(0, [0]))


@pytest.mark.parametrize("spread", [False, True])
def test_every_beat_is_due_a_tick_after_the_last_and_late_ones_are_caught_up(
    monkeypatch: pytest.MonkeyPatch, spread: bool
) -> None:
    clock_ns = [1_000_003]
    sent: list[tuple[int, bytes]] = []

    def sleep(seconds: float) -> None:
        # Each wake-up comes 3 ms late.
        clock_ns[0] += round(seconds * 1e9) + 3_000_000

    class Line:
        def sendto(self, packet: bytes, to: tuple[str, int]) -> None:
            assert to == ("127.0.0.2", 7_000)
            sent.append((clock_ns[0], packet))

    monkeypatch.setattr(time, "monotonic_ns", lambda: clock_ns[0])
    monkeypatch.setattr(time, "sleep", sleep)
    lines: list[Any] = [Line(), Line()]
    beat(lines, ("127.0.0.2", 7_000), seconds=1.0, offset_ms=5.0, spread=spread)
    assert len(sent) == 100
    assert {len(packet) for _, packet in sent} == {12 + FRAME}
    numbers = [int.from_bytes(packet[2:4], "big") for _, packet in sent]
    assert numbers == [beat // 2 for beat in range(100)]
    assert sent[-1][0] - sent[0][0] == pytest.approx(0.98e9 + spread * 0.01e9, abs=4e6)


def test_main_sends_from_its_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metronome, "_take_level", lambda _level: True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        port = str(peer.getsockname()[1])
        metronome.main(["127.0.0.1", port, "0.04", "8900", "2", "0", "-10"])
        ports = [peer.recvfrom(2_048)[1][1] for _ in range(4)]
    assert ports == [8_900, 8_901, 8_900, 8_901]
