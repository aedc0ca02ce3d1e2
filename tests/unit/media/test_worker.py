import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from domain.speech import Speaker, SpeechKind
from domain.tap import TAP_HEADER, TAP_VERSION, TapKind
from media.ear import BACKLOG_FRAMES_MAX, TapFrame
from media.orders import ORDER_BYTES_MAX, Permit
from media.orders import encode as order
from media.pcm import FRAME_BYTES, FRAMES_AT_ONCE
from media.report import (
    Felt,
    Finished,
    Heard,
    Heartbeat,
    Learnt,
    Lost,
    Opened,
    Ready,
    Report,
    decode,
)
from media.sensing import Sensing
from media.settings import EarSettings
from media.taps import REFUSED_PACKETS_MAX
from media.timeline import FRAME_US
from media.windows import WindowSettings
from media.worker import Worker, listen
from tests.unit.media.scorer_rig import LEVEL, LoudIsAngry, judge_with
from tests.unit.media.sounds_rig import FRAME_S, START_US, frames_of, silence, voice

HELLO = np.concatenate([silence(0.3), voice(120, 0.9), silence(0.6)])


class Bench:
    """A worker without a process, its node and its cells, in time that the test moves."""

    def __init__(self, folder: Path, sensing: Sensing | None = None) -> None:
        self.now_us = START_US
        self.path = folder / "tap.sock"
        self.node, theirs = socket.socketpair()
        self.node.setblocking(False)
        self.worker = Worker(
            listen(self.path),
            theirs,
            EarSettings(),
            lambda: self.now_us,
            cpu_s=lambda: 0.0,
            sensing=sensing,
        )
        self._text = b""

    def cell(self) -> "Cell":
        return Cell(self.path)

    def told(self) -> list[Report]:
        try:
            while piece := self.node.recv(65_536):
                self._text += piece
        except BlockingIOError:
            pass
        lines = self._text.split(b"\n")
        self._text = lines.pop()
        return [decode(line) for line in lines]

    def tick(self, *, after_us: int = FRAME_US) -> list[Report]:
        self.now_us += after_us
        self.worker.tick()
        return self.told()

    def beat(self) -> Heartbeat:
        (beat,) = [one for one in self.tick(after_us=1_000_000) if isinstance(one, Heartbeat)]
        return beat


class Cell:
    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.connect(str(path))
        self.line.setblocking(False)

    def open(self, leg: int, contact_id: str, speaker: Speaker) -> None:
        said = json.dumps({"contact_id": contact_id, "speaker": speaker}).encode()
        self.line.send(TAP_HEADER.pack(TAP_VERSION, TapKind.OPEN, leg, 0, 0) + said)

    def send(self, leg: int, frame: TapFrame) -> None:
        header = TAP_HEADER.pack(TAP_VERSION, TapKind.AUDIO, leg, frame.sequence, frame.time_us)
        self.line.send(header + frame.pcm)

    def close_leg(self, leg: int) -> None:
        self.line.send(TAP_HEADER.pack(TAP_VERSION, TapKind.CLOSE, leg, 0, 0))


@contextmanager
def bench_in(folder: Path, sensing: Sensing | None = None) -> Iterator[Bench]:
    bench = Bench(folder, sensing)
    try:
        yield bench
    finally:
        bench.node.close()
        bench.worker.finish()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_in(tmp_path) as made:
        assert isinstance(made.told()[0], Ready)
        yield made


def of_type(reports: list[Report], kind: type[Report]) -> list[Report]:
    return [report for report in reports if isinstance(report, kind)]


def test_a_call_from_its_first_packet_to_its_end(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.CUSTOMER)
    assert bench.tick() == [Opened(contact_id="c1")]
    told: list[Report] = []
    frames = frames_of(HELLO)
    for frame in frames:
        cell.send(1, frame)
        told += bench.tick()
    cell.line.close()
    told += bench.tick()
    heard = [one for one in told if isinstance(one, Heard)]
    spans = [span for one in heard for contact in one.contacts for span in contact.spans]
    assert [span.kind for span in spans] == [SpeechKind.SEGMENT, SpeechKind.TURN]
    assert spans[0].start_s == pytest.approx(0.3, abs=0.1)
    assert {contact.zero_us for one in heard for contact in one.contacts} == {START_US}
    assert [one for one in told if not isinstance(one, Heartbeat)][-1] == Finished(contact_id="c1")
    beat = bench.beat()
    assert (beat.contacts, beat.frames, beat.lost) == (0, len(frames), 0)
    assert sum(beat.latency) == len(frames)


