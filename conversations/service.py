"""The conversations as channels and agents' desks ask of them: the port `Conversations`."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Self

import structlog

from conversations.desk import RouterSide
from conversations.entries import Entry
from conversations.figures import ConversationFigures
from conversations.followers import Follower
from conversations.rules import Rules
from conversations.saying import Saying
from conversations.senders import Senders
from conversations.shell import DESK, MARKS, MARKS_EVERY_S, sortable_id
from conversations.taking_up import take_up
from domain.agent import AgentState, AgentView, language_proficiency
from domain.contact import Channel, Contact, Disposition
from domain.conversation import Conversation, ConversationState
from domain.conversation_events import DeliveryChanged
from domain.conversation_ports import (
    AttachmentVault,
    ConversationStore,
    Marked,
    Outlet,
)
from domain.customer import Identifier
from domain.errors import LimitExceeded, NobodyServes, NotKnown
from domain.escalation_ports import CallMaker, WrittenRouting
from domain.identity_ports import Identities
from domain.message import Author, Delivery, Message
from domain.offer import DeclineReason
from domain.ports import AgentDesk, Clock, ContactLedger, EventPublisher
from domain.skill import SkillRequirement, meets

PAGE_MAX: Final = 1_000
"""Messages of one answer."""

_log = structlog.get_logger(__name__)


class ConversationService(Saying, RouterSide):
    """Implements the ports `Conversations`, `Escalations` and `ContactDesk`.

    Use it as an async context manager: entering takes up what the run before has left open, so the
    router must be entered before; leaving writes what waits to be written. Leaving twice is
    harmless.
    """

    def __init__(
        self,
        *,
        store: ConversationStore,
        vault: AttachmentVault,
        ledger: ContactLedger,
        routing: WrittenRouting,
        agents: AgentDesk,
        events: EventPublisher,
        clock: Clock,
        rules: Rules,
        outlets: Mapping[str, Outlet] | None = None,
        identities: Identities | None = None,
        calls: CallMaker | None = None,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        """Begin with nothing open.

        Args:
            store: Conversations and messages.
            vault: What is known of attachments.
            ledger: Contacts.
            routing: The router's line.
            agents: The router's agents, of whom somebody must be able to take a transfer.
            events: Takes every event.
            clock: The one source of time.
            rules: What the configuration says.
            outlets: The way out by source; the mapping is looked at when something goes out, so
                channels may be added to it later.
            identities: Who is who; None: nobody is recognised.
            calls: Calls customers; None: no conversation becomes a call.
            new_id: Gives ids; None: such that sort by time.
        """
        super().__init__(
            store=store,
            ledger=ledger,
            routing=routing,
            events=events,
            clock=clock,
            rules=rules,
            outlets={} if outlets is None else outlets,
            new_id=sortable_id(clock) if new_id is None else new_id,
        )
        self._vault = vault
        self._agents = agents
        self._identities = identities
        self._calls = calls
        self._senders = Senders()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self.records.__aenter__()
        for entry, actions in await take_up(
            self._store, self._ledger, self._entries, rules=self._rules, clock=self._clock
        ):
            async with self._entries.holding(entry.thread.conversation.conversation_id):
                await self._carry_out(entry, actions)
        self._arm()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.followers.end()
        self.desks.end()
        await self.settled()
        self._write_marks()
        await self.records.__aexit__(*exc)

    # What is asked.

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return how a conversation stands.

        Raises:
            NotKnown: There is no such conversation.
        """
        entry = self._entries.get(conversation_id)
        if entry is not None:
            return entry.thread.conversation
        found = await self._store.get(conversation_id)
        if found is None:
            raise NotKnown("conversation", conversation_id)
        return found

    async def open_with(self, source: str, address: Identifier) -> Conversation | None:
        """Return the newest conversation of an address in one place; None: there is none."""
        sender = self._senders.get(source, address)
        async with sender.lock:
            await self._look_up(sender, source, Channel.CHAT, address)
        if sender.conversation_id is None:
            return None
        entry = self._entries.get(sender.conversation_id)
        if entry is not None:
            return entry.thread.conversation
        return await self._store.get(sender.conversation_id)

    async def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, internal: bool = False
    ) -> Sequence[Message]:
        """Return messages with a higher sequence, in order; notes only with `internal`.

        Raises:
            NotKnown: There is no such conversation.
            LimitExceeded: `limit` is over 1,000.
        """
        if limit > PAGE_MAX:
            raise LimitExceeded("messages of one page", limit, PAGE_MAX)
        entry = self._entries.get(conversation_id)
        if entry is not None:
            known = entry.recent.since(after, limit=limit, internal=internal)
            if known is not None:
                return known
        found = await self._store.messages(
            conversation_id, after=after, limit=limit, internal=internal
        )
        if not found:
            await self.conversation(conversation_id)
        return found

    async def agent_has(self, agent_id: str) -> Sequence[Conversation]:
        """Return the conversations that an agent serves or has parked, the oldest first."""
        held: list[tuple[float, Conversation]] = []
        for conversation_id in self._by_agent.get(agent_id, ()):
            entry = self._entries.get(conversation_id)
            if entry is not None and entry.thread.contact is not None:
                held.append((entry.thread.contact.arrived_s, entry.thread.conversation))
        return [conversation for _, conversation in sorted(held, key=lambda one: one[0])]

    def figures(self) -> ConversationFigures:
        """Return how the conversations do."""
        states = Counter(
            entry.thread.conversation.state for entry in self._entries if entry.held is not None
        )
        outside = sum(len(names) for names in self._outside.values())
        return ConversationFigures(
            waiting=states[ConversationState.WAITING] - outside,
            outside=outside,
            served=states[ConversationState.SERVED],
            parked=states[ConversationState.PARKED],
            idle=states[ConversationState.IDLE],
            present=len(self._present),
            followers=len(self.followers),
            desks=len(self.desks),
            records_dropped=self.records.dropped,
            records_waiting=len(self.records),
        )

    def forgotten(self, before: datetime) -> None:
        """Idle conversations were forgotten whose last message is older: remember them no more."""
        self._entries.drop_idle(before)
        self._senders.drop_idle()

    def customer_forgotten(self, conversation_ids: Sequence[str]) -> None:
        """These conversations were forgotten with their customer: end and remember none of them.

        Whoever follows one is let go; a customer who is there comes again, and begins anew.
        """
        self._senders.forget(frozenset(conversation_ids))
        for conversation_id in conversation_ids:
            if self._entries.get(conversation_id) is None:
                self.followers.end_of(conversation_id)
            else:
                self._start(self._forget(conversation_id))

    # Marks, typing, presence.

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        """One side has messages up to a sequence (`DELIVERED`), or has read them (`READ`).

        The system marks what the next system has taken over (`SENT`). Harmless when it is said
        already. Raises `NotKnown` for no such conversation or message.
        """
        async with self._entries.holding(conversation_id) as entry:
            self._check_sequence(entry, sequence)
            if not entry.thread.marked(by, delivery, sequence):
                return
            if by is not Author.SYSTEM:
                # Written later with others, so that a mark costs no transaction of its own.
                entry.written = entry.thread.conversation
                self._marked[conversation_id] = None
                if (MARKS,) not in self._deadlines:
                    self._at((MARKS,), self._clock.monotonic_s() + MARKS_EVERY_S)
                    self._arm()
            if by is not Author.AGENT:
                self._publish_delivery(entry, delivery, sequence)
            told = Marked(
                conversation_id=conversation_id, by=by, delivery=delivery, sequence=sequence
            )
            self._tell(entry, told)

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        """A message to the customer could not be delivered, and is given up.

        Raises:
            NotKnown: There is no such conversation or message.
        """
        async with self._entries.holding(conversation_id) as entry:
            self._check_sequence(entry, sequence)
            self._publish_delivery(entry, Delivery.FAILED, sequence, reason)
            told = Marked(
                conversation_id=conversation_id,
                by=Author.SYSTEM,
                delivery=Delivery.FAILED,
                sequence=sequence,
            )
            self._tell(entry, told)

    def typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        """Tell the other side; harmless for a conversation that nobody follows."""
        now_s = self._clock.monotonic_s()
        ends_s = now_s + self._rules.settings.typing_s
        if self._typing.note((conversation_id, author), typing, now_s, ends_s):
            self._tell_typing(conversation_id, author, typing)
            self._await_typing()
            self._arm()

    def presence(self, conversation_id: str, present: bool) -> None:
        """The customer's client has connected, or the last one is gone."""
        if present:
            self._present.add(conversation_id)
        else:
            self._present.discard(conversation_id)
        entry = self._entries.get(conversation_id)
        if entry is None or entry.thread.is_present is present:
            return
        self._start(
            self._handle(
                conversation_id,
                lambda thread: thread.presence(conversation_id in self._present),
            )
        )

    def follow(self, conversation_id: str) -> Follower:
        """Return what happens in a conversation from now on, without internal notes."""
        follower = self.followers.follow(conversation_id)
        self._await_place(conversation_id)
        self._arm()
        return follower

    def follow_agent(self, agent_id: str) -> Follower:
        """Return what happens in all conversations of an agent; offers that are open come first."""
        is_first = agent_id not in self.desks
        follower = self.desks.follow(agent_id)
        if is_first:
            self._at((DESK, agent_id), None)
            self._routing.set_at_desk(agent_id, True)
        for offer_id, conversation_id in self._offers.items():
            entry = self._entries.get(conversation_id)
            offer = None if entry is None else entry.thread.offer
            if entry is None or offer is None or offer.offer_id != offer_id:
                continue
            if offer.agent_id == agent_id:
                follower.tell(self._shown(entry, offer))
        return follower

    # What agents do.

    async def accept(self, agent_id: str, offer_id: str) -> Conversation | None:
        """The agent takes an offer. None: too late, it is settled otherwise."""
        conversation_id = self._offers.get(offer_id)
        if conversation_id is None:
            return None
        async with self._entries.holding(conversation_id) as entry:
            offer = entry.thread.offer
            if offer is None or offer.offer_id != offer_id or offer.agent_id != agent_id:
                return None
            if not self._routing.accept(offer_id):
                return None
            self._offers.pop(offer_id, None)
            await self._carry_out(entry, entry.thread.accepted())
            return entry.thread.conversation

    async def decline(self, agent_id: str, offer_id: str) -> None:
        """The agent refuses an offer; harmless if it is settled already."""
        conversation_id = self._offers.get(offer_id)
        if conversation_id is None:
            return
        async with self._entries.holding(conversation_id) as entry:
            offer = entry.thread.offer
            if offer is None or offer.offer_id != offer_id or offer.agent_id != agent_id:
                return
            self._offers.pop(offer_id, None)
            await self._carry_out(entry, entry.thread.declined(DeclineReason.DECLINED))

    async def park(self, conversation_id: str, agent_id: str, until: datetime | None) -> None:
        """Lay a mail or message aside; it no longer takes one of the agent's slots.

        Raises:
            NotServing: He does not have it.
            IllegalTransition: A chat whose customer is present cannot be parked.
            LimitExceeded: He has laid aside as many as he may.
        """
        async with self._entries.holding(conversation_id) as entry:
            entry.thread.check_has(agent_id)
            parked = sum(
                one.state is ConversationState.PARKED for one in await self.agent_has(agent_id)
            )
            limit = self._rules.settings.parked_max
            if parked >= limit:
                raise LimitExceeded("conversations.parked_max of one agent", parked + 1, limit)
            await self._carry_out(entry, entry.thread.parked(until))

    async def resume(self, conversation_id: str) -> None:
        """Take a parked conversation up again: it waits, and next for the agent who parked it.

        Raises:
            IllegalTransition: It is not parked.
        """
        await self._handle(conversation_id, lambda thread: thread.resumed())

    async def transfer(
        self,
        conversation_id: str,
        agent_id: str,
        *,
        to_agent: str | None = None,
        to_queue: str | None = None,
        requirement: SkillRequirement | None = None,
    ) -> None:
        """Hand a conversation on: to an agent, a queue, or whoever has a skill; one of the three.

        Raises:
            NotServing: `agent_id` does not have it.
            NotKnown: No such agent or queue.
            NobodyServes: Nobody who is logged in has the skill.
            ValueError: None or several of the three are given.
        """
        if sum(one is not None for one in (to_agent, to_queue, requirement)) != 1:
            raise ValueError("a transfer goes to one of an agent, a queue and a skill")
        if to_agent is not None and not self._rules.is_agent(to_agent):
            raise NotKnown("agent", to_agent)
        if to_queue is not None and self._rules.queue(to_queue) is None:
            raise NotKnown("queue", to_queue)
        async with self._entries.holding(conversation_id) as entry:
            entry.thread.check_has(agent_id)
            contact = entry.thread.contact
            if requirement is not None and not any(
                _may_take(view, contact, requirement, besides=agent_id)
                for view in self._agents.agents()
            ):
                raise NobodyServes(f"{requirement.skill} at {requirement.proficiency_min}")
            actions = entry.thread.transferred(
                to_agent=to_agent, to_queue=to_queue, requirement=requirement
            )
            await self._carry_out(entry, actions)

    async def close(
        self, conversation_id: str, *, agent_id: str | None, disposition: Disposition
    ) -> None:
        """End its contact; the conversation is idle until the customer writes again.

        Raises:
            NotServing: An agent who does not have it.
            IllegalTransition: No contact is open.
        """
        await self._handle(conversation_id, lambda thread: thread.close_by(agent_id, disposition))

    def _check_sequence(self, entry: Entry, sequence: int) -> None:
        if not 1 <= sequence <= entry.thread.conversation.last_sequence:
            raise NotKnown("message", sequence)

    def _publish_delivery(
        self, entry: Entry, delivery: Delivery, sequence: int, reason: str = ""
    ) -> None:
        conversation = entry.thread.conversation
        self._events.publish(
            DeliveryChanged(
                conversation_id=conversation.conversation_id,
                contact_id=conversation.contact_id,
                sequence=sequence,
                delivery=delivery,
                reason=reason,
            )
        )


def _may_take(
    view: AgentView, contact: Contact | None, requirement: SkillRequirement, *, besides: str
) -> bool:
    """Tell whether an agent who is there could take a contact over."""
    agent = view.agent
    return (
        contact is not None
        and agent.agent_id != besides
        and view.state is not AgentState.LOGGED_OUT
        and meets(requirement, agent.skills)
        and language_proficiency(agent.languages, contact.language) > 0
    )
