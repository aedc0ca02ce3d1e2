"""Hearing as the node sees it: analysis workers, which contact goes to which, what they report.

A worker that ends is started again under the same path. Contacts that it was hearing lose
the segments and the turn that were open, and go on unheard until their cells find the new
worker; each is counted in `contacts_unheard`. Their times go on as if nothing had been: all
spans of a contact count from its first tapped frame, whichever worker heard it. A contact
whose cell does not come back is finished here, so that whoever waits for that gets it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

import structlog

from config.schema import Analysis
from domain.baseline import Baseline
from domain.emotion import EmotionScore
from domain.ports import Clock
from domain.speech import SpeechSpan
from media.figures import HearingFigures, Tally, quantile_s
from media.link import READY_S_MAX, WorkerLink, socket_path
from media.orders import Permit
from media.report import (
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

ASSIGNED_MAX: Final = 10_000
"""Ten times what a node's cells can be; reached only if contacts are never tapped."""
UNTAPPED_S_MAX: Final = 600.0
"""A contact with a path that is not tapped for so long no longer counts as load."""
REOPEN_S_MAX: Final = 60.0
"""A contact whose worker has ended and whose cell has not come back by then is over; cells
look for a new worker at each of their heartbeats."""
RESTART_S_MIN: Final = 0.2
RESTART_S_MAX: Final = 10.0
"""Pause before a worker is started again; it doubles while workers end young."""
YOUNG_S: Final = 60.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Assignment:
    """Which worker hears a contact.

    Attributes:
        since_s: When it was assigned, or its worker ended.
        opened: Its audio comes in.
        interrupted: It was heard until its worker ended.
        zero_us: CLOCK_MONOTONIC at the start of its first tapped frame, once spans tell it.
    """

    worker: int
    since_s: float
    opened: bool = False
    interrupted: bool = False
    zero_us: int | None = None


class _Slot:
    """The place of one worker, and of those that come after it."""

    def __init__(self, link: WorkerLink) -> None:
        self.link = link
        self.beat: Heartbeat | None = None
        self.assigned = 0
        self.ready = asyncio.Event()