def test_a_gap_is_lost_and_reported(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.AGENT)
    frames = frames_of(silence(10 * FRAME_S))
    for frame in frames[:3] + frames[7:]:
        cell.send(1, frame)
    told = bench.tick()
    while bench.worker.tick():
        pass
    told += bench.told()
    assert of_type(told, Lost) == [Lost(contact_id="c1", frames=4)]
    assert bench.beat().lost == 4
    cell.line.close()


def test_the_oldest_audio_goes_first_and_is_counted(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.AGENT)
    too_many = BACKLOG_FRAMES_MAX + 10
    frames = frames_of(silence(too_many * FRAME_S))
    bench.tick()
    for frame in frames:
        cell.send(1, frame)
    bench.worker.tick()
    beat = bench.beat()
    assert beat.overrun == 10
    assert beat.waiting == BACKLOG_FRAMES_MAX - 2 * FRAMES_AT_ONCE
    while bench.worker.tick():
        pass
    beat = bench.beat()
    assert (beat.frames, beat.waiting, beat.misplaced) == (BACKLOG_FRAMES_MAX, 0, 0)
    cell.line.close()


def test_two_legs_and_a_leg_that_is_closed(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.CUSTOMER)
    cell.open(2, "c1", Speaker.AGENT)
    for frame in frames_of(silence(2 * FRAME_S)):
        cell.send(1, frame)
        cell.send(2, frame)
    bench.tick()
    bench.tick()
    assert bench.beat().legs == 2
    cell.close_leg(2)
    cell.close_leg(7)
    beat = bench.beat()
    assert (beat.contacts, beat.legs, beat.packets_refused) == (1, 1, 0)
    cell.line.close()


def test_what_no_packet_is_is_refused_and_at_last_cut_off(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.CUSTOMER)
    cell.line.send(b"nonsense")
    cell.open(1, "other", Speaker.CUSTOMER)
    beat = bench.beat()
    assert (beat.packets_refused, beat.contacts) == (2, 1)
    for _ in range(REFUSED_PACKETS_MAX):
        cell.line.send(b"nonsense")
    told = bench.tick() + bench.tick()
    assert Finished(contact_id="c1") in told
    with pytest.raises(BrokenPipeError):
        cell.line.send(b"more")
    cell.line.close()


def test_audio_before_its_leg_is_open_is_only_counted(bench: Bench) -> None:
    """A cell whose OPEN found no room says it again; until then its audio goes on."""
    cell = bench.cell()
    frames = frames_of(silence((REFUSED_PACKETS_MAX + 10) * FRAME_S))
    for frame in frames:
        cell.send(1, frame)
        bench.worker.tick()
    cell.open(1, "c1", Speaker.CUSTOMER)
    cell.send(1, frames[0])
    bench.worker.tick()
    beat = bench.beat()
    assert (beat.packets_refused, beat.frames) == (len(frames), 1)
    cell.line.close()


def test_a_contact_is_heard_once(bench: Bench) -> None:
    first, second = bench.cell(), bench.cell()
    first.open(1, "c1", Speaker.CUSTOMER)
    bench.tick()
    second.open(1, "c1", Speaker.CUSTOMER)
    bench.tick()
    beat = bench.beat()
    assert (beat.contacts, beat.connections_refused) == (1, 1)
    first.line.close()
    assert bench.tick()[-1] == Finished(contact_id="c1")
    third = bench.cell()
    third.open(1, "c1", Speaker.CUSTOMER)
    assert Opened(contact_id="c1") in bench.tick()
    second.line.close()
    third.line.close()


def test_a_cell_that_says_nothing_leaves_no_trace(bench: Bench) -> None:
    cell = bench.cell()
    bench.tick()
    cell.line.close()
    assert bench.tick() == []
    assert bench.beat().contacts == 0


def test_connections_are_limited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.worker.CONNECTIONS_MAX", 2)
    cells = [bench.cell() for _ in range(3)]
    for number, cell in enumerate(cells[:2]):
        cell.open(1, f"c{number}", Speaker.CUSTOMER)
    beat = bench.beat()
    assert (beat.contacts, beat.connections_refused) == (2, 1)
    for cell in cells:
        cell.line.close()


def test_latency_is_time_from_the_frames_end(bench: Bench) -> None:
    cell = bench.cell()
    cell.open(1, "c1", Speaker.CUSTOMER)
    cell.send(1, TapFrame(1, bench.now_us + 20_000, bytes(FRAME_BYTES)))
    bench.tick(after_us=95_000)
    beat = bench.beat()
    assert beat.latency[2] == 1
    assert beat.latency_sum_s == pytest.approx(0.075)
    cell.line.close()


