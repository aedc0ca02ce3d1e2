"""Real analysis workers in processes of their own, fed as cells feed them."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bench.material import Sound
from config.schema import Analysis
from domain.speech import Speaker, SpeechKind, SpeechSpan
from domain.tap import TAP_HEADER, TAP_VERSION, TapKind
from media.hearing import Hearing
from media.worker import NICE
from tests.unit.media.sounds_rig import FRAME_S, frames_of, of_kind, silence, voice

WAIT_S = 30.0
BURST_S = 0.6
"""Sound that a cell sends at once; a worker that is late still has room for it."""
CUSTOMER = np.concatenate([silence(0.3), voice(120, 1.2), silence(2.1), voice(140, 0.9)])
AGENT = np.concatenate([silence(1.8), voice(210, 1.5), silence(1.2)])


class SystemClock:
    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Node:
    """What the node takes in, and a way to wait for it."""

    hearing: Hearing
    finished: list[str]
    spans: dict[str, list[SpeechSpan]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    async def until_finished(self, *contact_ids: str) -> None:
        await until(lambda: set(contact_ids) <= set(self.finished))

    async def until_heard(self, contacts: int) -> None:
        await until(lambda: self.hearing.figures().contacts_heard == contacts)


def worker_of(folder: Path) -> int:
    """Return the process id of the one worker whose socket lies in `folder`."""
    (pid,) = workers_of(folder)
    return pid


def workers_of(folder: Path) -> list[int]:
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(folder).encode() in command_line(process)
    ]


def command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a worker brings about; nothing in this process tells of all of it."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def node_in(folder: Path, *, workers: int = 1) -> AsyncIterator[Node]:
    def take(contact_id: str, spans: list[SpeechSpan]) -> None:
        node.spans.setdefault(contact_id, []).extend(spans)

    def lose(contact_id: str, frames: int) -> None:
        node.lost[contact_id] = node.lost.get(contact_id, 0) + frames

    finished: list[str] = []
    hearing = Hearing(
        Analysis(workers=workers),
        folder,
        on_spans=take,
        on_lost=lose,
        on_finished=finished.append,
        clock=SystemClock(),
    )
    node = Node(hearing, finished)
    async with hearing:
        yield node


class Cell:
    """The tapping side of a cell."""

    def __init__(self, path: str | None, contact_id: str) -> None:
        assert path is not None
        self.contact_id = contact_id
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.connect(path)

    def open(self, leg: int, speaker: Speaker) -> None:
        said = json.dumps({"contact_id": self.contact_id, "speaker": speaker}).encode()
        self._send(TapKind.OPEN, leg, 0, 0, said)

    async def talk(self, sounds: dict[int, Sound], *, start_us: int, first: int = 1) -> None:
        """Send sounds, faster than time passes but as if it had passed."""
        rows = {
            leg: frames_of(sound, start_us=start_us, sequence=first)
            for leg, sound in sounds.items()
        }
        burst = round(BURST_S / FRAME_S)
        for number in range(max(map(len, rows.values()))):
            for leg, row in rows.items():
                if number < len(row):
                    frame = row[number]
                    self._send(TapKind.AUDIO, leg, frame.sequence, frame.time_us, frame.pcm)
            if number % burst == burst - 1:
                await asyncio.sleep(0.08)

    def _send(self, kind: int, leg: int, sequence: int, time_us: int, payload: bytes) -> None:
        self.line.send(TAP_HEADER.pack(TAP_VERSION, kind, leg, sequence, time_us) + payload)


def now_us() -> int:
    return time.monotonic_ns() // 1_000


async def test_a_call_is_heard(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        cell = Cell(node.hearing.tap_path("c1"), "c1")
        cell.open(0, Speaker.CUSTOMER)
        cell.open(1, Speaker.AGENT)
        await cell.talk({0: CUSTOMER, 1: AGENT}, start_us=now_us())
        cell.line.close()
        await node.until_finished("c1")
        spans = node.spans["c1"]
        assert [span.speaker for span in of_kind(spans, SpeechKind.TURN)] == [
            Speaker.CUSTOMER,
            Speaker.AGENT,
            Speaker.CUSTOMER,
        ]
        for span in of_kind(spans, SpeechKind.SEGMENT):
            measured = span.pitch_hz is not None and span.level_dbov is not None
            assert measured == (span.speaker is Speaker.CUSTOMER)
        assert node.finished == ["c1"]
        assert node.lost == {}
        assert node.hearing.figures().contacts_assigned == 0


async def test_contacts_are_spread_and_keep_their_worker(tmp_path: Path) -> None:
    async with node_in(tmp_path, workers=2) as node:
        hearing = node.hearing
        paths = {f"c{n}": hearing.tap_path(f"c{n}") for n in range(6)}
        assert {list(paths.values()).count(path) for path in set(paths.values())} == {3}
        assert {contact: hearing.tap_path(contact) for contact in paths} == paths
        cells = [Cell(path, contact) for contact, path in paths.items()]
        for cell in cells:
            cell.open(0, Speaker.CUSTOMER)
            await cell.talk({0: CUSTOMER[:9_600]}, start_us=now_us())
            cell.line.close()
        await node.until_finished(*paths)
        for contact in paths:
            assert [span.kind for span in node.spans[contact]] == ["segment", "turn"]


async def test_leaving_hears_what_is_open(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        cell = Cell(node.hearing.tap_path("c1"), "c1")
        cell.open(0, Speaker.CUSTOMER)
        await cell.talk({0: CUSTOMER[:9_600]}, start_us=now_us())
        await node.until_heard(1)
    assert [span.kind for span in node.spans["c1"]] == ["segment", "turn"]
    assert node.finished == ["c1"]
    cell.line.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # a moment's look, not work
    assert node.hearing.tap_path("c2") is None


async def test_a_worker_that_is_killed_has_a_successor_and_times_go_on(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        path = node.hearing.tap_path("c1")
        start_us = now_us()
        cell = Cell(path, "c1")
        cell.open(0, Speaker.CUSTOMER)
        first = np.concatenate([CUSTOMER[:12_000], silence(0.9)])
        await cell.talk({0: first}, start_us=start_us)
        await until(lambda: bool(node.spans.get("c1")))
        worker = worker_of(tmp_path)
        assert os.getpriority(os.PRIO_PROCESS, worker) == min(os.nice(0) + NICE, 19)
        os.kill(worker, signal.SIGKILL)
        await until(lambda: node.hearing.figures().restarts == 1)
        await until(lambda: node.hearing.figures().workers_ready == 1)
        figures = node.hearing.figures()
        assert (figures.contacts_unheard, figures.contacts_heard) == (1, 0)
        assert figures.frames >= 0
        assert node.finished == []
        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            await cell.talk({0: silence(FRAME_S)}, start_us=start_us + 2_400_000)
        assert node.hearing.tap_path("c1") == path
        again = Cell(path, "c1")
        again.open(0, Speaker.CUSTOMER)
        later_us = start_us + 60_000_000
        await again.talk({0: CUSTOMER[:9_600]}, start_us=later_us, first=1_001)
        again.line.close()
        await node.until_finished("c1")
        before, after = of_kind(node.spans["c1"], SpeechKind.SEGMENT)
        assert before.start_s == pytest.approx(0.3, abs=0.1)
        assert after.start_s == pytest.approx(60.3, abs=0.1)
        assert node.finished == ["c1"]
        cell.line.close()


async def test_a_contact_whose_cell_does_not_come_back_is_finished_at_the_end(
    tmp_path: Path,
) -> None:
    async with node_in(tmp_path) as node:
        cell = Cell(node.hearing.tap_path("c1"), "c1")
        cell.open(0, Speaker.CUSTOMER)
        await node.until_heard(1)
        os.kill(worker_of(tmp_path), signal.SIGKILL)
        await node.until_heard(0)
        cell.line.close()
    assert node.finished == ["c1"]


async def test_without_workers_calls_go_unheard(tmp_path: Path) -> None:
    async with node_in(tmp_path, workers=0) as node:
        assert node.hearing.tap_path("c1") is None
        assert node.hearing.figures().assignments_refused == 0


async def test_a_worker_ends_with_its_node(tmp_path: Path) -> None:
    """A node that is killed closes its end of the stream; nothing else tells the worker."""
    ours, theirs = socket.socketpair()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.analysis_worker"),
        *("--socket", str(tmp_path / "tap.sock"), "--report", str(theirs.fileno())),
        pass_fds=(theirs.fileno(),),
        cwd=Path(__file__).parents[2],
    )
    theirs.close()
    loop = asyncio.get_running_loop()
    ours.setblocking(False)
    async with asyncio.timeout(WAIT_S):
        assert b"Ready" in await loop.sock_recv(ours, 4_096)
        ours.close()
        assert await worker.wait() == 0


async def test_a_start_that_is_cancelled_leaves_no_worker(tmp_path: Path) -> None:
    async def enter() -> None:
        async with node_in(tmp_path):
            raise AssertionError("entered")

    starting = asyncio.create_task(enter())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert workers_of(tmp_path) == []
