"""Care at work: reads what happens, permits or forbids judging, carries out what rules ask for.

The alert desk and the persons decide; here are the clock, the bus, the store's memory and the
timer. With emotion switched off nobody is judged; what customers say to the other purposes of
consent is noted and remembered all the same.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from secrets import token_hex
from types import TracebackType
from typing import Final, assert_never

import structlog

from care.alerts import CASES_MAX, AlertDesk, Output
from care.figures import CareFigures, LateHistogram
from care.inputs import AlertTakenUp, CarePolicyChanged, Input
from care.person import Person
from care.policy import CarePolicy
from care.ports import Line, Memory, Voices
from domain.alert import AlertState
from domain.baseline import Baseline
from domain.care_ports import AlertView, ModelView, MoodView
from domain.commands import AdviseAgent, CareCommand, NotifySupervisor, OfferTransfer, RaisePriority
from domain.consent import Answer, EmotionPolicy, Purpose
from domain.emotion import EmotionScore
from domain.emotional_course import MoodPoint
from domain.errors import NotKnown, StoreError
from domain.events import (
    AgentAdvised,
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    DisclosurePlayed,
    EmotionGroundChanged,
    EmotionObserved,
    Event,
    PriorityRaised,
    TransferOffered,
)
from domain.known_customer import KnownCustomer
from domain.ports import Clock, EventStream

JOBS_MAX: Final = 5_000
"""Things to read from or write into memory that may wait; a store that is slower by so much is
broken, and customers are then not known again."""
PARTED_MAX: Final = 2_000
"""Contacts that are over and whose worker has not yet said what it learnt."""

_log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


class CareService:
    """How customers feel, and what is done about it. Implements `domain.care_ports.CareDesk`."""

    def __init__(
        self,
        policy: CarePolicy,
        *,
        events: EventStream,
        clock: Clock,
        voices: Voices,
        line: Line,
        memory: Memory | None,
        model: ModelView,
        new_id: Callable[[], str] = lambda: token_hex(16),
    ) -> None:
        """Prepare.

        Args:
            policy: Rules, phrases, what silence means.
            events: Read and written.
            clock: Of the node.
            voices: Told who may be judged.
            line: Told who is to be served earlier.
            memory: What is known of customers; None: nothing is kept from contact to contact.
            model: The weights at work.
            new_id: Gives the ids of alerts.
        """
        self._policy = policy
        self._events = events
        self._clock = clock
        self._voices = voices
        self._line = line
        self._memory = memory
        self._model = model
        self._desk = AlertDesk(policy, new_id=new_id)
        self._people: dict[str, Person] = {}
        self._parted: OrderedDict[str, bool] = OrderedDict()
        self._alerts: dict[str, AlertView] = {}
        self._late = LateHistogram()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(JOBS_MAX)
        self._dropped = self._failed = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = float("inf")

    @property
    def is_at_work(self) -> bool:
        """Whether anybody's emotion may ever be read; a change needs a restart."""
        return self._model.enabled and self._model.policy is not EmotionPolicy.OFF

    async def __aenter__(self) -> "CareService":
        self._loop = asyncio.get_running_loop()
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._read(listening), name="care"),
            asyncio.create_task(self._remember(), name="care memory"),
        ]
        await listening.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._tasks:
            return
        reader, rememberer = self._tasks
        reader.cancel()
        # What was said and learnt is written before the store closes.
        await self._jobs.join()
        rememberer.cancel()
        await asyncio.wait(self._tasks)
        self._tasks = []

    # What the worker, the API and the operator tell.

    def observe(self, contact_id: str, score: EmotionScore, ended_s: float) -> None:
        """Take a judgement of a customer's voice.

        Args:
            contact_id: Whose.
            score: What was judged.
            ended_s: End of the speech, seconds on the injected clock.
        """
        late_s = max(0.0, round(self._clock.monotonic_s() - ended_s, 3))
        observed = EmotionObserved(contact_id=contact_id, score=score, late_s=late_s)
        self._events.publish(observed)
        self._handle(observed)

    def learnt(self, contact_id: str, baseline: Baseline) -> None:
        """Take how a customer speaks, once his contact is over: kept if he has agreed."""
        person = self._people.get(contact_id)
        agreed = self._parted.pop(contact_id, False) if person is None else person.agreed
        memory = self._memory
        if agreed and memory is not None:
            self._put(lambda: memory.keep_baseline(contact_id, baseline))

    def reload(self, policy: CarePolicy) -> None:
        """Take other rules; what was heard so far is kept."""
        self._policy = policy
        self._handle(CarePolicyChanged(policy))

    # What the rims ask.

    def alerts(self) -> Sequence[AlertView]:
        """Return the alerts that are not cleared, the oldest first."""
        return tuple(self._alerts.values())

    def acknowledge(self, alert_id: str, by: str) -> AlertView:
        """Take up an alert; return how it stands then, cleared where its rule says so.

        Raises:
            NotKnown: No alert of that id is open.
            IllegalTransition: Somebody has taken it up already.
        """
        before = self._alerts.get(alert_id)
        outputs = self._handle(AlertTakenUp(alert_id, by))
        assert before is not None, "the desk knows of no other alerts than these"
        after_s = next(one.after_s for one in outputs if isinstance(one, AlertAcknowledged))
        after = self._alerts.get(alert_id)
        if after is not None:
            return after
        return replace(
            before,
            state=AlertState.CLEARED,
            acknowledged_by=by,
            acknowledged_after_s=after_s,
        )

    def mood(self, contact_id: str) -> MoodView | None:
        """Return how the customer of a running contact feels; None for no such contact, or off."""
        person = self._people.get(contact_id)
        if person is None or not self.is_at_work:
            return None
        now = self._desk.mood(contact_id, self._clock.monotonic_s())
        point = MoodPoint(at_s=0.0) if now is None else now
        return MoodView(
            contact_id=contact_id,
            mood=point.mood,
            intensity=point.intensity,
            trend_per_min=point.trend_per_min,
            confidence=point.confidence,
            evidence=point.evidence,
            ground=person.permission(self._model.policy).ground,
            model=None if self._model.weights is None else self._model.weights.at,
        )

    def answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        """Note what the customer of a running contact allows, and publish `ConsentChanged`.

        Raises:
            NotKnown: No contact of that id runs, or it is about emotion, which is off.
        """
        if contact_id not in self._people or not self._counts(purpose):
            raise NotKnown("running contact", contact_id)
        self._events.publish(ConsentChanged(contact_id=contact_id, purpose=purpose, answer=answer))

    def model(self) -> ModelView:
        """Return which weights are at work, or that emotion is off."""
        return self._model

    def figures(self) -> CareFigures:
        """Return how care does."""
        totals = self._desk.totals
        people = self._people.values() if self.is_at_work else ()
        return CareFigures(
            windows=totals.windows,
            unknown=totals.unknown,
            late=totals.late,
            refused=totals.refused,
            raised=totals.raised,
            acknowledged=totals.acknowledged,
            cleared=totals.cleared,
            watched=self._desk.watched,
            permitted=sum(one.permission(self._model.policy).allowed for one in people),
            open=len(self._alerts),
            dropped=self._dropped,
            failed=self._failed,
            late_buckets=self._late.buckets(),
            late_sum_s=self._late.sum_s,
        )

    # The inside.

    async def _read(self, listening: asyncio.Event) -> None:
        async with self._events.subscribe("care") as stream:
            listening.set()
            async for envelope in stream:
                try:
                    self._take(envelope.event)
                except Exception:
                    # One contact must not end the care for all others.
                    _log.exception("event not taken", kind=type(envelope.event).__name__)

    def _take(self, event: Event) -> None:
        match event:
            case ContactArrived(contact_id=contact_id):
                if len(self._people) < CASES_MAX:
                    self._people.setdefault(contact_id, Person(contact_id=contact_id))
                self._handle(event)
            case DisclosurePlayed(contact_id=contact_id):
                person = self._people.get(contact_id)
                if person is not None:
                    person.told = True
                    self._meet(person)
            case ContactQueued(contact_id=contact_id):
                self._handle(event)
                person = self._people.get(contact_id)
                if person is not None:
                    self._meet(person)
            case ContactConnected():
                for alert in [
                    one for one in self._alerts.values() if one.contact_id == event.contact_id
                ]:
                    self._alerts[alert.alert_id] = replace(alert, agent_id=event.agent_id)
                self._handle(event)
            case ConsentChanged():
                self._hear_answer(event)
            case ContactClosed(contact_id=contact_id):
                self._part(contact_id)
                self._handle(event)

    def _meet(self, person: Person) -> None:
        """Ask once what is known of a customer, and decide when that is known."""
        memory = self._memory
        if person.asked or memory is None:
            self._decide(person)
            return
        person.asked = person.awaited = True

        async def look_up() -> None:
            known: KnownCustomer | None = None
            try:
                known = await memory.known(person.contact_id)
            finally:
                person.awaited = False
                if self._people.get(person.contact_id) is person:
                    self._recognise(person, known)

        if not self._put(look_up):
            person.awaited = False
            self._decide(person)

    def _recognise(self, person: Person, known: KnownCustomer | None) -> None:
        """Let what he said in earlier contacts hold where he has said nothing in this one."""
        if known is not None:
            person.baseline = known.baseline
            for purpose in filter(self._counts, Purpose):
                answer = known.consent.to(purpose)
                if answer is not Answer.UNKNOWN and person.consent.to(purpose) is Answer.UNKNOWN:
                    person.consent = person.consent.answered(purpose, answer)
                    self._events.publish(
                        ConsentChanged(
                            contact_id=person.contact_id,
                            purpose=purpose,
                            answer=answer,
                            earlier=True,
                        )
                    )
        self._decide(person)

    def _hear_answer(self, changed: ConsentChanged) -> None:
        person, memory = self._people.get(changed.contact_id), self._memory
        if person is None or changed.answer is Answer.UNKNOWN or not self._counts(changed.purpose):
            return
        person.consent = person.consent.answered(changed.purpose, changed.answer)
        self._handle(changed)
        self._decide(person)
        if memory is not None and not changed.earlier:
            self._put(
                lambda: memory.keep_answer(changed.contact_id, changed.purpose, changed.answer)
            )

    def _decide(self, person: Person) -> None:
        """Permit or forbid, and say why if the reason is another than before."""
        permission = person.permission(self._model.policy)
        is_new = permission.ground is not person.ground
        if not self.is_at_work or person.is_unsettled or not is_new:
            return
        person.ground = permission.ground
        if permission.allowed:
            self._voices.permit(person.contact_id, person.baseline)
        else:
            self._voices.forbid(person.contact_id)
        self._events.publish(
            EmotionGroundChanged(
                contact_id=person.contact_id, ground=permission.ground, read=permission.allowed
            )
        )

    def _part(self, contact_id: str) -> None:
        person = self._people.pop(contact_id, None)
        if person is None:
            return
        if not self.is_at_work:
            return
        self._voices.forget(contact_id)
        self._parted[contact_id] = person.agreed
        if len(self._parted) > PARTED_MAX:
            self._parted.popitem(last=False)

    def _counts(self, purpose: Purpose) -> bool:
        """Whether an answer means anything here; of emotion only where it may be read."""
        return purpose is not Purpose.EMOTION or self.is_at_work

    def _handle(self, happened: Input) -> list[Output]:
        if not self.is_at_work:
            return []
        try:
            outputs = self._desk.handle(happened, self._clock.monotonic_s())
            self._carry_out(outputs)
        finally:
            self._arm()
        return outputs

    def _advance(self) -> None:
        self._timer, self._timer_s = None, float("inf")
        try:
            self._carry_out(self._desk.advance(self._clock.monotonic_s()))
        finally:
            self._arm()

    def _arm(self) -> None:
        """See to it that `_advance` is called at the desk's next deadline."""
        due_s = self._desk.next_deadline_s()
        at_s = float("inf") if due_s is None else due_s
        if self._loop is None or at_s == self._timer_s:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_s = at_s
        if due_s is not None:
            wait_s = max(0.0, due_s - self._clock.monotonic_s())
            self._timer = self._loop.call_later(wait_s, self._advance)

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, CareCommand):
                self._do(output)
            else:
                self._note(output)
                self._events.publish(output)

    def _note(self, event: Event) -> None:
        """Keep the views of open alerts up to date."""
        match event:
            case AlertRaised():
                self._late.observe(event.late_s)
                self._alerts[event.alert_id] = AlertView(
                    alert_id=event.alert_id,
                    contact_id=event.contact_id,
                    queue_id=event.queue_id,
                    rule_id=event.rule_id,
                    agent_id=event.agent_id,
                    state=AlertState.RISEN,
                    risen_at=self._clock.utc(),
                    mood=event.mood,
                    intensity=event.intensity,
                    evidence=event.evidence,
                )
            case AlertAcknowledged(alert_id=alert_id):
                self._alerts[alert_id] = replace(
                    self._alerts[alert_id],
                    state=AlertState.ACKNOWLEDGED,
                    acknowledged_by=event.by,
                    acknowledged_after_s=event.after_s,
                )
            case AlertCleared(alert_id=alert_id):
                self._alerts.pop(alert_id, None)

    def _do(self, command: CareCommand) -> None:
        match command:
            case NotifySupervisor():
                _log.warning(
                    "alert risen",
                    alert=command.alert_id,
                    rule=command.rule_id,
                    contact=command.contact_id,
                    queue=command.queue_id,
                )
            case AdviseAgent():
                self._events.publish(
                    AgentAdvised(
                        alert_id=command.alert_id,
                        contact_id=command.contact_id,
                        agent_id=command.agent_id,
                        language=command.language,
                        phrase=command.phrase,
                    )
                )
            case OfferTransfer():
                self._events.publish(
                    TransferOffered(
                        alert_id=command.alert_id,
                        contact_id=command.contact_id,
                        agent_id=command.agent_id,
                        requirement=command.requirement,
                    )
                )
            case RaisePriority():
                if self._line.add_priority(command.contact_id, command.steps):
                    self._events.publish(
                        PriorityRaised(
                            alert_id=command.alert_id,
                            contact_id=command.contact_id,
                            steps=command.steps,
                        )
                    )
            case _:
                assert_never(command)

    def _put(self, job: Job) -> bool:
        """Let something be read or written soon; False: too much waits already."""
        if self._jobs.full():
            self._dropped += 1
            return False
        self._jobs.put_nowait(job)
        return True

    async def _remember(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except StoreError as error:
                self._failed += 1
                _log.warning("memory of customers failed", reason=str(error))
            except Exception:
                self._failed += 1
                _log.exception("memory of customers failed")
            finally:
                self._jobs.task_done()
