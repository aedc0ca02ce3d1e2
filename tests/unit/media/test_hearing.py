"""The node's side with workers that the test plays; real ones are in tests/integration."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from config.schema import Analysis
from domain.baseline import Baseline
from domain.emotion import EmotionScore
from domain.errors import LimitExceeded
from domain.ports import Hearing as HearingPort
from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.hearing import ASSIGNED_MAX, REOPEN_S_MAX, UNTAPPED_S_MAX, Hearing
from media.orders import Order, Permit
from media.report import (
    LATENCY_EDGES_S,
    ContactScores,
    ContactSpans,
    Felt,
    Finished,
    Heard,
    Heartbeat,
    Learnt,
    Lost,
    Opened,
    Ready,
    Report,
)
from media.settings import EarSettings, EmotionSettings
from media.windows import WindowSettings

EMOTION = EmotionSettings("prosody-open", WindowSettings(length_s=2.0))
KNOWN = Baseline(1, (0.5, 1.5), 9)
SCORE = EmotionScore(
    speaker=Speaker.CUSTOMER,
    window_start_s=1.0,
    window_end_s=3.0,
    voiced_s=1.5,
    anger=0.7,
    arousal=0.4,
    confidence=0.7,
    model="prosody-open@1",
)
SPAN = SpeechSpan(kind=SpeechKind.PAUSE, start_s=1.0, end_s=2.0)


class ManualClock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class PlayedLink:
    """A worker that starts at once and ends when the test, or the node, says so."""

    all: ClassVar[list["PlayedLink"]] = []

    def __init__(
        self,
        path: Path,
        settings: EarSettings,
        on_report: Callable[[Report], None],
        emotion: EmotionSettings | None = None,
    ) -> None:
        self.path, self.settings, self.say = path, settings, on_report
        self.emotion = emotion
        self.told: list[Order] = []
        self.ready = False
        self.started = 0
        self.alive, self.dead = asyncio.Event(), asyncio.Event()
        self._ended = asyncio.Event()
        self.why = "stopped"
        PlayedLink.all.append(self)

    async def run(self) -> str:
        self.started += 1
        self.ready = True
        self.say(Ready(pid=self.started))
        self.alive.set()
        await self._ended.wait()
        self._ended.clear()
        self.alive.clear()
        self.ready = False
        self.dead.set()
        return self.why

    def send(self, order: Order) -> bool:
        if self.ready:
            self.told.append(order)
        return self.ready

    def stop(self) -> None:
        self._ended.set()

    async def crash(self) -> None:
        self.why = "signal 9"
        self._ended.set()
        await self.dead.wait()
        await asyncio.sleep(0)  # The node settles what it left behind.


class Node:
    def __init__(self, folder: Path, *, workers: int) -> None:
        self.clock = ManualClock()
        self.spans: list[tuple[str, list[SpeechSpan]]] = []
        self.lost: list[tuple[str, int]] = []
        self.finished: list[str] = []
        self.scores: list[tuple[str, EmotionScore, float]] = []
        self.learnt: list[tuple[str, Baseline]] = []
        self.hearing = Hearing(
            Analysis(workers=workers, aggressiveness=3, pause_s=0.7),
            folder,
            on_spans=lambda contact_id, spans: self.spans.append((contact_id, spans)),
            on_lost=lambda contact_id, frames: self.lost.append((contact_id, frames)),
            on_finished=self.finished.append,
            clock=self.clock,
            emotion=EMOTION,
            on_score=lambda *score: self.scores.append(score),
            on_learnt=lambda *learnt: self.learnt.append(learnt),
        )

    @property
    def links(self) -> list[PlayedLink]:
        return PlayedLink.all


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    PlayedLink.all = []
    monkeypatch.setattr("media.hearing.WorkerLink", PlayedLink)
    monkeypatch.setattr("media.hearing.RESTART_S_MIN", 0.0)
    made = Node(tmp_path / "taps", workers=2)
    async with made.hearing:
        yield made


def heard(contact_id: str, *, zero_us: int = 0) -> Heard:
    return Heard(contacts=[ContactSpans(contact_id=contact_id, zero_us=zero_us, spans=[SPAN])])


def beat(**counters: int) -> Heartbeat:
    usual = dict.fromkeys(
        ("contacts", "legs", "waiting", "frames", "lost", "overrun", "misplaced"), 0
    )
    more = dict.fromkeys(("packets_refused", "connections_refused", "reports_dropped"), 0)
    return Heartbeat(
        **{**usual, **more, **counters},
        busy_share=0.5,
        latency=[0, counters.get("frames", 0)] + [0] * (len(LATENCY_EDGES_S) - 1),
        latency_sum_s=1.0,
    )


async def test_it_is_what_the_port_asks_for(node: Node) -> None:
    port: HearingPort = node.hearing
    assert port.tap_path("c1") == str(node.links[0].path)
    assert node.links[0].settings == EarSettings(aggressiveness=3, pause_s=0.7)


async def test_the_worker_with_the_fewest_contacts_is_taken(node: Node) -> None:
    one, two = (str(link.path) for link in node.links)
    assert [node.hearing.tap_path(f"c{n}") for n in range(4)] == [one, two, one, two]
    node.links[1].say(Opened(contact_id="c1"))
    node.links[1].say(Finished(contact_id="c1"))
    assert node.hearing.tap_path("c9") == two
    assert node.finished == ["c1"]


async def test_a_worker_that_is_not_ready_is_not_taken(node: Node) -> None:
    node.links[0].ready = False
    assert node.hearing.tap_path("c1") == str(node.links[1].path)
    node.links[1].ready = False
    assert node.hearing.tap_path("c2") is None
    assert node.hearing.figures().assignments_refused == 1


async def test_reports_reach_the_node(node: Node) -> None:
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(heard("c1"))
    node.links[0].say(Lost(contact_id="c1", frames=3))
    node.links[0].say(Finished(contact_id="c1"))
    assert node.spans == [("c1", [SPAN])]
    assert node.lost == [("c1", 3)]
    assert node.finished == ["c1"]


async def test_a_reader_that_fails_does_not_end_hearing(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_contact_id: str, _spans: list[SpeechSpan]) -> None:
        raise RuntimeError("full")

    monkeypatch.setattr(node.hearing, "_on_spans", fail)
    node.links[0].say(heard("c1"))
    node.links[0].say(Lost(contact_id="c1", frames=3))
    assert node.lost == [("c1", 3)]


async def test_times_go_on_with_the_next_worker(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(heard("c1", zero_us=5_000_000))
    await node.links[0].crash()
    figures = node.hearing.figures()
    assert (figures.contacts_unheard, figures.contacts_heard) == (1, 0)
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(heard("c1", zero_us=65_020_000))
    assert node.spans[0][1][0].start_s == 1.0
    assert (node.spans[1][1][0].start_s, node.spans[1][1][0].end_s) == (61.02, 62.02)
    assert node.hearing.figures().contacts_heard == 1
    node.clock.now_s += 2 * REOPEN_S_MAX
    node.links[0].say(beat())
    assert node.finished == []


async def test_a_cell_that_does_not_come_back_is_over(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.links[0].say(Opened(contact_id="c1"))
    await node.links[0].crash()
    node.clock.now_s += REOPEN_S_MAX - 1
    node.links[1].say(beat())
    assert node.finished == []
    node.clock.now_s += 2
    node.links[1].say(beat())
    assert node.finished == ["c1"]
    assert node.hearing.figures().contacts_assigned == 0


async def test_a_contact_that_is_never_tapped_is_forgotten(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.clock.now_s += UNTAPPED_S_MAX + 1
    node.links[0].say(beat())
    assert node.hearing.figures().contacts_assigned == 0
    assert node.finished == []


async def test_assignments_are_limited(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ASSIGNED_MAX > 2
    monkeypatch.setattr("media.hearing.ASSIGNED_MAX", 2)
    paths = [node.hearing.tap_path(f"c{n}") for n in range(3)]
    assert paths[2] is None
    assert node.hearing.figures().assignments_refused == 1


async def test_a_worker_that_ends_is_started_again(node: Node) -> None:
    node.links[0].say(beat(frames=10, lost=2))
    await node.links[0].crash()
    async with asyncio.timeout(10):
        await node.links[0].alive.wait()
    node.links[0].say(beat(frames=5))
    figures = node.hearing.figures()
    assert (figures.restarts, figures.workers, figures.workers_ready) == (1, 2, 2)
    assert (figures.frames, figures.lost) == (15, 2)
    assert figures.busy_shares == (0.5, 0.0)
    assert figures.latency_p50_s == pytest.approx(0.045)
    assert figures.latency_buckets[-1][1] == 15


async def test_a_folder_with_too_long_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="tap socket path"):
        Node(tmp_path / ("x" * 120), workers=1)


def felt(contact_id: str, *, zero_us: int = 0) -> Felt:
    return Felt(contacts=[ContactScores(contact_id=contact_id, zero_us=zero_us, scores=[SCORE])])


async def test_a_permission_reaches_the_worker_of_the_contact_and_of_no_other(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.hearing.permit("c1", KNOWN)
    permit = Permit(contact_id="c1", allowed=True, baseline=KNOWN)
    assert [link.told for link in node.links] == [[permit], []]
    assert [link.emotion for link in node.links] == [EMOTION, EMOTION]


async def test_a_permission_that_comes_before_the_audio_is_told_with_it(node: Node) -> None:
    node.hearing.permit("c1")
    assert node.links[0].told == []
    node.links[0].say(Opened(contact_id="c1"))
    assert node.links[0].told == [Permit(contact_id="c1", allowed=True)]


async def test_the_next_worker_learns_of_the_permission(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.hearing.permit("c1")
    node.links[0].say(Opened(contact_id="c1"))
    await node.links[0].crash()
    await node.links[0].alive.wait()
    node.links[0].told.clear()
    node.links[0].say(Opened(contact_id="c1"))
    assert node.links[0].told == [Permit(contact_id="c1", allowed=True)]


async def test_who_refuses_is_judged_no_longer(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.hearing.permit("c1")
    node.links[0].say(felt("c1"))
    node.hearing.forbid("c1")
    node.hearing.forbid("c1")
    assert node.links[0].told[1:] == [Permit(contact_id="c1", allowed=False)]
    # What was on its way reaches nobody.
    node.links[0].say(felt("c1"))
    assert len(node.scores) == 1


async def test_nobody_is_judged_who_was_not_permitted(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(felt("c1"))
    assert node.links[0].told == []
    assert node.scores == []


async def test_a_judgement_says_when_its_speech_ended(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.hearing.permit("c1")
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(felt("c1", zero_us=5_000_000))
    await node.links[0].crash()
    node.links[0].say(Opened(contact_id="c1"))
    node.links[0].say(felt("c1", zero_us=65_020_000))
    (_, first, first_s), (_, second, second_s) = node.scores
    assert (first, first_s) == (SCORE, 8.0)
    assert (second.window_start_s, second.window_end_s) == (61.02, 63.02)
    assert second_s == pytest.approx(68.02)


async def test_what_was_learnt_outlives_the_contact(node: Node) -> None:
    node.hearing.tap_path("c1")
    node.hearing.permit("c1")
    node.links[0].say(Opened(contact_id="c1"))
    node.hearing.forget("c1")
    node.links[0].say(Learnt(contact_id="c1", baseline=KNOWN))
    node.links[0].say(Finished(contact_id="c1"))
    assert node.learnt == [("c1", KNOWN)]
    assert all(order.allowed for order in node.links[0].told)


async def test_with_emotion_switched_off_nobody_is_permitted(tmp_path: Path) -> None:
    hearing = Hearing(
        Analysis(workers=0),
        tmp_path / "taps",
        on_spans=lambda *_: None,
        on_lost=lambda *_: None,
        on_finished=lambda *_: None,
        clock=ManualClock(),
    )
    hearing.permit("c1")
    assert hearing._permits == {}
