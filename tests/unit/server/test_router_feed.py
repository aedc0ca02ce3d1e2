"""What happens elsewhere is told to the router: moods at once, outcomes when they are whole."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from domain.contact import Disposition
from domain.events import ContactClosed, Event, MoodChanged, OutcomeReported
from domain.mood import Mood
from router.inputs import OutcomeKnown
from router.service import RouterService
from server.router_feed import REPORT_S_MAX, OutcomeParts, RouterFeed, days_of
from tests.flow_scene import HandClock


def felt(after: Mood, contact_id: str = "c1", before: Mood = Mood.UNKNOWN) -> MoodChanged:
    return MoodChanged(
        contact_id=contact_id, at_s=1.0, before=before, after=after, intensity=0.5,
        trend_per_min=0.0, confidence=1.0,
    )  # fmt: skip


def closed(contact_id: str = "c1") -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id, queue_id="sales", disposition=Disposition.CALLER_ENDED,
        agent_id="ann", wait_s=1.0, talk_s=60.0, reason="",
    )  # fmt: skip


def reported(contact_id: str = "c1", **said: object) -> OutcomeReported:
    return replace(OutcomeReported(contact_id=contact_id, resolved=True), **said)  # type: ignore[arg-type]


def taken(*events: Event, contacts_max: int = 10) -> list[OutcomeKnown]:
    parts = OutcomeParts(contacts_max)
    return [outcome for event in events for outcome in parts.take(event, 0.0)]


@pytest.mark.parametrize(
    ("moods", "calmer"),
    [
        ((), None),
        ((Mood.CALM,), None),
        ((Mood.UNKNOWN,), None),
        ((Mood.CALM, Mood.UNKNOWN), None),
        ((Mood.ANGRY,), False),
        ((Mood.ANGRY, Mood.CALM), True),
        ((Mood.ANGRY, Mood.UPSET), True),
        ((Mood.UPSET, Mood.ANGRY), False),
        ((Mood.CALM, Mood.UNEASY), False),
        ((Mood.UPSET, Mood.ANGRY, Mood.UPSET), False),
        ((Mood.UPSET, Mood.ANGRY, Mood.UNEASY), True),
    ],
)
def test_calmer_is_the_end_against_the_beginning(moods: tuple[Mood, ...], calmer: bool | None):
    (outcome,) = taken(*map(felt, moods), closed(), reported())
    assert outcome == OutcomeKnown("c1", True, None, calmer)


def test_a_report_completes_an_outcome_before_the_contact_closes_or_after():
    assert taken(felt(Mood.ANGRY), reported(satisfied=0.3)) == [
        OutcomeKnown("c1", True, 0.3, False)
    ]
    assert taken(felt(Mood.ANGRY), closed(), reported(resolved=False)) == [
        OutcomeKnown("c1", False, None, False)
    ]


def test_what_is_heard_after_the_end_does_not_count():
    (outcome,) = taken(felt(Mood.ANGRY), closed(), felt(Mood.CALM), reported())
    assert outcome.calmer is False


def test_moods_of_one_customer_are_not_those_of_another():
    outcomes = taken(
        felt(Mood.ANGRY), felt(Mood.ANGRY, "c2"), felt(Mood.CALM, "c2"), reported(), reported("c2")
    )
    assert [(one.contact_id, one.calmer) for one in outcomes] == [("c1", False), ("c2", True)]


def test_a_report_of_the_topic_alone_completes_nothing():
    said = reported(resolved=None, topic="invoice")
    assert taken(felt(Mood.ANGRY), said) == []
    (outcome,) = taken(felt(Mood.ANGRY), said, closed(), reported())
    assert outcome == OutcomeKnown("c1", True, None, False)


def test_whoever_is_not_reported_on_is_told_as_far_as_he_was_heard_and_once():
    parts = OutcomeParts()
    parts.take(felt(Mood.ANGRY), 0.0)
    parts.take(felt(Mood.ANGRY, "talks"), 0.0)
    parts.take(closed(), 100.0)
    parts.take(closed("unheard"), 100.0)
    assert parts.overdue(100.0 + REPORT_S_MAX - 1) == []
    assert parts.overdue(100.0 + REPORT_S_MAX) == [OutcomeKnown("c1", calmer=False)]
    assert parts.overdue(100.0 + 2 * REPORT_S_MAX) == []
    assert len(parts) == 1, "who talks still is waited for"


def test_at_the_limit_the_oldest_is_told_as_it_stands():
    parts = OutcomeParts(contacts_max=2)
    assert parts.take(felt(Mood.ANGRY, "a"), 0.0) == []
    assert parts.take(felt(Mood.CALM, "b"), 0.0) == []
    assert parts.take(felt(Mood.CALM, "a"), 0.0) == []
    assert parts.take(felt(Mood.CALM, "c"), 0.0) == [OutcomeKnown("a", calmer=True)]
    assert len(parts) == 2


def test_days_are_counted_from_1970():
    assert days_of(datetime(1970, 1, 11, 12, tzinfo=UTC)) == 10.5


class FakeRouter:
    """Notes what it is told; a contact named `bad` is more than it can take."""

    def __init__(self) -> None:
        self.moods: list[tuple[str, Mood]] = []
        self.outcomes: list[OutcomeKnown] = []

    def mood_observed(self, contact_id: str, mood: Mood) -> None:
        if contact_id == "bad":
            raise RuntimeError("broken")
        self.moods.append((contact_id, mood))

    def outcome_known(self, outcome: OutcomeKnown) -> None:
        self.outcomes.append(outcome)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_router_hears_moods_at_once_and_outcomes_with_their_day() -> None:
    clock, router = HandClock(), FakeRouter()
    bus = LocalBus(clock)
    async with RouterFeed(cast("RouterService", router), bus, clock) as feed:
        bus.publish(felt(Mood.ANGRY))
        await settled()
        assert router.moods == [("c1", Mood.ANGRY)]
        assert router.outcomes == []
        bus.publish(reported(satisfied=0.25))
        await settled()
        assert router.outcomes == [OutcomeKnown("c1", True, 0.25, False, days_of(clock.utc()))]
        assert feed.learnt_from == 1


async def test_an_event_that_cannot_be_taken_ends_nothing() -> None:
    clock, router = HandClock(), FakeRouter()
    bus = LocalBus(clock)
    with capture_logs() as lines:
        async with RouterFeed(cast("RouterService", router), bus, clock):
            bus.publish(felt(Mood.ANGRY, "bad"))
            bus.publish(felt(Mood.UPSET, "good"))
            await settled()
    assert router.moods == [("good", Mood.UPSET)]
    (line,) = lines
    assert (line["event"], line["kind"]) == ("event not taken", "MoodChanged")
    assert "bad" not in str({key: value for key, value in line.items() if key != "exc_info"})


async def test_overdue_outcomes_are_swept_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.router_feed.SWEEP_S", 0.0)
    clock, router = HandClock(), FakeRouter()
    bus = LocalBus(clock)
    async with RouterFeed(cast("RouterService", router), bus, clock):
        bus.publish(felt(Mood.ANGRY))
        bus.publish(closed())
        await settled()
        assert router.outcomes == []
        clock.now_s += REPORT_S_MAX
        await settled()
        assert [one.contact_id for one in router.outcomes] == ["c1"]


async def test_leaving_ends_both_tasks_and_leaving_twice_is_harmless() -> None:
    clock, router = HandClock(), FakeRouter()
    bus = LocalBus(clock)
    feed = RouterFeed(cast("RouterService", router), bus, clock)
    async with feed:
        pass
    await feed.__aexit__(None, None, None)
    assert all(task.done() for task in feed._tasks)
    bus.publish(felt(Mood.ANGRY))
    await settled()
    assert router.moods == []
