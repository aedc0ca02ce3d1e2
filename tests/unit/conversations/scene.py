"""Conversations with a real router, a clock that stands, and records in memory."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from config.conversations import Conversations as Settings
from config.routing import Routing
from config.schema import AgentEntry, QueueEntry
from conversations.followers import Follower
from conversations.rules import Rules
from conversations.service import ConversationService
from domain.agent import AgentState
from domain.attachment import Attachment
from domain.contact import Channel, Contact
from domain.conversation import ConversationState
from domain.conversation_ports import Update
from domain.customer import Identifier, IdentifierKind
from domain.errors import Outdated, StoreError
from domain.message import Author, Draft, Inbound
from domain.opening import ALWAYS_OPEN
from domain.ports import ContactRecord
from domain.proof import Proof
from router.policy import AgentPolicy, RouterPolicy
from router.service import RouterService
from tests.unit.pbx.clock import ManualClock


class Journal:
    def __init__(self):
        self.events = []

    def publish(self, event):
        self.events.append(event)
        return len(self.events)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Records:
    """What outlives a kill: the store's tables, as dictionaries."""

    conversations: dict = field(default_factory=dict)
    by_id: dict = field(default_factory=dict)
    in_order: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    outgoing: list = field(default_factory=list)
    contacts: dict = field(default_factory=dict)
    interactions: list = field(default_factory=list)
    attachments: dict = field(default_factory=dict)
    lookups: int = 0
    failing: bool = False

    def _check(self):
        if self.failing:
            raise StoreError("the disk is full")

    # ConversationStore

    async def find_duplicate(self, inbound):
        self._check()
        self.lookups += 1
        return self.keys.get((inbound.source, inbound.sender, inbound.client_id))

    async def update(self, conversation):
        await asyncio.sleep(0)
        self._check()
        if conversation.conversation_id not in self.conversations:
            raise Outdated("it is not there")
        self.conversations[conversation.conversation_id] = conversation

    async def get(self, conversation_id):
        self._check()
        return self.conversations.get(conversation_id)

    async def of_address(self, source, address):
        self._check()
        found = [
            one
            for one in self.conversations.values()
            if one.source == source and one.address == address
        ]
        return max(found, key=lambda one: one.last_at, default=None)

    async def unsettled(self):
        self._check()
        return sorted(
            (one for one in self.conversations.values() if one.state is not ConversationState.IDLE),
            key=lambda one: one.conversation_id,
        )

    async def add(self, conversation, message, *, inbound, is_new, outgoing=False):
        await asyncio.sleep(0)
        self._check()
        name = conversation.conversation_id
        assert is_new is (name not in self.conversations)
        known = self.in_order.setdefault(name, [])
        assert message.sequence == len(known) + 1 == conversation.last_sequence
        if inbound is not None:
            key = (inbound.source, inbound.sender, inbound.client_id)
            assert key not in self.keys, "stored twice"
            self.keys[key] = message
        known.append(message)
        self.by_id[message.message_id] = message
        self.conversations[name] = conversation
        if outgoing:
            self.outgoing.append(message.message_id)

    async def messages(self, conversation_id, *, after, limit, internal):
        found = [
            one
            for one in self.in_order.get(conversation_id, ())
            if one.sequence > after and (internal or not one.internal)
        ]
        return found[:limit]

    async def message(self, message_id):
        return self.by_id.get(message_id)

    async def assign(self, conversation_id, customer_id, proof):
        known = self.conversations[conversation_id]
        self.conversations[conversation_id] = replace(known, customer_id=customer_id)


class Ledger:
    """Contacts as rows: times are kept as seconds since arrival."""

    def __init__(self, records: Records):
        self.rows = records.contacts
        self.interactions = records.interactions
        self._records = records

    def _row(self, contact: Contact) -> Contact:
        def after(moment):
            return None if moment is None else moment - contact.arrived_s

        return replace(
            contact,
            arrived_s=0.0,
            queued_s=after(contact.queued_s),
            connected_s=after(contact.connected_s),
            closed_s=after(contact.closed_s),
        )

    async def open(self, contact):
        self._records._check()
        self.rows[contact.contact_id] = self._row(contact)

    async def update(self, contact):
        self._records._check()
        self.rows[contact.contact_id] = self._row(contact)

    async def close(self, contact, reason):
        self._records._check()
        self.rows[contact.contact_id] = self._row(contact)

    async def add_interaction(self, interaction):
        self.interactions.append(interaction)

    async def get(self, contact_id):
        row = self.rows.get(contact_id)
        if row is None:
            return None
        return ContactRecord(
            contact=replace(row),
            closed_at=None,
            wait_s=row.wait_s,
            talk_s=row.talk_s,
            interactions=(),
            customer_speech_s=0.0,
            turns=0,
        )


class Vault:
    def __init__(self, records: Records):
        self._attachments = records.attachments

    async def get(self, attachment_id):
        return self._attachments.get(attachment_id)


class Out:
    """An outlet that notes what it is given."""

    def __init__(self):
        self.delivered = []
        self.error = None

    async def deliver(self, conversation, message):
        if self.error is not None:
            raise self.error
        self.delivered.append(message.text)