def test_the_node_ends_it_and_hears_what_was_open(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    cell = bench.cell()
    cell.open(1, "c1", Speaker.CUSTOMER)
    for frame in frames_of(HELLO[:9_600]):
        cell.send(1, frame)
    bench.worker.tick()
    assert not bench.worker.stopping
    bench.node.shutdown(socket.SHUT_WR)
    bench.worker.tick()
    assert bench.worker.stopping
    bench.worker.finish()
    told = bench.told()
    kinds = [
        span.kind
        for one in told
        if isinstance(one, Heard)
        for contact in one.contacts
        for span in contact.spans
    ]
    assert kinds == [SpeechKind.SEGMENT, SpeechKind.TURN]
    assert Finished(contact_id="c1") in told
    bench.node.close()
    cell.line.close()


def test_it_ends_when_the_node_is_gone(tmp_path: Path) -> None:
    with bench_in(tmp_path) as bench:
        bench.node.close()
        bench.worker.tick()
        assert bench.worker.stopping


def test_a_stale_socket_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "tap.sock"
    listen(path).close()
    second = listen(path)
    assert path.stat().st_mode & 0o777 == 0o600
    second.close()


class Feeling:
    """A worker that judges voices, and a call with both parties."""

    def __init__(self, bench: Bench, scorer: LoudIsAngry) -> None:
        self.bench, self.scorer = bench, scorer
        self.cell = bench.cell()
        self.cell.open(1, "c1", Speaker.CUSTOMER)
        self.cell.open(2, "c1", Speaker.AGENT)
        self.told: list[Report] = bench.tick()
        self.sent = 0

    def order(self, *, allowed: bool) -> None:
        self.bench.node.send(order(Permit(contact_id="c1", allowed=allowed)))

    def talk(self, customer: np.ndarray, agent: np.ndarray) -> None:
        for ours, theirs in zip(frames_of(customer), frames_of(agent), strict=True):
            self.sent += 1
            for leg, frame in ((1, ours), (2, theirs)):
                time_us = START_US + self.sent * FRAME_US
                self.cell.send(leg, TapFrame(self.sent, time_us, frame.pcm))
            self.told += self.bench.tick()

    @property
    def windows(self) -> int:
        felt = [one for one in self.told if isinstance(one, Felt)]
        return sum(len(contact.scores) for one in felt for contact in one.contacts)


@pytest.fixture
def feeling(tmp_path: Path) -> Iterator[Feeling]:
    scorer = LoudIsAngry()
    with bench_in(tmp_path, Sensing(judge_with(scorer), WindowSettings())) as made:
        assert isinstance(made.told()[0], Ready)
        call = Feeling(made, scorer)
        yield call
        call.cell.line.close()


SENTENCE = np.concatenate([voice(120, 0.4, letter=letter) for letter in "aeiouaeiou"])


def test_the_node_permits_and_forbids(feeling: Feeling) -> None:
    feeling.talk(SENTENCE, SENTENCE)
    assert feeling.windows == 0
    feeling.order(allowed=True)
    feeling.talk(SENTENCE, SENTENCE)
    judged = feeling.windows
    assert judged > 0
    feeling.order(allowed=False)
    feeling.talk(SENTENCE, SENTENCE)
    assert feeling.windows == judged
    assert feeling.bench.beat().windows == judged


def test_the_agent_s_voice_never_reaches_the_model(feeling: Feeling) -> None:
    feeling.order(allowed=True)
    feeling.talk(SENTENCE * 0.02, SENTENCE)
    feeling.talk(SENTENCE * 0.0, SENTENCE)
    assert feeling.windows > 0
    loudest = max(row[LEVEL] for row in feeling.scorer.given)
    assert loudest < -40, "the agent is 34 dB louder than the customer"


def test_what_was_learnt_is_told_at_the_end(feeling: Feeling) -> None:
    feeling.order(allowed=True)
    for _ in range(2):
        feeling.talk(SENTENCE * 0.02, SENTENCE * 0.0)
    feeling.cell.line.close()
    feeling.told += feeling.bench.tick()
    told = [type(one) for one in feeling.told if not isinstance(one, Heartbeat)]
    assert told[-2:] == [Learnt, Finished]
    (learnt,) = [one for one in feeling.told if isinstance(one, Learnt)]
    assert learnt.baseline.windows >= 3


def test_an_order_may_come_in_pieces(feeling: Feeling) -> None:
    line = order(Permit(contact_id="c1", allowed=True))
    feeling.bench.node.send(line[:20])
    feeling.told += feeling.bench.tick()
    feeling.bench.node.send(line[20:])
    feeling.talk(SENTENCE, SENTENCE * 0.0)
    assert feeling.windows > 0


@pytest.mark.parametrize("said", [b"what?\n", b"x" * (ORDER_BYTES_MAX + 1)])
def test_a_worker_that_is_told_nonsense_ends(bench: Bench, said: bytes) -> None:
    bench.node.setblocking(True)
    bench.node.sendall(said)
    for _ in range(3):
        bench.worker.tick()
    assert bench.worker.stopping