class Hearing:
    """The analysis workers. Entering starts them, leaving lets them report and ends them.

    It implements `domain.ports.Hearing`. A worker that does not start is no reason not to
    answer calls: entering then returns after READY_S_MAX, and calls go on unheard.
    """

    def __init__(
        self,
        settings: Analysis,
        folder: Path,
        *,
        on_spans: Callable[[str, list[SpeechSpan]], None],
        on_lost: Callable[[str, int], None],
        on_finished: Callable[[str], None],
        clock: Clock,
        emotion: EmotionSettings | None = None,
        on_score: Callable[[str, EmotionScore, float], None] = lambda *_: None,
        on_learnt: Callable[[str, Baseline], None] = lambda *_: None,
    ) -> None:
        """Prepare the workers.

        Args:
            settings: The section `analysis` of the configuration.
            folder: Where the workers' sockets shall be; private to this node.
            on_spans: Called with a contact's id and its new spans, in order of start.
            on_lost: Called with a contact's id and the number of frames just found lost.
            on_finished: Called once for each contact that was heard, after its last spans.
            clock: Of the node.
            emotion: How customers' voices are judged; None: nobody's is.
            on_score: Called with a contact's id, a judgement of its customer's voice, and the
                end of the speech that was judged, seconds on CLOCK_MONOTONIC.
            on_learnt: Called with a contact's id and how its customer usually speaks, once, when
                the contact is over.

        Raises:
            LimitExceeded: The folder's name is too long for a Unix socket.
        """
        self._on_spans = on_spans
        self._on_lost = on_lost
        self._on_finished = on_finished
        self._clock = clock
        self._emotion = emotion
        self._on_score = on_score
        self._on_learnt = on_learnt
        self._permits: dict[str, Permit] = {}
        self._folder = folder
        self._paths = [socket_path(folder, number) for number in range(settings.workers)]
        self._ears = EarSettings(aggressiveness=settings.aggressiveness, pause_s=settings.pause_s)
        self._slots: list[_Slot] = []
        self._assigned: dict[str, _Assignment] = {}
        self._dead = Tally()
        self._restarts = self._unheard = self._refused = 0
        self._stopping = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None

    async def __aenter__(self) -> "Hearing":
        """Start the workers; return when all listen, or READY_S_MAX have passed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tasks = await asyncio.TaskGroup().__aenter__()
        for number, path in enumerate(self._paths):
            slot = _Slot(WorkerLink(path, self._ears, self._reader(number), self._emotion))
            self._slots.append(slot)
            self._tasks.create_task(self._supervise(number, slot), name=f"hearing-{number}")
        try:
            async with asyncio.timeout(READY_S_MAX):
                for slot in self._slots:
                    await slot.ready.wait()
        except TimeoutError:
            _log.warning("analysis workers not ready", ready=self.figures().workers_ready)
        except BaseException:
            # Whoever is cancelled while entering never leaves, so the workers end here.
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the workers report what is open, then end them."""
        self._stopping.set()
        for slot in self._slots:
            slot.link.stop()
        tasks, self._tasks = self._tasks, None
        if tasks is not None:
            await tasks.__aexit__(None, None, None)
        for contact_id in [name for name, one in self._assigned.items() if one.interrupted]:
            self._finish(contact_id)
        for path in self._paths:
            path.unlink(missing_ok=True)

    def tap_path(self, contact_id: str) -> str | None:
        """Return where the contact's cell shall send its audio; None: it goes unheard.

        The worker with the fewest contacts is taken; asking again gives the same answer.
        """
        known = self._assigned.get(contact_id)
        if known is not None:
            return str(self._paths[known.worker])
        ready = [number for number, slot in enumerate(self._slots) if slot.link.ready]
        if not self._paths or self._stopping.is_set():
            return None
        if len(self._assigned) >= ASSIGNED_MAX:
            self._forget_absent()
        if not ready or len(self._assigned) >= ASSIGNED_MAX:
            self._refused += 1
            return None
        worker = min(ready, key=lambda number: self._slots[number].assigned)
        self._assign(contact_id, worker)
        return str(self._paths[worker])

    def permit(self, contact_id: str, baseline: Baseline | None = None) -> None:
        """Let a contact's customer be judged by his voice from now on, until `forbid`.

        Args:
            contact_id: Whose; its audio may come in already or later, or never.
            baseline: How he speaks usually; None: that is not known.
        """
        if self._emotion is None:
            return
        permit = self._permits[contact_id] = Permit(
            contact_id=contact_id, allowed=True, baseline=baseline
        )
        self._tell(permit)

    def forbid(self, contact_id: str) -> None:
        """Let the customer be judged no longer; harmless for one who was not."""
        if self._permits.pop(contact_id, None) is not None:
            self._tell(Permit(contact_id=contact_id, allowed=False))

    def forget(self, contact_id: str) -> None:
        """Hand on no more judgements of a contact that is over.

        What was learnt of its customer is still handed on, once its worker has heard the end.
        """
        self._permits.pop(contact_id, None)

    def _tell(self, permit: Permit) -> None:
        one = self._assigned.get(permit.contact_id)
        if one is None or self._slots[one.worker].link.send(permit):
            return
        # It ends for saying nothing, or has ended; its successor is told when the cell comes.
        _log.warning("worker not told", worker=one.worker, contact_id=permit.contact_id)

    def figures(self) -> HearingFigures:
        """Return how hearing stands."""
        tally = self._dead.copy()
        beats = [slot.beat for slot in self._slots if slot.beat is not None]
        for beat in beats:
            tally.add(beat)
        return HearingFigures(
            workers=len(self._paths),
            workers_ready=sum(slot.link.ready for slot in self._slots),
            restarts=self._restarts,
            contacts_assigned=len(self._assigned),
            contacts_heard=sum(one.opened for one in self._assigned.values()),
            contacts_unheard=self._unheard,
            assignments_refused=self._refused,
            waiting=sum(beat.waiting for beat in beats),
            busy_shares=tuple(slot.beat.busy_share if slot.beat else 0.0 for slot in self._slots),
            latency_buckets=tally.buckets(),
            latency_sum_s=tally.latency_sum_s,
            latency_p50_s=quantile_s(tally.latency, 0.5),
            latency_p99_s=quantile_s(tally.latency, 0.99),
            **tally.counters,
        )

    async def _supervise(self, number: int, slot: _Slot) -> None:
        """Keep a worker running until we stop."""
        pause_s = RESTART_S_MIN
        while not self._stopping.is_set():
            started_s = self._clock.monotonic_s()
            why = await slot.link.run()
            self._bury(number, slot)
            if self._stopping.is_set():
                break
            _log.error("analysis worker ended", worker=number, why=why)
            if self._clock.monotonic_s() - started_s > YOUNG_S:
                pause_s = RESTART_S_MIN
            try:
                async with asyncio.timeout(pause_s):
                    await self._stopping.wait()
            except TimeoutError:
                self._restarts += 1
            pause_s = min(2 * pause_s, RESTART_S_MAX)

    def _bury(self, number: int, slot: _Slot) -> None:
        """Settle what a worker left behind: its figures, and the contacts it was hearing."""
        if slot.beat is not None:
            self._dead.add(slot.beat)
            slot.beat = None
        for one in self._assigned.values():
            if one.worker == number and one.opened:
                self._unheard += 1
                one.opened, one.interrupted = False, True
                one.since_s = self._clock.monotonic_s()
        self._forget_absent()

    def _reader(self, number: int) -> Callable[[Report], None]:
        def read(report: Report) -> None:
            try:
                self._take(number, report)
            except Exception:
                # What one reader of spans does wrong must not end the hearing of all calls.
                _log.exception("report not taken", worker=number, report=type(report).__name__)

        return read

    def _take(self, number: int, report: Report) -> None:
        match report:
            case Heard(contacts=contacts):
                for contact in contacts:
                    self._on_spans(contact.contact_id, self._in_contact_time(contact))
            case Felt(contacts=felt):
                for scored in felt:
                    self._hand_on(scored)
            case Learnt(contact_id=contact_id):
                self._on_learnt(contact_id, report.baseline)
            case Lost(contact_id=contact_id, frames=frames):
                self._on_lost(contact_id, frames)
            case Opened(contact_id=contact_id):
                one = self._assigned.get(contact_id) or self._assign(contact_id, number)
                one.opened, one.interrupted = True, False
                permit = self._permits.get(contact_id)
                if permit is not None:
                    self._tell(permit)
            case Finished(contact_id=contact_id):
                self._finish(contact_id)
            case Heartbeat():
                self._slots[number].beat = report
                self._forget_absent()
            case Ready():
                self._slots[number].ready.set()

    def _hand_on(self, scored: ContactScores) -> None:
        """Hand on what was judged, in the contact's time; of nobody who may not be judged."""
        shift_s = self._shift_s(scored.contact_id, scored.zero_us)
        for score in scored.scores:
            if scored.contact_id not in self._permits:
                return
            ended_s = scored.zero_us / 1e6 + score.window_end_s
            moved = score
            if shift_s:
                moved = replace(
                    score,
                    window_start_s=round(score.window_start_s + shift_s, 3),
                    window_end_s=round(score.window_end_s + shift_s, 3),
                )
            self._on_score(scored.contact_id, moved, ended_s)

    def _shift_s(self, contact_id: str, zero_us: int) -> float:
        """Return what a worker's times of a contact lack to the contact's own."""
        one = self._assigned.get(contact_id)
        if one is None:
            return 0.0
        if one.zero_us is None:
            one.zero_us = zero_us
        return (zero_us - one.zero_us) / 1e6

    def _in_contact_time(self, heard: ContactSpans) -> list[SpeechSpan]:
        """Return spans that count from the contact's first frame, not from its worker's."""
        shift_s = self._shift_s(heard.contact_id, heard.zero_us)
        if not shift_s:
            return heard.spans
        return [
            replace(
                span,
                start_s=round(span.start_s + shift_s, 3),
                end_s=round(span.end_s + shift_s, 3),
            )
            for span in heard.spans
        ]

    def _assign(self, contact_id: str, worker: int) -> _Assignment:
        one = _Assignment(worker, self._clock.monotonic_s())
        self._assigned[contact_id] = one
        self._slots[worker].assigned += 1
        return one

    def _finish(self, contact_id: str) -> None:
        self._forget(contact_id)
        self._on_finished(contact_id)

    def _forget(self, contact_id: str) -> None:
        one = self._assigned.pop(contact_id, None)
        if one is not None:
            self._slots[one.worker].assigned -= 1

    def _forget_absent(self) -> None:
        """Forget contacts that were never tapped, and finish those that did not come back."""
        now_s = self._clock.monotonic_s()
        for contact_id, one in list(self._assigned.items()):
            if one.interrupted and now_s - one.since_s > REOPEN_S_MAX:
                self._finish(contact_id)
            elif not one.opened and now_s - one.since_s > UNTAPPED_S_MAX:
                self._forget(contact_id)