def agent(name: str = "ann", **entry) -> AgentEntry:
    entry.setdefault("languages", {"en": 5, "zh": 5})
    return AgentEntry(id=name, name=name.title(), extension="100", **entry)


def queue(name: str = "sales", **entry) -> QueueEntry:
    entry.setdefault("wrap_up_s", 0)
    return QueueEntry(id=name, name=name, numbers=["1"], **entry)


VISITOR = Identifier(IdentifierKind.VISITOR, "v1")
APART = frozenset({frozenset({Channel.VOICE, Channel.CHAT})})


def inbound(text: str = "Hello", number: str = "1", **more) -> Inbound:
    more = {"source": "chat", "channel": Channel.CHAT, "sender": VISITOR, "present": True, **more}
    more.setdefault("proof", Proof.NONE)
    return Inbound(client_id=number, queue_id=more.pop("queue_id", "sales"), text=text, **more)


def mail(text: str = "Dear all", number: str = "m1", **more) -> Inbound:
    sender = more.pop("sender", Identifier(IdentifierKind.MAIL, "joe@example.com"))
    return inbound(
        text, number, source="mail", channel=Channel.MAIL, sender=sender, present=False, **more
    )


def note(text: str, agent_id: str | None = "ann", number: str = "d1", **more) -> Draft:
    return Draft(client_id=number, text=text, agent_id=agent_id, **more)


class House:
    """A node's part that conversations need, in one event loop; `async with`."""

    def __init__(
        self,
        *,
        agents=None,
        queues=None,
        records: Records | None = None,
        clock: ManualClock | None = None,
        outlets=None,
        identities=None,
        calls=None,
        analysed=False,
        hours=ALWAYS_OPEN,
        **settings,
    ):
        agents = agents or (agent(),)
        queues = queues or (queue(),)
        self.clock = clock or ManualClock()
        self.records = records or Records()
        self.ledger = Ledger(self.records)
        # The records have the parts of the ports that conversations ask for.
        store: Any = self.records
        ledger: Any = self.ledger
        vault: Any = Vault(self.records)
        self.journal = Journal()
        self.settings = Settings(**settings)
        policy = RouterPolicy(
            agents={one.id: AgentPolicy.of(one, APART) for one in agents},
            queues={one.id: one for one in queues},
            weights=Routing(),
            offer_s={Channel(name): value for name, value in self.settings.offer_s.items()},
        )
        self.router = RouterService(policy, events=self.journal, clock=self.clock)
        self.rules = Rules(self.settings, queues, agents, analysed=analysed, hours=hours)
        self.talk = ConversationService(
            store=store,
            vault=vault,
            ledger=ledger,
            routing=self.router,
            agents=self.router,
            events=self.journal,
            clock=self.clock,
            rules=self.rules,
            outlets=outlets,
            identities=identities,
            calls=calls,
        )
        self.router.desk = self.talk
        self.desks: dict[str, Follower] = {}

    async def __aenter__(self) -> "House":
        await self.router.__aenter__()
        await self.talk.__aenter__()
        return self

    async def __aexit__(self, *exc):
        await self.talk.__aexit__(*exc)
        await self.router.__aexit__(*exc)

    async def killed(self, **more) -> "House":
        """End without a word, and return what is started after it over the same records."""
        self.talk.records._inbox.clear()
        self.talk._marked.clear()
        await self.__aexit__(None, None, None)
        return House(records=self.records, clock=self.clock, **more)

    async def at_desk(self, agent_id: str = "ann", *, ready: bool = True) -> Follower:
        follower = self.desks[agent_id] = self.talk.follow_agent(agent_id)
        if ready:
            self.router.request_state(agent_id, AgentState.READY, "test")
        await self.settled()
        return follower

    async def settled(self) -> None:
        """Let everything happen that is due now."""
        for _ in range(12):
            self.router.advance()
            self.talk.advance()
            await self.talk.settled()
            await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        await self.settled()
        self.clock.advance(seconds)
        await self.settled()

    def offer(self, agent_id: str = "ann"):
        """Return the offer that an agent is asked to take."""
        offers = [
            entry.thread.offer
            for entry in self.talk._entries
            if entry.held is not None and entry.thread.offer is not None
        ]
        return next((one for one in offers if one.agent_id == agent_id), None)

    async def accepts(self, agent_id: str = "ann"):
        await self.settled()
        offer = self.offer(agent_id)
        assert offer is not None, "nothing is offered"
        conversation = await self.talk.accept(agent_id, offer.offer_id)
        await self.settled()
        return conversation

    def texts(self, conversation_id: str, author: Author | None = None) -> list[str]:
        return [
            message.text
            for message in self.records.in_order.get(conversation_id, ())
            if author in {None, message.author}
        ]


def told(follower: Follower, kind: type[Update]) -> list:
    """Return, and take out, what a follower was told of one kind."""
    found = [update for update in follower._updates if isinstance(update, kind)]
    follower._updates.clear()
    return found


def attachment(number: int = 1) -> Attachment:
    return Attachment(
        attachment_id=f"{number:032x}",
        name="picture.png",
        media_type="image/png",
        bytes=10,
        content_hash="0" * 64,
        uploaded_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
