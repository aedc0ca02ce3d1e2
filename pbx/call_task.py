"""One call: its inbox, its flow, its cell, and the task that joins them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from domain.callback import CallbackOutcome, CallbackRefusal
from domain.contact import Contact, Disposition
from domain.errors import CellError, CellGone, LimitExceeded, NotKnown, StoreError
from domain.events import Event
from domain.offer import Offer
from domain.ports import Clock, EventPublisher
from pbx import actions as do
from pbx.actions import Action
from pbx.call_records import CallRecords
from pbx.callback_flow import CallbackFlow
from pbx.cell import wire
from pbx.cell_process import Event as CellEvent
from pbx.cell_process import Refused
from pbx.cells import Cell
from pbx.feature_call import FeatureCall
from pbx.flow import CallFlow

log = structlog.get_logger(__name__)

Flow = CallFlow | FeatureCall
Telling = Callable[[Flow], list[Action]]

INBOX_MAX: Final = 256
"""Keys and holds that wait: a call sees about 20 messages, and these alone can be sent to it
without end. What ends a leg or a contact is never refused."""
_ENDLESS: Final = (wire.DigitPressed, wire.LegHeld)
INVITE_S_MAX: Final = 10.0
"""The INVITE follows the placement at once; a caller who cancels before it leaves an empty
cell behind, which is given back after this."""


class CallbackKeeper(Protocol):
    """Where callbacks are kept, as a call sees it."""

    async def keep(self, contact: Contact) -> None:
        """Commit that the customer will be called back.

        Raises:
            StoreError: It is not written.
        """
        ...

    def drop(self, contact_id: str) -> None:
        """The customer is not to be called back any more; harmless if he was not to be."""
        ...

    def take_up(self, contact: Contact) -> None:
        """The caller waits in this contact now: end that in which he was to be called back."""
        ...

    def hand_over(
        self, contact: Contact, *, in_line: bool, outcome: CallbackOutcome | None
    ) -> None:
        """No leg of the contact is left; see `pbx.actions.HandOver`."""
        ...

    def note(self, event: Event) -> None:
        """Count what concerns callbacks."""
        ...


class CallTask:
    """Serves one call from its placement to the release of its cell."""

    def __init__(
        self,
        key: str,
        flow: Flow,
        *,
        records: CallRecords,
        events: EventPublisher,
        clock: Clock,
        dial: Callable[[Cell, Offer, Contact], Awaitable[int]],
        on_over: Callable[["CallTask"], None],
        callbacks: CallbackKeeper | None = None,
        dial_customer: Callable[[Cell, Contact], Awaitable[int]] | None = None,
    ) -> None:
        """Prepare to serve; `start` or `call_back` begins."""
        self.key = key
        self.flow = flow
        self.cell: Cell | None = None
        self.inbox_refused = 0
        self.is_setting_up = True
        self._records = records
        self._events = events
        self._clock = clock
        self._dial = dial
        self._on_over = on_over
        self._callbacks = callbacks
        self._dial_customer = dial_customer
        self._inbox: deque[Telling] = deque()
        self._wake = asyncio.Event()
        self._ended: set[int] = set()
        self._plays: dict[int, int] = {}
        """What was last played to each leg, by the number of its command."""
        self._seen_invite = False
        self._invite_due_s = 0.0
        self._dead = False
        self._opening: asyncio.Task[StoreError | None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, cell: Cell) -> None:
        """Begin to serve the call in this cell."""
        self.cell = cell
        self._invite_due_s = self._clock.monotonic_s() + INVITE_S_MAX
        if isinstance(self.flow, CallFlow):
            # The contact is committed while its INVITE is on the way to the cell.
            self._opening = asyncio.create_task(self._open_record(self.flow.contact))
        self._task = asyncio.create_task(self._serve(), name=f"call {self.key}")

    def call_back(self, cell: Cell, offer: Offer) -> None:
        """Begin to call a customer back, and first the agent of this offer."""
        self.cell = cell
        self._seen_invite = True
        self.is_setting_up = False
        self.post(lambda flow: flow.offered(offer) if isinstance(flow, CallFlow) else [])
        self._task = asyncio.create_task(self._serve(), name=f"callback {self.key}")

    def post(self, telling: Telling) -> None:
        """Tell the flow something, after all that was told before."""
        self._inbox.append(telling)
        self._wake.set()

    def tell(self, event: CellEvent) -> None:
        """Tell the flow what its cell reports."""
        if isinstance(event, Refused):
            self._tell_refused(event)
        elif isinstance(event, wire.PlayFinished | wire.PlayFailed):
            self._tell_played(event.leg, event.play, heard=isinstance(event, wire.PlayFinished))
        else:
            self._tell(event)

    def _tell(self, event: wire.CellEvent) -> None:
        telling = _telling(event)
        if telling is None:
            return
        if isinstance(event, wire.IncomingCall):
            self._seen_invite = True
        self.is_setting_up &= not isinstance(event, wire.LegEnded)
        if isinstance(event, wire.LegEnded) and not self._seen_invite:
            # He cancelled before his contact and his INVITE met in the cell.
            telling = lambda flow: flow.end(Disposition.ABANDONED_EARLY, "")
        elif isinstance(event, wire.LegEnded):
            self._ended.add(event.leg)
        elif isinstance(event, _ENDLESS) and len(self._inbox) >= INBOX_MAX:
            self.inbox_refused += 1
            return
        self.post(telling)

    def tell_declined(self) -> None:
        """Tell the flow that its cell has refused the INVITE, unless it knows of the INVITE."""
        if not self._seen_invite:
            self.post(lambda flow: flow.never_came())

    def tell_cell_gone(self, reason: str) -> None:
        """Tell the flow that its cell is dead."""
        self._dead = True
        self.give_up(reason)

    def give_up(self, reason: str) -> None:
        """End the contact without waiting for its legs; a cell that lives is given back."""
        self.post(lambda flow: flow.cell_gone(reason))

    async def end(self, disposition: Disposition, reason: str) -> None:
        """End the contact; return when its legs were told to end."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def telling(flow: Flow) -> list[Action]:
            if not done.done():
                done.set_result(None)
            return flow.end(disposition, reason)

        self.post(telling)
        assert self._task is not None
        await asyncio.wait({done, self._task}, return_when=asyncio.FIRST_COMPLETED)

    async def _serve(self) -> None:
        timer: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        try:
            while not self.flow.over:
                while self._inbox:
                    await self._perform(self._inbox.popleft()(self.flow))
                now_s = self._clock.monotonic_s()
                await self._perform(self.flow.tick(now_s))
                if not self._seen_invite and now_s >= self._invite_due_s:
                    await self._perform(self.flow.never_came())
                if self.flow.over or self._inbox:
                    continue
                due_s = self.flow.next_deadline_s()
                if not self._seen_invite:
                    due_s = self._invite_due_s if due_s is None else min(due_s, self._invite_due_s)
                if due_s is not None:
                    timer = loop.call_later(max(0.0, due_s - now_s), self._wake.set)
                await self._wake.wait()
                self._wake.clear()
                if timer is not None:
                    timer.cancel()
        except Exception:
            log.exception("call control failed for one call", contact=self.key)
            await self._perform(self.flow.end(Disposition.FAILED, "internal error"))
            await self._perform(self.flow.cell_gone("internal error"))
        finally:
            self.is_setting_up = False
            if self.cell is not None and not self._dead:
                self.cell.release()
            self._on_over(self)

    async def _perform(self, wanted: list[Action]) -> None:
        assert self.cell is not None
        for action in wanted:
            if isinstance(action, do.OpenRecord):
                if not await self._recorded():
                    return
            else:
                await self._act(self.cell, action)

    async def _open_record(self, contact: Contact) -> StoreError | None:
        try:
            await self._records.open(contact)
        except StoreError as error:
            return error
        return None

    async def _recorded(self) -> bool:
        """Wait for the commit; a call that cannot be recorded is refused."""
        assert self._opening is not None
        error = await self._opening
        if error is not None:
            log.error("call refused, it cannot be recorded", reason=str(error))
            self._fail("the contact could not be recorded")
        return error is None

    async def _act(self, cell: Cell, action: Action) -> None:
        match action:
            case do.Publish(event):
                self._events.publish(event)
                if self._callbacks is not None:
                    self._callbacks.note(event)
            case do.Answer(leg, status):
                cell.answer(leg, status)
                self.is_setting_up = False
            case do.HangUp(leg, status):
                cell.hangup(leg, status)
            case do.CallAgent(offer):
                await self._call_agent(cell, offer)
            case do.Play(leg, files, loop):
                self._plays[leg] = cell.play(leg, files, loop=loop)
            case do.StopPlay(leg):
                self._plays.pop(leg, None)
                cell.stop_play(leg)
            case do.Bridge(one, other):
                cell.bridge(one, other)
            case do.Tap(leg, speaker):
                cell.tap(leg, speaker)
            case do.Release():
                pass  # `_serve` gives the cell back when the flow is over
            case _:
                await self._keep(cell, action)

    async def _keep(self, cell: Cell, action: Action) -> None:
        """Keep what the contact has come to: its callback, its record."""
        assert isinstance(self.flow, CallFlow)
        contact, callbacks = self.flow.contact, self._callbacks
        if callbacks is None:
            await self._record(action)
            return
        match action:
            case do.KeepCallback():
                try:
                    await callbacks.keep(contact)
                except StoreError as error:
                    log.error("callback not kept", contact=self.key, reason=str(error))
                    await self._perform(self.flow.callback_refused(CallbackRefusal.NOT_STORED))
                else:
                    await self._perform(self.flow.callback_kept())
            case do.DropCallback():
                callbacks.drop(contact.contact_id)
            case do.TakeUpCallback():
                callbacks.take_up(contact)
            case do.HandOver(in_line, outcome):
                callbacks.hand_over(contact, in_line=in_line, outcome=outcome)
            case do.CallCustomer():
                await self._call_customer(cell)
            case _:
                await self._record(action)

    async def _call_customer(self, cell: Cell) -> None:
        flow = self.flow
        assert isinstance(flow, CallbackFlow)
        assert self._dial_customer is not None
        try:
            leg = await self._dial_customer(cell, flow.contact)
        except CellGone:
            pass  # the pool tells of the death, and the contact waits again then
        except (CellError, LimitExceeded, NotKnown) as error:
            log.warning("customer not dialled", contact=self.key, reason=str(error))
            await self._perform(flow.customer_not_dialled(CallbackOutcome.UNREACHABLE))
        else:
            await self._perform(flow.customer_dialled(leg))

    async def _record(self, action: Action) -> None:
        assert isinstance(self.flow, CallFlow)
        contact = self.flow.contact
        match action:
            case do.ForgetRecord():
                self._records.forget(contact)
            case do.UpdateRecord():
                self._records.update(contact)
            case do.CloseRecord(reason):
                await self._records.close(contact, reason)
            case do.RecordInteraction(interaction):
                self._records.interaction(interaction)

    async def _call_agent(self, cell: Cell, offer: Offer) -> None:
        assert isinstance(self.flow, CallFlow)
        try:
            leg = await self._dial(cell, offer, self.flow.contact)
        except CellGone:
            pass  # the pool tells of the death, and the flow ends the contact then
        except CellError as error:
            log.warning("agent not dialled", contact=self.key, reason=str(error))
            await self._perform(self.flow.agent_not_dialled(offer.offer_id))
        else:
            await self._perform(self.flow.agent_dialled(offer.offer_id, leg))

    def _tell_refused(self, refused: Refused) -> None:
        """Go on where the caller can still be served, end the contact where not."""
        command = refused.command
        if not self._ended.isdisjoint(_legs(command)):
            return  # that it ended stands in the inbox, and the flow is told of it there
        log.warning(
            "a cell could not do it",
            contact=self.key,
            command=type(command).__name__,
            reason=refused.reason,
        )
        match command:
            case wire.Play(id=play, leg=leg):
                self._tell_played(leg, play, heard=False)
            case wire.Answer() | wire.Bridge():
                self._fail(refused.reason)

    def _tell_played(self, leg: int, play: int, *, heard: bool) -> None:
        """Tell of the end of what plays now; the end of what played before is no news."""

        def telling(flow: Flow) -> list[Action]:
            return flow.played(leg, heard=heard) if self._plays.get(leg) == play else []

        self.post(telling)

    def _fail(self, reason: str) -> None:
        self.post(lambda flow: flow.end(Disposition.FAILED, reason))


