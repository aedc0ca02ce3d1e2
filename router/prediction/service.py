"""Suggestions at work: learns from stored histories and shows an agent what may come next.

When a contact is offered to an agent, its customer's history is read, once for each contact, and
what the model makes of it is told by `SuggestionMade`. New steps of all customers are read every
minute or so and learnt from. Nothing of this is ever waited for by a call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final

import structlog

from config.suggestions import SuggestionEntry, Suggestions
from domain.consent import Answer, Purpose
from domain.errors import NotKnown, StoreError
from domain.events import ConsentChanged, ContactClosed, ContactQueued, Event
from domain.need import Need, NeedHistory, NeedKind, NeedStep, Prediction, SuggestionView
from domain.offer_events import OfferMade
from domain.ports import Clock, EventStream
from domain.suggestion_events import SuggestionMade
from router.prediction.markov import NeedModel

CASES_MAX: Final = 20_000
"""Running contacts that are followed; about those beyond nothing is suggested."""
JOBS_MAX: Final = 1_000
"""Histories that may wait to be read; a store that is slower by so much is broken."""
LEARN_S: Final = 60.0
"""From one reading of what is new to the next: a minute is soon enough for what takes months."""
SETTLED_S: Final = 120.0
"""A step is learnt from once it is so old: by then whatever belongs before it is stored too."""

_log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class SuggestionFigures:
    """What became of suggestions, and how the model does.

    Attributes:
        made: Shown to an agent.
        nothing: Contacts about which there was nothing to say.
        refused: Contacts whose customer refuses offers.
        failed: Histories that could not be read, and readings of what is new that broke off.
        dropped: Contacts over a limit.
        steps: Of histories, learnt from since the node began.
        gain_nats: What the model knows beyond the baseline, nats a step.
        proven: Whether that is more than chance.
        model_hits, baseline_hits: Share of steps that each named first, of late.
    """

    made: int = 0
    nothing: int = 0
    refused: int = 0
    failed: int = 0
    dropped: int = 0
    steps: int = 0
    gain_nats: float = 0.0
    proven: bool = False
    model_hits: float = 0.0
    baseline_hits: float = 0.0


@dataclass(slots=True)
class _Case:
    """A running contact.

    Attributes:
        asked: Its customer's history is read or being read.
        agent_id: Whom the contact was offered to last.
        told: Whom the suggestion was shown to.
    """

    language: str
    asked: bool = False
    known: bool = False
    refused: bool = False
    agent_id: str | None = None
    told: str | None = None
    entry: SuggestionEntry | None = None
    prediction: Prediction | None = None


class SuggestionService:
    """What customers may need next. Implements `domain.need.SuggestionDesk`."""

    def __init__(
        self,
        suggestions: Suggestions,
        *,
        events: EventStream,
        clock: Clock,
        histories: NeedHistory,
        model: NeedModel,
        learn_s: float = LEARN_S,
    ) -> None:
        """Prepare.

        Args:
            suggestions: The section of the configuration.
            events: Read and written.
            clock: Of the node.
            histories: Where customers' histories are kept.
            model: Predicts; what it learnt before is taken up already.
            learn_s: Seconds from one reading of what is new to the next.
        """
        self._settings = suggestions
        self._entries = _by_need(suggestions)
        self._events = events
        self._clock = clock
        self._histories = histories
        self._model = model
        self._learn_s = learn_s
        self._cases: dict[str, _Case] = {}
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(JOBS_MAX)
        self._tasks: list[asyncio.Task[None]] = []
        self._figures = SuggestionFigures()

    async def __aenter__(self) -> "SuggestionService":
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._read(listening), name="suggestions"),
            asyncio.create_task(self._work(), name="suggestions histories"),
            asyncio.create_task(self._learn(), name="suggestions learning"),
        ]
        await listening.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []

    def reload(self, suggestions: Suggestions) -> None:
        """Take other settings; what was learnt is kept, and contacts that run are seen anew."""
        if suggestions.half_life_days != self._model.half_life_days:
            self._model.fade_by(suggestions.half_life_days, self._clock.utc())
        self._settings, self._entries = suggestions, _by_need(suggestions)
        for case in self._cases.values():
            case.asked = case.known = False
            case.entry = case.prediction = None

    def suggestion(self, contact_id: str) -> SuggestionView | None:
        """Return what is suggested about the customer of a running contact; None: nothing.

        Raises:
            NotKnown: No contact of that id runs.
        """
        case = self._cases.get(contact_id)
        if case is None:
            raise NotKnown("running contact", contact_id)
        if case.entry is None or case.prediction is None or case.refused:
            return None
        return SuggestionView(
            contact_id=contact_id,
            prediction=case.prediction,
            language=case.language,
            phrases={"en": case.entry.en, "zh": case.entry.zh},
            offer=case.entry.offer,
            agent_id=case.told,
        )

    def figures(self) -> SuggestionFigures:
        """Return what became of suggestions, and how the model does."""
        figures, gain = self._figures, self._model.gain
        figures.gain_nats, figures.proven = gain.mean, gain.is_proven
        steps = max(gain.count, 1.0)
        figures.model_hits = gain.model_hits / steps
        figures.baseline_hits = gain.baseline_hits / steps
        return figures

    async def settled(self) -> None:
        """Return when every history that was asked for is read."""
        await self._jobs.join()

    async def learn_now(self) -> None:
        """Read what is new in all histories and learn from it; a failure is logged and counted.

        After one that broke off, the steps read until then are learnt from once more.
        """
        if not self._settings.enabled:
            return
        since = self._model.until
        until = self._clock.utc() - timedelta(seconds=SETTLED_S)
        if since is not None and until <= since:
            return
        try:
            async for history in self._histories.changed(since, until):
                steps = [step for step in history if step.known_at < until]
                for place, step in enumerate(steps):
                    # A purchase may become known after what came later was learnt.
                    if since is None or step.known_at >= since:
                        self._model.learn(steps[: place + 1], place)
                        self._figures.steps += 1
                # One history takes a millisecond; the calls come between them.
                await asyncio.sleep(0)
        except StoreError as error:
            self._figures.failed += 1
            _log.error("histories not read", cause=str(error))
        else:
            self._model.until = until

    # The inside.

    async def _read(self, listening: asyncio.Event) -> None:
        async with self._events.subscribe("suggestions") as stream:
            listening.set()
            async for envelope in stream:
                try:
                    self._take(envelope.event)
                except Exception:
                    # One contact must not end the suggestions for all others.
                    _log.exception("event not taken", kind=type(envelope.event).__name__)

    def _take(self, event: Event) -> None:
        match event:
            case ContactQueued():
                if event.contact_id in self._cases:
                    return
                if len(self._cases) >= CASES_MAX:
                    self._figures.dropped += 1
                    return
                self._cases[event.contact_id] = _Case(language=event.language)
            case ConsentChanged(purpose=Purpose.OFFERS):
                case = self._cases.get(event.contact_id)
                if case is not None:
                    case.refused = event.answer is Answer.REFUSED
                    self._figures.refused += case.refused
            case OfferMade():
                case = self._cases.get(event.contact_id)
                if case is not None:
                    case.agent_id = event.agent_id
                    self._meet(event.contact_id, case)
            case ContactClosed():
                self._cases.pop(event.contact_id, None)

    def _meet(self, contact_id: str, case: _Case) -> None:
        """Read the customer's history once, and tell each agent who is offered the contact."""
        if case.refused or not self._settings.enabled or not self._entries:
            return
        if case.known:
            self._tell(contact_id, case)
        if case.asked:
            return

        async def look_up() -> None:
            history = await self._histories.history(contact_id)
            if self._cases.get(contact_id) is case:
                self._judge(case, history)
                self._tell(contact_id, case)

        try:
            self._jobs.put_nowait(look_up)
            case.asked = True
        except asyncio.QueueFull:
            self._figures.dropped += 1

    def _judge(self, case: _Case, history: Sequence[NeedStep]) -> None:
        """Decide what is suggested: the likeliest need for which the operator has a phrase."""
        now = self._clock.utc()
        case.known = True
        had = {step.need for step in history if step.kind is NeedKind.PRODUCT}
        among = {need for need, entry in self._entries.items() if entry.again or need not in had}
        while among:
            found = self._model.predict(history, now, among=among, margin=self._settings.margin)
            if found is None:
                break
            entry = self._entries[found.need]
            if found.probability >= entry.probability_min:
                case.prediction, case.entry = found, entry
                return
            among.discard(found.need)
        self._figures.nothing += 1

    def _tell(self, contact_id: str, case: _Case) -> None:
        entry, found = case.entry, case.prediction
        if entry is None or found is None or case.refused or case.agent_id in {None, case.told}:
            return
        assert case.agent_id is not None
        case.told = case.agent_id
        self._figures.made += 1
        self._events.publish(
            SuggestionMade(
                contact_id=contact_id,
                agent_id=case.agent_id,
                suggestion_id=entry.id,
                kind=found.need.kind,
                need=found.need.name,
                probability=round(found.probability, 4),
                baseline_probability=round(found.baseline_probability, 4),
                reason=found.reason,
                language=case.language,
                phrase=entry.zh if case.language.startswith("zh") else entry.en,
                offer=entry.offer,
            )
        )

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except StoreError as error:
                self._figures.failed += 1
                _log.error("history not read", cause=str(error))
            except Exception:
                self._figures.failed += 1
                _log.exception("suggestion not made")
            finally:
                self._jobs.task_done()

    async def _learn(self) -> None:
        while True:
            try:
                await self.learn_now()
            except Exception:
                # A history that cannot be learnt from must not end the learning from others.
                self._figures.failed += 1
                _log.exception("histories not learnt from")
            await asyncio.sleep(self._learn_s)


def _by_need(suggestions: Suggestions) -> Mapping[Need, SuggestionEntry]:
    return {entry.need: entry for entry in suggestions.entries}
