"""Carries out what threads decide: commits, events, the router, followers, deadlines.

Under the lock of a conversation its thread says what shall be done; how it stands is committed;
then it is done, in order. What the router tells comes without the lock, for it must be answered at
once, and touches only how the contact waits and is offered.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, assert_never

import structlog

from conversations import actions as do
from conversations.actions import Action
from conversations.contact_records import ContactRecords
from conversations.entries import Entry
from conversations.rules import Rules
from conversations.telling import PLACE, TYPING, Telling
from conversations.thread import Thread
from domain.chance import random_bytes
from domain.contact import Disposition
from domain.conversation import ConversationState
from domain.conversation_ports import (
    ConversationStore,
    NewMessage,
    OfferGone,
    Outlet,
)
from domain.errors import IllegalTransition, LimitExceeded, NotKnown, Outdated, StoreError
from domain.escalation_ports import WrittenRouting
from domain.message import Author, Message
from domain.ports import Clock, ContactLedger, EventPublisher

PREVIEW_CHARACTERS_MAX: Final = 200
BACKLOG_EVERY_S: Final = 2.0
"""How often it is looked whether a full queue has room again; agents take minutes for each."""
MARKS_EVERY_S: Final = 1.0
"""How long marks gather before they are written; a kill loses so much of them, and the customer's
program sets them again."""
IDLE: Final = "idle chat"
AWAY: Final = "customer away"
PARKED: Final = "parked until"
DESK: Final = "desk left"
BACKLOG: Final = "room looked for"
MARKS: Final = "marks written"

_log = structlog.get_logger(__name__)


class Shell(Telling):
    """What every port of the conversations stands on."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        ledger: ContactLedger,
        routing: WrittenRouting,
        events: EventPublisher,
        clock: Clock,
        rules: Rules,
        outlets: Mapping[str, Outlet],
        new_id: Callable[[], str],
    ) -> None:
        super().__init__(routing=routing, clock=clock, rules=rules)
        self._store = store
        self._ledger = ledger
        self._events = events
        self._outlets = outlets
        self._new_id = new_id
        self.records: Final = ContactRecords(ledger, store)
        self._by_contact: dict[str, str] = {}
        self._by_agent: dict[str, dict[str, None]] = {}
        self._offers: dict[str, str] = {}
        self._outside: dict[str, dict[str, None]] = {}
        self._present: set[str] = set()
        self._marked: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = float("inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[str, Callable[[Thread], list[Action]]] = {
            IDLE: lambda thread: thread.idled(),
            AWAY: lambda thread: thread.stayed_away(),
            PARKED: lambda thread: thread.resumed() if thread.is_parked else [],
        }

    # Time.

    def advance(self) -> None:
        """Do what is due now. The timer calls it; a test with a clock of its own may too."""
        self._timer, self._timer_s = None, float("inf")
        now_s = self._clock.monotonic_s()
        for name in self._deadlines.due(now_s):
            self._meet(name, now_s)
        self._arm()

    async def settled(self) -> None:
        """Wait until what was begun in the background is done."""
        while self._tasks:
            await asyncio.gather(*list(self._tasks))

    def _meet(self, name: tuple[str, ...], now_s: float) -> None:
        match name:
            case (kind, conversation_id) if kind in self._handlers:
                self._start(self._handle(conversation_id, self._handlers[kind]))
            case (kind,) if kind == PLACE:
                self._tell_places(now_s)
            case (kind, agent_id) if kind == DESK:
                self._start(self._agent_gone(agent_id))
            case (kind,) if kind == BACKLOG:
                self._start(self._refill())
            case (kind,) if kind == TYPING:
                for conversation_id, author in self._typing.ended(now_s):
                    self._tell_typing(conversation_id, author, False)
                self._await_typing()
            case (kind,) if kind == MARKS:
                self._write_marks()
            case _:
                raise AssertionError(f"no deadline of kind {name}")

    def _arm(self) -> None:
        if self._loop is None:
            return
        at_s = self._deadlines.next_s()
        due_s = float("inf") if at_s is None else at_s
        if due_s == self._timer_s:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_s = due_s
        if at_s is not None:
            delay_s = max(0.0, at_s - self._clock.monotonic_s())
            self._timer = self._loop.call_later(delay_s, self.advance)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; a failure is logged and stops nothing else."""

        async def guarded() -> None:
            try:
                await work
            except StoreError as error:
                _log.error("conversation work failed", reason=str(error))
            except Exception:
                _log.exception("conversation work failed")

        task = asyncio.get_running_loop().create_task(guarded(), name="conversation")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Threads.

    async def _load(self, conversation_id: str) -> Thread | None:
        conversation = await self._store.get(conversation_id)
        if conversation is None:
            return None
        thread = Thread(conversation, rules=self._rules, clock=self._clock)
        thread.is_present = conversation_id in self._present
        return thread

    async def _handle(self, conversation_id: str, decide: Callable[[Thread], list[Action]]) -> None:
        """Let a thread decide under its lock, and do as it says."""
        async with self._entries.holding(conversation_id) as entry:
            await self._carry_out(entry, decide(entry.thread))

    async def _forget(self, conversation_id: str) -> None:
        """End what is open of a conversation that is no longer stored, and drop it."""
        async with self._entries.holding(conversation_id) as entry:
            if entry.thread.contact is not None:
                actions = entry.thread.closed(Disposition.FAILED, "the customer was forgotten")
                await self._carry_out(
                    entry, [one for one in actions if not isinstance(one, do.Say)]
                )
            self._marked.pop(conversation_id, None)
            self._entries.drop(conversation_id)
            self.followers.end_of(conversation_id)

    async def _carry_out(self, entry: Entry, actions: Sequence[Action]) -> None:
        """Commit how the conversation stands, and do what its thread wants done."""
        left: list[Action] = list(actions)
        while left:
            for action in left:
                if isinstance(action, do.Leave):
                    self._leave(action)
            opened = [action for action in left if isinstance(action, do.OpenContact)]
            lines = [action for action in left if isinstance(action, do.Say)]
            # The contact's row and our lines in one transaction of the store.
            opening = [asyncio.create_task(self._open(entry, action)) for action in opened]
            try:
                said = [await self._write_line(entry, line) for line in lines]
                await self._commit(entry)
            finally:
                if opening:
                    await asyncio.gather(*opening)
            left = self._perform(entry, left)
            for told in said:
                self._tell_line(entry, told)
        await self._commit(entry)
        self._index(entry)

    async def _commit(self, entry: Entry) -> None:
        """Write how the conversation stands; where that fails, again until it does not.

        Nothing acknowledged to a customer hangs on it: after a kill the conversation is taken up
        as it stood before.
        """
        conversation = entry.thread.conversation
        if conversation is entry.written:
            return
        entry.written = conversation
        try:
            await self._store.update(conversation)
        except Outdated:
            _log.warning("conversation is no longer stored")
        except StoreError as error:
            _log.warning("conversation not written yet", reason=str(error))
            self.records.standing(lambda: entry.thread.conversation)

    async def _open(self, entry: Entry, action: do.OpenContact) -> None:
        contact = action.contact
        self._by_contact[contact.contact_id] = entry.thread.conversation.conversation_id
        if action.is_new:
            try:
                await self._ledger.open(contact)
                return
            except StoreError as error:
                _log.warning("contact not written yet", reason=str(error))
        self.records.open(contact)

    def _perform(self, entry: Entry, actions: Sequence[Action]) -> list[Action]:
        """Do what needs no waiting; return what has come of it and is still to be done."""
        more: list[Action] = []
        for action in actions:
            match action:
                case do.UpdateContact(contact):
                    self.records.update(contact)
                case do.CloseContact(contact, reason):
                    self._by_contact.pop(contact.contact_id, None)
                    self.records.close(contact, reason)
                case do.RecordInteraction(interaction):
                    self.records.interaction(interaction)
                case do.Publish(event):
                    self._events.publish(event)
                case do.ShowStanding():
                    self._show_standing(entry)
                case do.TellAgent(agent_id, update):
                    if isinstance(update, OfferGone):
                        self._offers.pop(update.offer_id, None)
                    self.desks.tell(agent_id, update)
                case do.Enqueue() | do.Finish() | do.Decline():
                    more += self._route(entry, action)
                case do.Leave() | do.OpenContact() | do.Say():
                    pass  # Done before, and after.
                case _:
                    assert_never(action)
        return more

    def _route(self, entry: Entry, action: do.Enqueue | do.Finish | do.Decline) -> list[Action]:
        match action:
            case do.Enqueue():
                return self._enqueue(entry, action)
            case do.Finish(contact_id):
                self._routing.finish(contact_id)
            case do.Decline(offer_id, reason):
                self._routing.decline(offer_id, reason)
        return []

    def _enqueue(self, entry: Entry, action: do.Enqueue) -> list[Action]:
        thread, queued = entry.thread, action.queued
        if action.is_kept:
            self._routing.keep_place(queued.contact_id)
        try:
            self._routing.enqueue(queued)
        except LimitExceeded:
            thread.refused()
            entry.outside = queued.queue_id
            outside = self._outside.setdefault(queued.queue_id, {})
            outside[thread.conversation.conversation_id] = None
        except NotKnown:
            return thread.queue_gone()
        except IllegalTransition:
            _log.warning("conversation waits already", contact=queued.contact_id)
        return []

    def _leave(self, action: do.Leave) -> None:
        if action.is_kept:
            self._routing.keep_place(action.contact_id)
        self._routing.leave(action.contact_id)

    def _index(self, entry: Entry) -> None:
        """Bring up to date by what a conversation is found, and when it is looked at next."""
        thread = entry.thread
        conversation, state = thread.conversation, thread.conversation.state
        name, now_s = conversation.conversation_id, self._clock.monotonic_s()
        self._hold_for(entry, conversation.agent_id if thread.is_held else None)
        if entry.outside is not None and not thread.is_outside:
            self._come_in(entry.outside, name)
            entry.outside = None
        if self._outside and (BACKLOG,) not in self._deadlines:
            self._at((BACKLOG,), now_s + BACKLOG_EVERY_S)
        idle_s = thread.idle_due_s
        # A deadline that has become later is found out when it is met: words come more often.
        if idle_s is None or (IDLE, name) not in self._deadlines:
            self._at((IDLE, name), idle_s)
        away = thread.may_stay_away
        if not away or (AWAY, name) not in self._deadlines:
            self._at((AWAY, name), now_s + self._rules.settings.away_s if away else None)
        until, parked_s = conversation.parked_until, None
        if state is ConversationState.PARKED and until is not None:
            parked_s = now_s + max(0.0, (until - self._clock.utc()).total_seconds())
        self._at((PARKED, name), parked_s)
        self._await_place(name)
        self._arm()

    def _come_in(self, queue_id: str, conversation_id: str) -> None:
        """It waits outside a full queue no longer."""
        names = self._outside.get(queue_id, {})
        names.pop(conversation_id, None)
        if not names:
            self._outside.pop(queue_id, None)

    def _hold_for(self, entry: Entry, agent_id: str | None) -> None:
        name = entry.thread.conversation.conversation_id
        for known in {entry.shown_to, agent_id} - {None, agent_id}:
            assert known is not None
            names = self._by_agent.get(known, {})
            names.pop(name, None)
            if not names:
                self._by_agent.pop(known, None)
        if agent_id is not None:
            self._by_agent.setdefault(agent_id, {})[name] = None
        entry.shown_to = agent_id

    # What comes of time.

    def _write_marks(self) -> None:
        marked, self._marked = self._marked, {}
        for conversation_id in marked:
            entry = self._entries.get(conversation_id)
            if entry is not None:
                self.records.standing(lambda entry=entry: entry.thread.conversation)  # type: ignore[misc]

    async def _refill(self) -> None:
        """Let those who wait outside join their queue, the oldest first, while there is room."""
        try:
            for queue_id in list(self._outside):
                for conversation_id in list(self._outside[queue_id]):
                    gone = self._rules.queue(queue_id) is None
                    if not gone and not self._routing.has_room(queue_id):
                        break
                    await self._handle(conversation_id, lambda thread: thread.room())
        finally:
            if self._outside:
                self._at((BACKLOG,), self._clock.monotonic_s() + BACKLOG_EVERY_S)
                self._arm()

    def _desk_left(self, agent_id: str) -> None:
        self._at((DESK, agent_id), self._clock.monotonic_s() + self._rules.settings.agent_away_s)
        self._arm()

    async def _agent_gone(self, agent_id: str) -> None:
        """An agent's desk has not come back: what he served waits again."""
        if agent_id in self.desks:
            return
        self._routing.set_at_desk(agent_id, False)
        for conversation_id in list(self._by_agent.get(agent_id, ())):
            await self._handle(
                conversation_id,
                lambda thread: thread.agent_gone() if thread.is_served_by(agent_id) else [],
            )

    # Messages of ours.

    async def _write_line(
        self, entry: Entry, action: do.Say
    ) -> tuple[Message, list[Action]] | None:
        """Commit a line to the customer, and with it how the conversation stands.

        What it tells has happened, so a failure stops nothing: None is returned then.
        """
        conversation = entry.thread.conversation
        text = self._rules.line(
            action.line,
            conversation.language,
            agent_id=action.agent_id,
            queue_id=conversation.queue_id,
            at=self._clock.utc(),
        )
        message = self.message(entry, author=Author.SYSTEM, text=text)
        after = entry.thread.after_ours(message)
        try:
            await self._store.add(after, message, inbound=None, is_new=False)
        except StoreError as error:
            _log.warning("line not told", line=action.line, reason=str(error))
            return None
        entry.written = after
        entry.recent.note(message)
        return message, entry.thread.we_wrote(after, message)

    def _tell_line(self, entry: Entry, told: tuple[Message, list[Action]] | None) -> None:
        if told is not None:
            message, actions = told
            self._perform(entry, actions)
            self._tell(entry, NewMessage(message=message))

    def message(self, entry: Entry, *, author: Author, text: str, **more: Any) -> Message:
        """Return the next message of a conversation."""
        conversation = entry.thread.conversation
        more.setdefault("contact_id", conversation.contact_id)
        more.setdefault("message_id", self._new_id())
        return Message(
            conversation_id=conversation.conversation_id,
            sequence=conversation.last_sequence + 1,
            channel=conversation.channel,
            author=author,
            at=self._clock.utc(),
            text=text,
            language=conversation.language,
            **more,
        )


def sortable_id(clock: Clock) -> Callable[[], str]:
    """Return what gives ids of 32 hexadecimal digits that sort by the time of their making.

    Source:
        RFC 9562 section 5.7 (UUID version 7), the layout without its version bits.
    """

    def new_id() -> str:
        millis = int(clock.utc().timestamp() * 1_000)
        return f"{millis & 0xFFFF_FFFF_FFFF:012x}{random_bytes(10).hex()}"

    return new_id
