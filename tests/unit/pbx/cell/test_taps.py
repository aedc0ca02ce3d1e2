import socket
from pathlib import Path
from typing import Any

import pytest

from domain.tap import TAP_FRAME_SAMPLES, TAP_HEADER, TapKind
from pbx.cell import taps
from pbx.cell.taps import TapBench, TapLine, frame_reader


class FakeTap:
    """A port without a conference."""

    def __init__(self, line: TapLine, read: Any) -> None:
        self.leg = 0
        self.sequence = 0


class FakeAudio:
    """A leg's audio that notes what it transmits to."""

    def __init__(self) -> None:
        self.sinks: list[object] = []

    def startTransmit(self, sink: object) -> None:  # noqa: N802
        self.sinks.append(sink)

    def stopTransmit(self, sink: object) -> None:  # noqa: N802
        self.sinks.remove(sink)


def listener(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(str(path))
    server.listen(1)
    return server


def test_frames_are_read_by_pointer_in_this_build() -> None:
    assert frame_reader() is taps._bytes_by_pointer


def test_line_without_worker_drops_and_counts_when_one_is_wanted(tmp_path: Path) -> None:
    line = TapLine()
    assert not line.send(b"x")
    assert line.dropped == 0
    line.aim(str(tmp_path / "nobody"))
    assert not line.connect()
    assert not line.send(b"x")
    assert line.dropped == 1


def test_line_drops_when_the_worker_is_slow_and_never_waits(tmp_path: Path) -> None:
    with listener(tmp_path / "w") as server:
        line = TapLine()
        line.aim(str(tmp_path / "w"))
        assert line.connect()
        assert not line.connect()
        worker, _ = server.accept()
        with worker:
            sent = 0
            while line.send(bytes(1_000)):
                sent += 1
            assert sent > 10
            assert line.dropped == 1
            assert len(worker.recv(2_000)) == 1_000
            assert line.send(b"y")
        assert not line.send(b"z")
        assert line.connect()
        line.aim(None)


def test_bench_opens_closes_and_pools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(taps, "Tap", FakeTap)
    with listener(tmp_path / "w") as server:
        line = TapLine()
        line.aim(str(tmp_path / "w"))
        bench, audio = TapBench(line), FakeAudio()
        bench.start(1, "contact", "customer")
        bench.wire(1, audio)
        bench.wire(2, audio)
        worker, _ = server.accept()
        with worker:
            packet = worker.recv(2_000)
            version, kind, leg, sequence, time_us = TAP_HEADER.unpack_from(packet)
            assert (version, kind, leg, sequence) == (1, TapKind.OPEN, 1, 0)
            assert time_us > 0
            assert b'"speaker": "customer"' in packet
            (tap,) = audio.sinks
            bench.stop(1, audio)
            bench.stop(1, audio)
            assert TAP_HEADER.unpack(worker.recv(2_000))[1] == TapKind.CLOSE
            assert audio.sinks == []
            bench.start(2, "contact", "agent")
            bench.wire(2, audio)
            assert audio.sinks == [tap]
            worker.recv(2_000)
        bench._line.send(b"finds the worker gone")
        bench.mend()
        successor, _ = server.accept()
        with successor:
            assert TAP_HEADER.unpack_from(successor.recv(2_000))[1:3] == (TapKind.OPEN, 2)
        line.aim(None)


def test_silence_is_one_frame() -> None:
    assert len(taps._SILENCE) == 2 * TAP_FRAME_SAMPLES
