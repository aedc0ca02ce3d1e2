"""Tickets over a real database: what their tests share."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from domain.contact import Channel
from domain.customer import IdentifierKind
from domain.message import Author, Message
from domain.ticket import TicketReason
from domain.ticket_ports import TicketWish
from store.conversation_schema import CONVERSATIONS, MESSAGES
from store.opening import Store
from store.statements import Step
from tests.config_support import RIGHT, loaded
from tests.store_support import START, contact_id
from tickets.policy import TicketPolicy

TICKETS = """\
business_hours:
  - id: office
    timezone: UTC
    hours: {mon: [09:00-17:00], tue: [09:00-17:00], wed: [09:00-17:00], thu: [09:00-17:00]}
tickets:
  calendar: office
  due: {urgent_s: 3600, low_s: ~}
"""


def policy(rules: str = "", more: str = "") -> TicketPolicy:
    """Return a policy with these rules, each on a line of its own in braces."""
    text = RIGHT + TICKETS + more
    if rules:
        text += "  rules:\n" + "".join(f"    - {line}\n" for line in rules.splitlines())
    return TicketPolicy.of(loaded(text).configuration)


def wish(**more: Any) -> TicketWish:
    fields: dict[str, Any] = {
        "queue_id": "service",
        "reason": TicketReason.BY_HAND,
        "subject": "Router broken",
        "by": "anna",
    }
    return TicketWish(**{**fields, **more})


@dataclass
class Heard:
    """Where events go."""

    events: list[Any] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, event: Any) -> int:
        self.events.append(event)
        self.changed.set()
        return len(self.events)

    @property
    def told(self) -> list[tuple[str, str | None, str, str]]:
        return [(one.change, one.before, one.after, one.by) for one in self.events]


@dataclass
class Messages:
    """Where messages are read."""

    kept: dict[str, Message] = field(default_factory=dict)

    async def message(self, message_id: str) -> Message | None:
        return self.kept.get(message_id)

    def add(self, number: int, text: str, *, conversation: int = 500, **more: Any) -> Message:
        message = Message(
            message_id=contact_id(number),
            conversation_id=contact_id(conversation),
            sequence=number,
            channel=Channel.MAIL,
            author=Author.CUSTOMER,
            at=START,
            text=text,
            **more,
        )
        self.kept[message.message_id] = message
        return message


async def add_conversation(
    store: Store,
    number: int = 500,
    *,
    customer_id: str | None = None,
    proof: str = "presented",
    language: str = "en",
    at: datetime = START,
) -> str:
    """Write a row as the record of conversations does; return its id."""
    row = {
        "conversation_id": contact_id(number),
        "source": "mail",
        "channel": "mail",
        "queue_id": "service",
        "customer_id": customer_id,
        "proof": proof,
        "address_kind": IdentifierKind.MAIL.value,
        "address": b"sealed",
        "address_mark": bytes(32),
        "language": language,
        "state": "idle",
        "topic": "",
        "opened_at": at,
        "last_at": at,
        "last_sequence": 0,
        "customer_got": 0,
        "customer_read": 0,
        "agent_read": 0,
    }
    await store.database.write("conversation", Step(insert(CONVERSATIONS), (row,)))
    return contact_id(number)


async def add_message(store: Store, message: Message) -> None:
    """Write the row of a message as the record of messages does."""
    row = {
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "sequence": message.sequence,
        "channel": message.channel.value,
        "author": message.author.value,
        "at": message.at,
        "language": message.language,
        "body": b"sealed",
        "delivery": message.delivery.value,
        "failure": "",
        "automatic": message.automatic,
        "internal": message.internal,
    }
    await store.database.write("message", Step(insert(MESSAGES), (row,)))
