"""Care at work over a real bus; hearing, the router and the store are played."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bus.local import LocalBus
from care.policy import CarePolicy
from care.service import JOBS_MAX, CareService
from domain.alert import AlertState, Audience
from domain.alert_rule import Actions, AlertRule
from domain.baseline import Baseline
from domain.care_ports import CareDesk, ModelView, WeightsView
from domain.consent import Answer, Consent, EmotionPolicy, Ground, Purpose
from domain.errors import IllegalTransition, NotKnown, StoreError
from domain.events import (
    AgentAdvised,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    DisclosurePlayed,
    EmotionGroundChanged,
    EmotionObserved,
    Event,
    PriorityRaised,
    TransferOffered,
)
from domain.known_customer import KnownCustomer
from domain.mood import Mood
from domain.skill import SkillRequirement
from tests.emotion_support import mood_rule, window
from tests.store_support import HandClock
from tests.unit.care.scene import arrived, closed, connected, queued

BASELINE = Baseline(1, (0.5,), 9)
OPEN = WeightsView(
    name="prosody-open", version=1, business_use=True, licence="CC0-1.0", scores=("anger",)
)
EVERYTHING = Actions(
    tell=(Audience.SUPERVISOR, Audience.AGENT),
    advice={"en": "I am sorry."},
    priority_step=2,
    transfer=SkillRequirement(skill="calming", proficiency_min=3),
)


class Voices:
    def __init__(self) -> None:
        self.permitted: dict[str, Baseline | None] = {}
        self.told: list[str] = []

    def permit(self, contact_id: str, baseline: Baseline | None = None) -> None:
        self.permitted[contact_id] = baseline
        self.told.append(f"permit {contact_id}")

    def forbid(self, contact_id: str) -> None:
        self.permitted.pop(contact_id, None)
        self.told.append(f"forbid {contact_id}")

    def forget(self, contact_id: str) -> None:
        self.permitted.pop(contact_id, None)
        self.told.append(f"forget {contact_id}")


class Line:
    def __init__(self) -> None:
        self.raised: list[tuple[str, int]] = []
        self.waits = True

    def add_priority(self, contact_id: str, steps: int) -> bool:
        self.raised.append((contact_id, steps))
        return self.waits


class Memory:
    def __init__(self) -> None:
        self.customer: KnownCustomer | None = None
        self.answers: list[tuple[str, Purpose, Answer]] = []
        self.baselines: list[tuple[str, Baseline]] = []
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def known(self, contact_id: str) -> KnownCustomer | None:
        await self.gate.wait()
        if self.broken:
            raise StoreError("disk full")
        return self.customer

    async def keep_answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        self.answers.append((contact_id, purpose, answer))

    async def keep_baseline(self, contact_id: str, baseline: Baseline) -> None:
        self.baselines.append((contact_id, baseline))


class Desk:
    """A care service and all around it."""

    def __init__(
        self,
        *rules: AlertRule,
        policy: EmotionPolicy = EmotionPolicy.NOTICE,
        enabled: bool = True,
        memory: bool = True,
    ) -> None:
        self.clock = HandClock()
        self.bus = LocalBus(self.clock)
        self.voices, self.line, self.memory = Voices(), Line(), Memory()
        numbers = iter(range(1, 1_000))
        self.service = CareService(
            CarePolicy(rules=rules),
            events=self.bus,
            clock=self.clock,
            voices=self.voices,
            line=self.line,
            memory=self.memory if memory else None,
            model=ModelView(enabled=enabled, policy=policy, weights=OPEN if enabled else None),
            new_id=lambda: f"alert-{next(numbers)}",
        )
        self.seen: list[Event] = []
        self.at_s = 0.0

    async def tell(self, *events: Event) -> None:
        for event in events:
            self.bus.publish(event)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that is ready happen."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def say(self, anger: float, *, times: int = 1, late_s: float = 0.25) -> None:
        for _ in range(times):
            self.clock.tick(1.0)
            self.at_s += 1.0
            score = window(self.at_s + 1.0, anger)
            self.service.observe("c", score, self.clock.monotonic_s() - late_s)
        await self.settle()

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.seen if type(event) is kind]

    @property
    def grounds(self) -> list[Ground]:
        return [one.ground for one in self.of(EmotionGroundChanged)]  # type: ignore[union-attr]


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[Desk]:
    async def watch() -> None:
        async with desk.bus.subscribe("test") as stream:
            async for envelope in stream:
                desk.seen.append(envelope.event)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        async with desk.service:
            yield desk
            await desk.settle()
    finally:
        watching.cancel()


def answer(
    what: Answer, purpose: Purpose = Purpose.EMOTION, *, earlier: bool = False
) -> ConsentChanged:
    return ConsentChanged(contact_id="c", purpose=purpose, answer=what, earlier=earlier)


async def test_it_is_what_the_port_asks_for() -> None:
    port: CareDesk = Desk().service
    assert port.model().weights == OPEN


async def test_with_notice_a_customer_is_judged_once_he_was_told() -> None:
    async with at_work(Desk()) as desk:
        await desk.tell(arrived())
        assert desk.voices.permitted == {}
        await desk.tell(DisclosurePlayed(contact_id="c"))
        assert desk.voices.permitted == {"c": None}
        await desk.tell(queued())
        assert desk.voices.told == ["permit c"]
        assert desk.grounds == [Ground.TOLD]


async def test_who_was_not_told_is_not_judged_and_that_is_shown() -> None:
    async with at_work(Desk()) as desk:
        await desk.tell(arrived(), queued())
        assert desk.voices.permitted == {}
        assert desk.grounds == [Ground.NOT_TOLD]
        mood = desk.service.mood("c")
        assert mood is not None
        assert mood.ground is Ground.NOT_TOLD
        assert mood.words("zh") == "暂不分析情绪：尚未告知客户。"


async def test_who_must_agree_is_judged_from_then_on() -> None:
    async with at_work(Desk(policy=EmotionPolicy.OPT_IN)) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), queued())
        assert desk.voices.permitted == {}
        await desk.tell(answer(Answer.GRANTED))
        assert "c" in desk.voices.permitted
        await desk.tell(answer(Answer.REFUSED))
        assert "c" not in desk.voices.permitted
        assert desk.grounds == [Ground.NOT_ASKED, Ground.AGREED, Ground.REFUSED]
        assert [one[2] for one in desk.memory.answers] == [Answer.GRANTED, Answer.REFUSED]


async def test_another_purpose_changes_nothing() -> None:
    async with at_work(Desk(policy=EmotionPolicy.OPT_IN)) as desk:
        await desk.tell(arrived(), queued(), answer(Answer.GRANTED, Purpose.OFFERS))
        assert desk.voices.permitted == {}
        assert desk.memory.answers == [("c", Purpose.OFFERS, Answer.GRANTED)]


async def test_what_he_said_in_an_earlier_contact_holds() -> None:
    desk = Desk(policy=EmotionPolicy.OPT_IN)
    consent = Consent(emotion=Answer.GRANTED)
    desk.memory.customer = KnownCustomer(consent=consent, baseline=BASELINE)
    async with at_work(desk):
        await desk.tell(arrived(), queued())
        assert desk.voices.permitted == {"c": BASELINE}
        assert desk.of(ConsentChanged) == [answer(Answer.GRANTED, earlier=True)]
    assert desk.memory.answers == [], "it is remembered already"


async def test_an_earlier_refusal_comes_before_any_window() -> None:
    desk = Desk()
    desk.memory.customer = KnownCustomer(consent=Consent(emotion=Answer.REFUSED))
    async with at_work(desk):
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), queued())
        assert "permit c" not in desk.voices.told
        assert desk.grounds == [Ground.REFUSED]


async def test_what_he_says_now_goes_before_what_he_said_then() -> None:
    desk = Desk(policy=EmotionPolicy.OPT_IN)
    desk.memory.customer = KnownCustomer(consent=Consent(emotion=Answer.GRANTED))
    desk.memory.gate.clear()
    async with at_work(desk):
        await desk.tell(arrived(), queued(), answer(Answer.REFUSED))
        desk.memory.gate.set()
        await desk.settle()
        assert desk.voices.permitted == {}


async def test_a_memory_that_fails_keeps_nobody_from_being_served() -> None:
    desk = Desk()
    desk.memory.broken = True
    async with at_work(desk):
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        assert "c" in desk.voices.permitted
        assert desk.service.figures().failed == 1


async def test_without_a_memory_nobody_is_asked_after() -> None:
    async with at_work(Desk(memory=False)) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), answer(Answer.GRANTED))
        assert "c" in desk.voices.permitted
        await desk.tell(closed())
        desk.service.learnt("c", BASELINE)


@pytest.mark.parametrize("said", [Answer.GRANTED, Answer.REFUSED, None])
async def test_how_he_speaks_is_kept_only_if_he_has_agreed(said: Answer | None) -> None:
    async with at_work(Desk()) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        if said is not None:
            await desk.tell(answer(said))
        await desk.tell(closed())
        desk.service.learnt("c", BASELINE)
        desk.service.learnt("c", BASELINE)
        await desk.settle()
    assert desk.memory.baselines == ([("c", BASELINE)] if said is Answer.GRANTED else [])


async def test_what_waits_to_be_kept_is_kept_before_the_end() -> None:
    desk = Desk()
    async with at_work(desk):
        await desk.tell(arrived(), answer(Answer.GRANTED))
        desk.service.learnt("c", BASELINE)
    assert desk.memory.baselines == [("c", BASELINE)]


async def test_the_memory_s_queue_is_bounded() -> None:
    desk = Desk()
    desk.memory.gate.clear()
    async with at_work(desk):
        await desk.tell(arrived(), queued(), answer(Answer.GRANTED))
        for _ in range(JOBS_MAX + 5):
            desk.service.learnt("c", BASELINE)
        assert desk.service.figures().dropped > 0
        desk.memory.gate.set()


async def test_an_alert_rises_with_its_lateness_and_is_told() -> None:
    async with at_work(Desk(mood_rule(actions=EVERYTHING))) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), queued())
        await desk.say(0.95, times=12, late_s=0.4)
        (risen,) = desk.of(AlertRaised)
        assert isinstance(risen, AlertRaised)
        assert risen.late_s == pytest.approx(0.4)
        assert desk.line.raised == [("c", 2)]
        assert desk.of(PriorityRaised) == [
            PriorityRaised(alert_id="alert-1", contact_id="c", steps=2)
        ]
        observed = desk.of(EmotionObserved)
        assert len(observed) == 12
        (view,) = desk.service.alerts()
        assert (view.state, view.agent_id, view.mood) == (AlertState.RISEN, None, Mood.ANGRY)
        await desk.tell(connected())
        (advised,), (offered,) = desk.of(AgentAdvised), desk.of(TransferOffered)
        assert isinstance(advised, AgentAdvised)
        assert isinstance(offered, TransferOffered)
        assert (advised.agent_id, advised.phrase) == ("anna", "I am sorry.")
        assert offered.requirement.skill == "calming"
        (view,) = desk.service.alerts()
        assert view.agent_id == "anna"
        figures = desk.service.figures()
        assert (figures.raised, figures.open, figures.windows) == (1, 1, 12)
        assert dict(figures.late_buckets)[0.5] == 1
        assert dict(figures.late_buckets)[0.25] == 0


async def test_who_no_longer_waits_is_not_said_to_be_served_earlier() -> None:
    desk = Desk(mood_rule(actions=EVERYTHING))
    desk.line.waits = False
    async with at_work(desk):
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), queued())
        await desk.say(0.95, times=12)
        assert desk.line.raised
        assert desk.of(PriorityRaised) == []


async def test_an_alert_is_acknowledged_once() -> None:
    async with at_work(Desk(mood_rule())) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        await desk.say(0.95, times=12)
        desk.clock.tick(3.0)
        view = desk.service.acknowledge("alert-1", "sup")
        assert (view.state, view.acknowledged_by) == (AlertState.ACKNOWLEDGED, "sup")
        assert view.acknowledged_after_s is not None
        with pytest.raises(IllegalTransition):
            desk.service.acknowledge("alert-1", "sup")
        with pytest.raises(NotKnown):
            desk.service.acknowledge("alert-9", "sup")
        await desk.tell(closed())
        assert desk.service.alerts() == ()


async def test_an_alert_may_end_with_its_acknowledgement() -> None:
    async with at_work(Desk(mood_rule(clears_on_acknowledgement=True))) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        await desk.say(0.95, times=12)
        view = desk.service.acknowledge("alert-1", "sup")
        assert view.state is AlertState.CLEARED
        await desk.settle()
        assert len(desk.of(AlertCleared)) == 1


async def test_the_timer_clears_what_is_gone() -> None:
    desk = Desk(mood_rule(clear_s=0.0))
    async with at_work(desk):
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        await desk.say(0.95, times=12)
        await desk.say(0.0, times=12)
        assert desk.service.alerts() == ()


async def test_consent_is_given_over_the_port() -> None:
    async with at_work(Desk(policy=EmotionPolicy.OPT_IN)) as desk:
        await desk.tell(arrived())
        desk.service.answer("c", Purpose.EMOTION, Answer.GRANTED)
        await desk.settle()
        assert "c" in desk.voices.permitted
        with pytest.raises(NotKnown):
            desk.service.answer("nobody", Purpose.EMOTION, Answer.GRANTED)
        await desk.tell(closed())
        assert desk.service.mood("c") is None


async def test_one_event_that_fails_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(Desk()) as desk:
        real: Callable[[str], None] = desk.voices.forget

        def fail(contact_id: str) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(desk.voices, "forget", fail)
        await desk.tell(arrived("a"), closed("a"))
        monkeypatch.setattr(desk.voices, "forget", real)
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        assert "c" in desk.voices.permitted


@pytest.mark.parametrize(
    "desk_of",
    [lambda: Desk(enabled=False), lambda: Desk(policy=EmotionPolicy.OFF)],
)
async def test_switched_off_it_reads_nothing(desk_of: Callable[[], Desk]) -> None:
    async with at_work(desk_of()) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"), answer(Answer.GRANTED))
        assert desk.voices.told == []
        assert desk.grounds == []
        assert desk.service.mood("c") is None
        assert desk.service.figures().permitted == 0
        desk.service.reload(CarePolicy(rules=(mood_rule(),)))
        await desk.tell(closed())
        assert desk.voices.told == []
        assert desk.memory.answers == []


@pytest.mark.parametrize(
    "desk_of",
    [lambda: Desk(enabled=False), lambda: Desk(policy=EmotionPolicy.OFF)],
)
async def test_switched_off_it_still_notes_what_else_is_said(desk_of: Callable[[], Desk]) -> None:
    async with at_work(desk_of()) as desk:
        await desk.tell(arrived())
        with pytest.raises(NotKnown):
            desk.service.answer("c", Purpose.EMOTION, Answer.GRANTED)
        desk.service.answer("c", Purpose.OFFERS, Answer.REFUSED)
        await desk.tell(arrived())
        assert desk.memory.answers == [("c", Purpose.OFFERS, Answer.REFUSED)]
        assert desk.of(EmotionGroundChanged) == []
        await desk.tell(closed())
        with pytest.raises(NotKnown):
            desk.service.answer("c", Purpose.OFFERS, Answer.GRANTED)


async def test_switched_off_it_remembers_who_refused_offers_before() -> None:
    async with at_work(Desk(enabled=False)) as desk:
        desk.memory.customer = KnownCustomer(
            consent=Consent(emotion=Answer.GRANTED, offers=Answer.REFUSED)
        )
        await desk.tell(arrived(), queued())
        (known,) = desk.of(ConsentChanged)
        assert isinstance(known, ConsentChanged)
        assert (known.purpose, known.answer, known.earlier) == (
            Purpose.OFFERS,
            Answer.REFUSED,
            True,
        )


async def test_rules_may_change_while_it_runs() -> None:
    async with at_work(Desk()) as desk:
        await desk.tell(arrived(), DisclosurePlayed(contact_id="c"))
        desk.service.reload(CarePolicy(rules=(mood_rule(),)))
        await desk.say(0.95, times=12)
        assert len(desk.service.alerts()) == 1
