"""Outreach: we write to a customer of our own accord, where he wishes and allows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from domain.consent import Answer
from domain.contact import Channel
from domain.customer import Customer, Identifier, IdentifierKind
from domain.message import Draft, Message

PREFERRED: Final = "channel"
"""Preference of a customer that names the channel on which he wants to be written to."""
ALLOWED: Final = "channels"
"""Preference that names the only channels on which he may be, with commas; "none" for none."""
KEY_CHARACTERS_MAX: Final = 128
VALUE_CHARACTERS_MAX: Final = 500
"""Of a variable."""


class Refused(StrEnum):
    """Why a customer was not written to."""

    NO_CONSENT = "no_consent"
    """It is an offer, and he has not agreed to offers."""
    NOT_WISHED = "not_wished"
    """He does not want to be written to on any channel of the template."""
    NO_ADDRESS = "no_address"
    """No address of his is known for a channel that is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachWish:
    """Whom to write what.

    Attributes:
        key: The caller's name of it; asked again under the same key, it is sent once.
        variables: Values by name, all that the template asks for and no other.
        channel: None: as the customer prefers.
    """

    key: str
    template_id: str
    customer_id: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachRecord:
    """What became of it, as it is kept.

    Attributes:
        channel, message_id: None when it was not sent.
        refused: Why not; None when it was sent.
    """

    outreach_id: str
    template_id: str
    customer_id: str
    at: datetime
    channel: Channel | None = None
    message_id: str | None = None
    refused: Refused | None = None


class OutreachDesk(Protocol):
    """What programs and rules ask of outreach. All may raise `StoreError`."""

    async def send(self, wish: OutreachWish) -> OutreachRecord:
        """Write to a customer, or say why not; the same key again returns the first answer.

        Raises:
            NotKnown: No such template or customer.
            OutreachMistake: A variable is missing, is none of the template's, or is too long.
        """
        ...

    async def of_customer(self, customer_id: str, *, limit: int = 50) -> Sequence[OutreachRecord]:
        """Return what a customer was written, the newest first."""
        ...


class OutreachStore(Protocol):
    """The record of outreach. All may raise `StoreError`."""

    async def find(self, key: str) -> OutreachRecord | None:
        """Return what was asked under a key; None: nothing."""
        ...

    async def add(self, key: str, record: OutreachRecord) -> None:
        """Write what became of it; a key that is there keeps its first record."""
        ...

    async def of_customer(self, customer_id: str, *, limit: int) -> Sequence[OutreachRecord]:
        """Return the records of a customer, the newest first."""
        ...


class Audience(Protocol):
    """Who the customers are, and what they allow. All may raise `StoreError`."""

    async def customer(self, customer_id: str) -> Customer | None:
        """Return a customer, with the addresses of all who are part of him; None: there is none."""
        ...

    async def offers_answer(self, customer_id: str) -> Answer:
        """Return whether he has agreed to offers."""
        ...


class Writer(Protocol):
    """Conversations, as outreach asks them to write first. All may raise `StoreError`."""

    async def write_to(
        self,
        source: str,
        channel: Channel,
        address: Identifier,
        draft: Draft,
        *,
        queue_id: str,
        language: str,
    ) -> Message:
        """Commit a message to an address, in its newest conversation or a new one, and send it.

        The same `draft.client_id` returns the first message, wherever it was written to.

        Raises:
            NotKnown: There is no such queue, or no way out to that source.
        """
        ...

    async def said_under(self, client_id: str) -> Message | None:
        """Return what was committed under a client_id; None: nothing."""
        ...


def channels_for(
    customer: Customer, wanted: Sequence[Channel], only: Channel | None = None
) -> list[Channel]:
    """Return where a customer may be written to, the best first.

    Args:
        customer: Whose preferences count.
        wanted: The template's channels, the best first.
        only: The one that was asked for; None: any.
    """
    told = customer.preferences.get(ALLOWED)
    allowed = None if told is None else {one.strip() for one in told.split(",")}
    left = [
        one
        for one in wanted
        if (only is None or one is only) and (allowed is None or one.value in allowed)
    ]
    preferred = customer.preferences.get(PREFERRED)
    return sorted(left, key=lambda one: one.value != preferred)


def addresses_of(customer: Customer, channel: Channel) -> list[Identifier]:
    """Return a customer's addresses on a channel: mail addresses, or ids of apps."""
    kind = IdentifierKind.MAIL if channel is Channel.MAIL else IdentifierKind.APP
    return [one for one in customer.identifiers if one.kind is kind]
