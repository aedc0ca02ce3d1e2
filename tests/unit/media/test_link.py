import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from domain.errors import LimitExceeded
from media import link
from media.link import GONE, PATH_BYTES_MAX, ReportLine, socket_path
from media.report import Finished, Opened, Ready, Report, encode

READY, OPENED, FINISHED = Ready(pid=1), Opened(contact_id="c1"), Finished(contact_id="c1")
SENT: list[Report] = [READY, OPENED, FINISHED]


def test_each_worker_has_its_path(tmp_path: Path) -> None:
    assert socket_path(tmp_path, 0) != socket_path(tmp_path, 1)


def test_a_path_too_long_for_a_socket_is_named() -> None:
    folder = Path("/") / ("x" * PATH_BYTES_MAX)
    with pytest.raises(LimitExceeded, match=r"hearing-0\.sock: 123 is over the limit of 107"):
        socket_path(folder, 0)


class Wire(asyncio.Transport):
    """What a worker's stream looks like from our end."""

    def __init__(self) -> None:
        super().__init__()
        self.finished = self.closed = False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.finished = True

    def close(self) -> None:
        self.closed = True


class Timer:
    def __init__(self, at_s: float, ring: Callable[[], None]) -> None:
        self.at_s, self.ring = at_s, ring
        self.live = True

    def cancel(self) -> None:
        self.live = False


class HandLoop:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.timers: list[Timer] = []
        self._loop = asyncio.get_running_loop()

    def time(self) -> float:
        return self.now_s

    def create_future(self) -> "asyncio.Future[Any]":
        return self._loop.create_future()

    def call_at(self, at_s: float, ring: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at_s, ring))
        return self.timers[-1]

    def tick(self, seconds: float) -> None:
        self.now_s += seconds
        for timer in [timer for timer in self.timers if timer.live and timer.at_s <= self.now_s]:
            timer.live = False
            timer.ring()


class Bench:
    def __init__(self) -> None:
        self.loop = HandLoop()
        self.heard: list[Report] = []
        self.wire = Wire()
        self.line = ReportLine(self.heard.append, cast("asyncio.AbstractEventLoop", self.loop))
        self.line.connection_made(self.wire)

    @property
    def why(self) -> str | None:
        return self.line.over.result() if self.line.over.done() else None


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_reports_come_in_order_however_they_are_cut(bench: Bench) -> None:
    text = b"".join(encode(report) for report in SENT)
    for byte in text:
        bench.line.data_received(bytes([byte]))
    assert bench.heard == SENT
    bench.line.data_received(text)
    assert bench.heard == SENT + SENT
    assert bench.why is None


async def test_a_worker_that_ends_is_gone_and_half_a_report_with_it(bench: Bench) -> None:
    bench.line.data_received(encode(READY) + encode(OPENED)[:-3])
    bench.line.connection_lost(None)
    assert bench.heard == [READY]
    assert bench.why == GONE


async def test_what_is_no_report_ends_it_and_nothing_more_is_taken(bench: Bench) -> None:
    bench.line.data_received(encode(READY) + b"hello\n" + encode(OPENED))
    bench.line.data_received(encode(FINISHED))
    assert bench.heard == [READY]
    assert bench.why is not None
    assert bench.why.startswith("not a report: ")


async def test_a_line_without_end_ends_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "LINE_BYTES_MAX", 100)
    bench.line.data_received(b"x" * 60)
    assert bench.why is None
    bench.line.data_received(b"x" * 60)
    assert bench.why == "line of more than 100 bytes"


async def test_a_worker_that_does_not_start_is_given_up(bench: Bench) -> None:
    bench.loop.tick(link.READY_S_MAX - 1)
    assert bench.why is None
    bench.loop.tick(1)
    assert bench.why == "silent for 15 s"


async def test_a_worker_that_falls_silent_is_given_up(bench: Bench) -> None:
    bench.loop.tick(14)
    bench.line.data_received(encode(READY))
    for _ in range(10):
        bench.loop.tick(link.HEARTBEAT_S_MAX - 1)
        bench.line.data_received(encode(OPENED))
    assert bench.why is None
    bench.loop.tick(link.HEARTBEAT_S_MAX - 0.5)
    assert bench.why is None, "counted from its last word"
    bench.loop.tick(0.5)
    assert bench.why == "silent for 10 s"


async def test_a_worker_that_is_told_to_end_may_take_a_while_and_no_longer(bench: Bench) -> None:
    bench.line.data_received(encode(READY))
    bench.line.finish()
    assert bench.wire.finished
    bench.loop.tick(link.STOP_S_MAX - 1)
    bench.line.data_received(encode(FINISHED))
    bench.loop.tick(link.STOP_S_MAX - 1)
    assert bench.why is None
    bench.loop.tick(1)
    assert bench.why == "silent for 5 s"
    assert not any(timer.live for timer in bench.loop.timers)


async def test_closing_twice_is_harmless(bench: Bench) -> None:
    bench.line.close()
    bench.line.close()
    assert bench.wire.closed
    assert bench.why == GONE