def _legs(command: wire.Command) -> tuple[int, ...]:
    """Return the legs that a command is about."""
    match command:
        case (
            wire.Answer(leg=leg)
            | wire.HangUp(leg=leg)
            | wire.Play(leg=leg)
            | wire.StopPlay(leg=leg)
            | wire.TapLeg(leg=leg)
        ):
            return (leg,)
        case wire.Bridge(a=one, b=other):
            return (one, other)
        case _:
            return ()


def _telling(event: wire.CellEvent) -> Telling | None:
    """Say which method of the flow an event of the cell is for; None: it concerns no flow."""
    telling: Telling | None = None
    match event:
        case wire.IncomingCall(leg=leg):
            telling = lambda flow: flow.incoming(leg)
        case wire.LegAnswered(leg=leg):
            telling = lambda flow: flow.answered(leg)
        case wire.LegEnded(leg=leg, status=status, reason=reason, figures=figures):
            telling = lambda flow: flow.ended(leg, status=status, reason=reason, figures=figures)
        case wire.LegRinging(leg=leg):
            telling = _for_contact(lambda flow: flow.ringing(leg))
        case wire.LegHeld(leg=leg, held=held):
            telling = _for_contact(lambda flow: flow.held(leg, held))
        case wire.DigitPressed(leg=leg, digit=digit):
            telling = _for_contact(lambda flow: flow.digit(leg, digit))
        case wire.RtpSilent(leg=leg):
            telling = _for_contact(lambda flow: flow.silent(leg))
        case _:
            pass
    return telling


def _for_contact(telling: Callable[[CallFlow], list[Action]]) -> Telling:
    """Tell only a flow that serves a contact; a feature call is not concerned."""
    return lambda flow: telling(flow) if isinstance(flow, CallFlow) else []
