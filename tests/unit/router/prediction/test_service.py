"""An agent who is offered a contact is told what may come next, if the customer does not refuse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from config.suggestions import SuggestionEntry, Suggestions
from domain.consent import Answer, Purpose
from domain.contact import Disposition
from domain.errors import NotKnown, StoreError
from domain.events import ConsentChanged, ContactClosed, ContactQueued, Event
from domain.need import Need, NeedKind, NeedStep, SuggestionReason
from domain.offer_events import OfferMade
from domain.suggestion_events import SuggestionMade
from router.prediction.markov import NeedModel
from router.prediction.service import SETTLED_S, SuggestionService

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class HandClock:
    now: datetime = START + timedelta(days=10)

    def monotonic_s(self) -> float:
        return (self.now - START).total_seconds()

    def utc(self) -> datetime:
        return self.now


def step(name: str, day: float, kind: NeedKind = NeedKind.TOPIC) -> NeedStep:
    return NeedStep(kind, name, START + timedelta(days=day))


@dataclass
class FakeHistories:
    """Histories by contact, and those of all customers."""

    known: dict[str, list[NeedStep]] = field(default_factory=dict)
    everybody: list[list[NeedStep]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    async def history(self, contact_id: str) -> Sequence[NeedStep]:
        self.asked.append(contact_id)
        if self.broken:
            raise StoreError("no disk")
        return self.known.get(contact_id, [])

    async def changed(
        self, since: datetime | None, until: datetime
    ) -> AsyncIterator[Sequence[NeedStep]]:
        for history in self.everybody:
            if self.broken:
                raise StoreError("no disk")
            if any((since is None or since <= one.at) and one.at < until for one in history):
                yield history


def entry(name: str, **more: object) -> SuggestionEntry:
    about = {"product": name} if "topic" not in more else {}
    text = {"id": name, "en": f"May I offer {name}?", "zh": f"需要{name}吗？", **about, **more}
    return SuggestionEntry.model_validate(text)


ROUTER = entry("router", offer="SPRING-10")
FAULT = step("fault", 9.0)


class Scene:
    """A service with a model that knows: after a fault comes a router, after a move a bill."""

    def __init__(self, *entries: SuggestionEntry, learn_s: float = 3_600.0) -> None:
        self.clock = HandClock()
        self.bus = LocalBus(self.clock, first=1)
        self.histories = FakeHistories(known={"c1": [FAULT]})
        self.model = NeedModel(half_life_days=180)
        for _ in range(150):
            self.model.learn([step("fault", 1), step("router", 2, NeedKind.PRODUCT)])
            self.model.learn([step("move", 1), step("bill", 2)])
        self.service = SuggestionService(
            Suggestions(entries=list(entries or [ROUTER])),
            events=self.bus,
            clock=self.clock,
            histories=self.histories,
            model=self.model,
            learn_s=learn_s,
        )
        self.made: list[SuggestionMade] = []

    async def __aenter__(self) -> "Scene":
        await self.service.__aenter__()
        # It has read what is new at once; from here on a test decides when.
        await asyncio.sleep(0)
        self.model.until = START + timedelta(days=5)
        self.subscription = self.bus.subscribe("test")
        await self.subscription.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.service.__aexit__(None, None, None)
        await self.subscription.__aexit__(*exc)

    async def happens(self, *events: Event) -> list[SuggestionMade]:
        """Publish events; return the suggestions that were made by then."""
        for event in events:
            self.bus.publish(event)
        marker = self.bus.last
        # The service reads in turns of the event loop, and then the history in another.
        for _ in range(20):
            await asyncio.sleep(0)
        await self.service.settled()
        made: list[SuggestionMade] = []
        last = self.bus.last
        async for envelope in self.subscription:
            if isinstance(envelope.event, SuggestionMade):
                made.append(envelope.event)
            if envelope.sequence >= max(last, marker):
                break
        return made


def queued(contact_id: str = "c1", language: str = "en") -> ContactQueued:
    return ContactQueued(contact_id=contact_id, queue_id="q", language=language, priority=0)


def offered(contact_id: str = "c1", agent_id: str = "anna") -> OfferMade:
    return OfferMade(
        offer_id=f"o-{contact_id}-{agent_id}",
        contact_id=contact_id,
        agent_id=agent_id,
        queue_id="q",
        ring_s=20,
        cost=0,
    )


def closed(contact_id: str = "c1") -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id,
        queue_id="q",
        disposition=Disposition.CALLER_ENDED,
        agent_id="anna",
        wait_s=1.0,
        talk_s=2.0,
    )


def answered(answer: Answer, purpose: Purpose = Purpose.OFFERS) -> ConsentChanged:
    return ConsentChanged(contact_id="c1", purpose=purpose, answer=answer)


async def test_the_agent_is_told_when_the_contact_is_offered() -> None:
    async with Scene() as scene:
        assert await scene.happens(queued()) == []
        assert scene.service.suggestion("c1") is None
        (made,) = await scene.happens(offered())
        assert (made.contact_id, made.agent_id, made.suggestion_id) == ("c1", "anna", "router")
        assert (made.kind, made.need) == (NeedKind.PRODUCT, "router")
        assert made.reason in set(SuggestionReason)
        assert made.probability > 0.5 > made.baseline_probability
        assert (made.phrase, made.offer) == ("May I offer router?", "SPRING-10")
        view = scene.service.suggestion("c1")
        assert view is not None
        assert view.agent_id == "anna"
        assert view.prediction.after[-1] == Need(NeedKind.TOPIC, "fault")
        assert scene.service.figures().made == 1


async def test_each_agent_is_told_once_and_the_history_is_read_once() -> None:
    async with Scene() as scene:
        first = await scene.happens(queued(), offered(), offered())
        second = await scene.happens(queued(), offered(agent_id="bert"), offered(agent_id="bert"))
        assert [one.agent_id for one in (*first, *second)] == ["anna", "bert"]
        assert scene.histories.asked == ["c1"]


async def test_in_the_language_of_the_customer() -> None:
    async with Scene() as scene:
        (made,) = await scene.happens(queued(language="zh"), offered())
        assert (made.language, made.phrase) == ("zh", "需要router吗？")


async def test_nothing_about_whoever_refuses_or_is_not_known() -> None:
    async with Scene() as scene:
        assert await scene.happens(queued(), answered(Answer.REFUSED), offered()) == []
        assert scene.histories.asked == []
        assert scene.service.suggestion("c1") is None
        assert await scene.happens(queued("c2"), offered("c2")) == []
        figures = scene.service.figures()
        assert (figures.refused, figures.nothing, figures.made) == (1, 1, 0)


async def test_a_refusal_takes_back_what_was_suggested() -> None:
    async with Scene() as scene:
        assert len(await scene.happens(queued(), offered())) == 1
        assert await scene.happens(answered(Answer.REFUSED), offered(agent_id="bert")) == []
        assert scene.service.suggestion("c1") is None
        # A refusal of something else is none of offers.
        other = answered(Answer.REFUSED, Purpose.RECORDING)
        assert len(await scene.happens(answered(Answer.GRANTED), other, offered(agent_id="c"))) == 1


async def test_a_contact_that_is_over_is_forgotten() -> None:
    async with Scene() as scene:
        await scene.happens(queued(), offered(), closed())
        with pytest.raises(NotKnown, match="running contact 'c1'"):
            scene.service.suggestion("c1")


@pytest.mark.parametrize(
    ("entries", "history"),
    [
        ([entry("router", probability_min=0.99)], [FAULT]),
        ([entry("bill", topic="bill")], [FAULT]),
        ([ROUTER], [step("router", 3, NeedKind.PRODUCT), FAULT]),
    ],
    ids=["too seldom", "no phrase for it", "he has it already"],
)
async def test_what_is_not_suggested(
    entries: list[SuggestionEntry], history: list[NeedStep]
) -> None:
    async with Scene(*entries) as scene:
        scene.histories.known["c1"] = history
        assert await scene.happens(queued(), offered()) == []
        assert scene.service.figures().nothing == 1


async def test_who_has_it_may_be_told_again_where_the_operator_wants_that() -> None:
    async with Scene(entry("router", again=True)) as scene:
        scene.histories.known["c1"] = [step("router", 3, NeedKind.PRODUCT), FAULT]
        assert len(await scene.happens(queued(), offered())) == 1


async def test_switched_off_nothing_is_read_and_a_reload_switches_it_on() -> None:
    async with Scene() as scene:
        scene.service.reload(Suggestions(enabled=False, entries=[ROUTER]))
        assert await scene.happens(queued(), offered()) == []
        await scene.service.learn_now()
        assert scene.histories.asked == []
        assert scene.model.until == START + timedelta(days=5)
        scene.service.reload(Suggestions(entries=[ROUTER], half_life_days=30))
        assert scene.model.half_life_days == 30
        assert len(await scene.happens(offered())) == 1


async def test_a_store_that_fails_is_counted_and_others_are_served() -> None:
    async with Scene() as scene:
        scene.histories.broken = True
        with capture_logs() as lines:
            assert await scene.happens(queued(), offered()) == []
            scene.histories.everybody = [[step("x", 6)]]
            await scene.service.learn_now()
        assert scene.service.figures().failed == 2
        assert {line["event"] for line in lines} == {"history not read", "histories not read"}
        assert scene.model.until == START + timedelta(days=5)
        scene.histories.broken = False
        scene.histories.known["c3"] = [FAULT]
        assert len(await scene.happens(queued("c3"), offered("c3"))) == 1


async def test_what_is_new_is_learnt_once() -> None:
    async with Scene() as scene:
        service, model, histories = scene.service, scene.model, scene.histories
        histories.everybody = [
            [step("old", 1), step("new", 6), step("newer", 9.5)],
            [step("old", 1)],
        ]
        before = model.everybody.total
        await service.learn_now()
        assert service.figures().steps == 2
        assert model.until == scene.clock.now - timedelta(seconds=SETTLED_S)
        after = model.everybody.total
        assert after > before
        await service.learn_now()
        assert model.everybody.total == after
        # One that is too fresh waits for the next time.
        histories.everybody[1].append(step("fresh", 9.9999))
        scene.clock.now += timedelta(seconds=60)
        await service.learn_now()
        assert service.figures().steps == 2
        scene.clock.now += timedelta(seconds=SETTLED_S)
        await service.learn_now()
        assert service.figures().steps == 3


async def test_what_is_entered_late_is_learnt_then_and_where_it_belongs() -> None:
    async with Scene() as scene:
        late = NeedStep(
            NeedKind.PRODUCT, "case", START + timedelta(days=2), START + timedelta(days=6)
        )
        fresh = NeedStep(NeedKind.PRODUCT, "x", START + timedelta(days=2), scene.clock.now)
        scene.histories.everybody = [[step("fault", 1), late, fresh, step("move", 3), step("a", 7)]]
        await scene.service.learn_now()
        assert scene.service.figures().steps == 2
        numbers = scene.model.numbers
        assert fresh.need not in numbers
        fault, case = numbers[step("fault", 1).need], numbers[late.need]
        assert scene.model.contexts[1, -1, fault].of[case] > 0
        # What came after it was learnt long ago.
        assert (1, -1, case) not in scene.model.contexts


async def test_leaving_twice_is_harmless() -> None:
    scene = Scene(learn_s=0.0)
    async with scene:
        await scene.happens(queued(), offered())
    await scene.service.__aexit__(None, None, None)
