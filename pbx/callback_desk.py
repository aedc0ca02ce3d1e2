"""Callbacks while nobody is on the line: kept in the store, in the line, and in time.

A contact is here from the moment that its callback is committed until the customer is reached,
calls again himself, or is not called any more. While a call of it runs the call has it, and
gives it back by `hand_over`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

import structlog

from config.schema import QueueEntry, Trunk
from domain.callback import COUNTED, CallbackOutcome, CallbackRefusal, CallbackStore, KeptCallback
from domain.callback_events import CallbackAttempted, CallbackRefused, CallbackRequested
from domain.contact import Contact, ContactTrigger, Disposition
from domain.errors import CallRefused, IllegalTransition, LimitExceeded, NotKnown, StoreError
from domain.events import Event
from domain.ports import CallbackView, Clock, EventPublisher, Routing
from pbx.call_records import CallRecords
from pbx.callback_book import Callback, CallbackBook
from pbx.callback_numbers import may_call, number_to_call
from pbx.contact_messages import arrival, closing, queue_request

FULL_RETRY_S: Final = 30.0
"""A contact that finds its queue full tries again after this; callers come and go by the minute."""
POSTPONED_S: Final = 60.0
"""Calls a minute are counted, so after a minute another one may be made."""

log = structlog.get_logger(__name__)


class CallbackDesk:
    """Implements `CallbackKeeper` and `CallbackPlaces`; async context manager.

    Attributes:
        requests: Callbacks asked for, by "kept" or the reason of the refusal.
        attempts: What came of calling, by outcome.
        draining: The node stops: what waits is left to the next run.
    """

    def __init__(
        self,
        *,
        store: CallbackStore,
        records: CallRecords,
        routing: Routing,
        events: EventPublisher,
        clock: Clock,
        queues: Iterable[QueueEntry],
        trunks: Iterable[Trunk],
        end_call: Callable[[str, Disposition, str], bool],
    ) -> None:
        """Begin with nobody; `restore` brings back who waited before a restart.

        `end_call` ends the contact of a call that runs, and says whether one does.
        """
        self.requests: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.draining = False
        self._store = store
        self._records = records
        self._routing = routing
        self._events = events
        self._clock = clock
        self._book = CallbackBook()
        self._queues: Mapping[str, QueueEntry] = {}
        self._trunks: Mapping[str, Trunk] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._end_call = end_call
        self.reload(queues, trunks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.draining = True
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def reload(self, queues: Iterable[QueueEntry], trunks: Iterable[Trunk]) -> None:
        """Take other queues and trunks."""
        self._queues = {queue.id: queue for queue in queues}
        self._trunks = {trunk.id: trunk for trunk in trunks}

    async def restore(self) -> int:
        """Let everybody wait again who waited before the restart; return how many.

        Raises:
            StoreError: They cannot be read.
        """
        now, now_s = self._clock.utc(), self._clock.monotonic_s()
        for kept in await self._store.load():
            contact = kept.contact
            # Its times are seconds since its arrival; here they are those of this clock.
            contact.arrived_s = now_s - (now - contact.arrived_at).total_seconds()
            contact.queued_s = now_s - (now - kept.queued_at).total_seconds()
            callback = self._add(contact, kept)
            pause_s = 0.0 if kept.retry_at is None else (kept.retry_at - now).total_seconds()
            callback.in_line = False
            callback.joins_s = now_s + max(0.0, pause_s)
        self._meet()
        return len(self._book)

    # What a flow asks (CallbackPlaces).

    def refusal(
        self, contact: Contact, queue: QueueEntry, *, is_hidden: bool
    ) -> CallbackRefusal | None:
        """Return why this caller may not be called back; None: he may."""
        can_dial = self.outbound_caller(contact) is not None
        return self._book.refusal(contact, queue.callback, is_hidden=is_hidden, can_dial=can_dial)

    def earlier_wait_s(self, contact: Contact) -> float | None:
        """Return how long this caller has waited for a callback already; None: for none."""
        callback = self._book.of_caller(contact)
        if callback is None or callback.contact.contact_id == contact.contact_id:
            return None
        return self._waited_s(callback.contact)

    # What a conversation asks (through `CallMaker`).

    async def promise(self, contact: Contact, prefers: str | None) -> None:
        """Commit a new contact whose customer is to be called, and let it wait.

        Raises:
            CallRefused: He may not be called.
            NotKnown: There is no such queue.
            StoreError: It is not written.
        """
        queue = self._queues.get(contact.queue_id)
        if queue is None:
            raise NotKnown("queue", contact.queue_id)
        # What the customer sees where the trunk names no number of its own.
        contact.dialled = contact.dialled or queue.numbers[0]
        refusal = self.refusal(contact, queue, is_hidden=False)
        if refusal is not None:
            raise CallRefused(contact.queue_id, refusal.value)
        contact.step(ContactTrigger.ENQUEUE)
        contact.queued_s = self._clock.monotonic_s()
        await self._records.open(contact)
        self._events.publish(arrival(contact))
        try:
            await self.keep(contact)
        except StoreError as error:
            await self._records.close(_failed(contact, self._clock), str(error))
            self._events.publish(closing(contact, str(error)))
            raise
        callback = self._book.get(contact.contact_id)
        assert callback is not None, "a callback that was just kept"
        callback.prefers = prefers
        self.hand_over(contact, in_line=False, outcome=None)

    def may_dial_by(self) -> str | None:
        """Return a trunk that dials out; None: there is none."""
        return next((one for one, trunk in self._trunks.items() if trunk.outbound), None)

    # What a call asks (CallbackKeeper).

    async def keep(self, contact: Contact) -> None:
        """Commit that the customer will be called back.

        Raises:
            StoreError: It is not written.
        """
        kept = KeptCallback(
            contact=contact, queued_at=self._queued_at(contact), requested_at=self._clock.utc()
        )
        # Before it is committed, so that no second caller of this number passes meanwhile.
        self._add(contact, kept).in_call = True
        try:
            await self._store.keep(kept)
        except BaseException:
            self._book.remove(contact.contact_id)
            raise
        self._routing.keep_place(contact.contact_id)

    def drop(self, contact_id: str) -> None:
        """The customer is not to be called back any more; harmless if he was not to be."""
        if self._book.remove(contact_id) is not None:
            self._store.forget(contact_id)

    def take_up(self, contact: Contact) -> None:
        """The caller waits in this contact now: end that in which he was to be called back."""
        callback = self._book.of_caller(contact)
        if callback is not None and callback.contact.contact_id != contact.contact_id:
            self.end(
                callback.contact.contact_id,
                Disposition.CALLED_AGAIN,
                f"waits in contact {contact.contact_id}",
            )

    def hand_over(
        self, contact: Contact, *, in_line: bool, outcome: CallbackOutcome | None
    ) -> None:
        """No leg of the contact is left: it waits, pauses, or was called often enough."""
        callback = self._book.get(contact.contact_id)
        if callback is None:
            return
        callback.in_call, callback.in_line, callback.joins_s = False, in_line, None
        now_s = self._clock.monotonic_s()
        queue = self._queues.get(contact.queue_id)
        if outcome in COUNTED:
            callback.attempts += 1
        if queue is not None and callback.attempts >= queue.callback.attempts:
            tried = f"called {callback.attempts} times, the last: {outcome}"
            self._close(callback, Disposition.CALLBACK_UNANSWERED, tried)
            return
        if queue is not None and outcome in COUNTED:
            callback.joins_s = now_s + queue.callback.retry_s
        elif outcome is CallbackOutcome.POSTPONED:
            callback.joins_s = now_s + POSTPONED_S
        elif not in_line:
            callback.joins_s = now_s
        self._save(callback)
        self._meet()

    def note(self, event: Event) -> None:
        """Count what concerns callbacks."""
        match event:
            case CallbackRequested():
                self.requests["kept"] += 1
            case CallbackRefused(reason=reason):
                self.requests[reason.value] += 1
            case CallbackAttempted(outcome=outcome):
                self.attempts[outcome.value] += 1

    # What call control asks.

    def begin(self, contact_id: str) -> Callback | None:
        """Take a callback out for a call; None: no such callback waits, or a call has it."""
        callback = self._book.get(contact_id)
        if callback is None or callback.in_call or self.draining:
            return None
        callback.in_call = True
        return callback

    def may_dial(self, contact: Contact) -> bool:
        """Tell whether one more customer of this queue may be called now."""
        queue = self._queues.get(contact.queue_id)
        now_s = self._clock.monotonic_s()
        return queue is not None and self._book.may_dial(queue.id, queue.callback, now_s)

    def postpone(self, contact: Contact) -> None:
        """The customer cannot be called now; the agent who was to serve him is free."""
        callback = self._book.get(contact.contact_id)
        if callback is None:
            return
        # He is no worse than before, so the agent is not told to have refused.
        self._routing.leave(contact.contact_id)
        told = CallbackAttempted(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id,
            agent_id=None,
            attempt=callback.attempts + 1,
            outcome=CallbackOutcome.POSTPONED,
            rang_s=0.0,
        )
        self._events.publish(told)
        self.note(told)
        self.hand_over(contact, in_line=False, outcome=CallbackOutcome.POSTPONED)

    def released(self, contact_id: str) -> bool:
        """The router lets the contact wait no longer; True: it waits here all the same."""
        callback = self._book.get(contact_id)
        if callback is None:
            return False
        callback.in_line = False
        callback.joins_s = self._clock.monotonic_s()
        self._meet()
        return True

    def end(self, contact_id: str, disposition: Disposition, reason: str) -> bool:
        """End a contact that waits for its callback, and a call of it; False: there is none."""
        callback = self._book.get(contact_id)
        if callback is None:
            return False
        if not self._end_call(contact_id, disposition, reason):
            self._close(callback, disposition, reason)
        return True

    def queue_of(self, contact: Contact) -> QueueEntry:
        """Return the queue of a contact that waits; `may_dial` has found it."""
        return self._queues[contact.queue_id]

    def outbound_caller(self, contact: Contact) -> str | None:
        """Return the number that this customer sees; None: his trunk cannot dial out."""
        trunk = self._trunks.get(contact.trunk_id)
        if trunk is None or trunk.outbound is None:
            return None
        return trunk.outbound.caller or contact.dialled.partition(";")[0]

    def number_of(self, contact: Contact) -> str:
        """Return the number to call a customer at.

        Raises:
            NotKnown: The rules, which may have changed, allow none.
        """
        queue = self._queues.get(contact.queue_id)
        number = number_to_call(contact.caller)
        if queue is None or number is None or not may_call(number, queue.callback.numbers):
            raise NotKnown("number that may be called for contact", contact.contact_id)
        return number

    def waiting(self) -> Mapping[str, int]:
        """Return how many callbacks each queue has."""
        return {queue_id: self._book.waiting(queue_id) for queue_id in self._queues}

    def views(self) -> Sequence[CallbackView]:
        """Return every callback as it stands, the oldest first."""
        now, now_s = self._clock.utc(), self._clock.monotonic_s()
        return [
            CallbackView(
                contact_id=one.contact.contact_id,
                queue_id=one.contact.queue_id,
                requested_at=one.requested_at,
                expires_at=now + timedelta(seconds=one.expires_s - now_s),
                waited_s=self._waited_s(one.contact),
                attempts=one.attempts,
                in_call=one.in_call,
                retry_at=None
                if one.joins_s is None
                else now + timedelta(seconds=one.joins_s - now_s),
            )
            for one in sorted(self._book, key=lambda each: each.contact.contact_id)
        ]

    # The inside.

    def _add(self, contact: Contact, kept: KeptCallback) -> Callback:
        queue = self._queues.get(contact.queue_id)
        # Without its queue it is closed as soon as it is to join it.
        hours = 1.0 if queue is None else queue.callback.hours_max
        now, now_s = self._clock.utc(), self._clock.monotonic_s()
        asked_s = now_s - (now - kept.requested_at).total_seconds()
        callback = Callback(
            contact=contact,
            requested_at=kept.requested_at,
            expires_s=asked_s + hours * 3_600,
            attempts=kept.attempts,
        )
        self._book.add(callback)
        return callback

    def _meet(self) -> None:
        """Do what is due, and see to it that this is called when more is."""
        if self.draining:
            return
        now_s = self._clock.monotonic_s()
        for callback in self._book.due(now_s):
            if callback.expires_s <= now_s:
                waited = "waited for callback.hours_max"
                self._close(callback, Disposition.CALLBACK_EXPIRED, waited)
            else:
                self._join(callback, now_s)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self._book.next_deadline_s()
        if due_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, due_s - now_s), self._meet)

    def _join(self, callback: Callback, now_s: float) -> None:
        """Let the contact wait in the line again, at its old place."""
        contact = callback.contact
        queue = self._queues.get(contact.queue_id)
        if queue is None:
            self._close(callback, Disposition.FAILED, f"queue {contact.queue_id} is no more")
            return
        try:
            self._routing.keep_place(contact.contact_id)
            self._routing.enqueue(
                queue_request(
                    contact, queue, waited_s=self._waited_s(contact), prefers=callback.prefers
                )
            )
        except LimitExceeded:
            callback.joins_s = now_s + FULL_RETRY_S
            return
        except NotKnown as error:
            self._close(callback, Disposition.FAILED, str(error))
            return
        except IllegalTransition:
            log.warning("callback waits already", contact=contact.contact_id)
        callback.in_line, callback.joins_s = True, None
        self._save(callback)

    def _close(self, callback: Callback, disposition: Disposition, reason: str) -> None:
        contact = callback.contact
        self._book.remove(contact.contact_id)
        if callback.in_line:
            self._routing.leave(contact.contact_id)
        contact.step(ContactTrigger.CLOSE)
        contact.closed_s = self._clock.monotonic_s()
        contact.disposition = disposition

        async def close() -> None:
            await self._records.close(contact, reason)
            self._store.forget(contact.contact_id)
            self._events.publish(closing(contact, reason))

        task = asyncio.get_running_loop().create_task(close(), name="callback closed")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _save(self, callback: Callback) -> None:
        now, now_s = self._clock.utc(), self._clock.monotonic_s()
        pause_s = None if callback.joins_s is None else callback.joins_s - now_s
        self._store.save(
            KeptCallback(
                contact=callback.contact,
                queued_at=self._queued_at(callback.contact),
                requested_at=callback.requested_at,
                attempts=callback.attempts,
                retry_at=None if pause_s is None else now + timedelta(seconds=pause_s),
            )
        )

    def _waited_s(self, contact: Contact) -> float:
        now_s = self._clock.monotonic_s()
        return now_s - (now_s if contact.queued_s is None else contact.queued_s)

    def _queued_at(self, contact: Contact) -> datetime:
        return self._clock.utc() - timedelta(seconds=self._waited_s(contact))


def _failed(contact: Contact, clock: Clock) -> Contact:
    contact.step(ContactTrigger.CLOSE)
    contact.closed_s = clock.monotonic_s()
    contact.disposition = Disposition.FAILED
    return contact
