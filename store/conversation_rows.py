"""Conversations as rows and back; the customer's address, name and the subject are sealed."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Row

from domain.contact import Channel
from domain.conversation import Conversation, ConversationState
from domain.customer import Identifier, IdentifierKind
from domain.errors import StoreError
from domain.proof import Proof
from store.vault import Vault

_PLAIN: Final = (
    *("conversation_id", "source", "queue_id", "customer_id", "language", "contact_id"),
    *("agent_id", "topic", "opened_at", "last_at", "last_sequence", "customer_got"),
    *("customer_read", "agent_read", "parked_until", "due_at"),
)
"""Columns of `conversations` that are fields of the same name."""
_plain: Final = attrgetter(*_PLAIN)
_ADDRESS: Final = {"table": "conversations", "column": "address"}
_DETAILS: Final = {"table": "conversations", "column": "details"}

_log = structlog.get_logger(__name__)


class _Details(msgspec.Struct, frozen=True):
    """What is sealed of a conversation beside the address."""

    name: str = ""
    subject: str = ""


def address_mark(address: Identifier, vault: Vault) -> bytes:
    """Return by which conversations of an address are found.

    It is also that of `customer_identifiers` and `contacts.caller_mark`.
    """
    return vault.mark(address.forms()[0])


def conversation_row(conversation: Conversation, vault: Vault) -> Mapping[str, Any]:
    """Return the columns of `conversations`."""
    address = conversation.address
    return {
        **standing_row(conversation, vault),
        "address_kind": address.kind.value,
        "address": vault.seal(address.value, **_ADDRESS, row=conversation.conversation_id),
        "address_mark": address_mark(address, vault),
    }


def standing_row(conversation: Conversation, vault: Vault) -> Mapping[str, Any]:
    """Return the same without the customer's address, which stays as it is."""
    row: dict[str, Any] = dict(zip(_PLAIN, _plain(conversation), strict=True))
    details = _Details(name=conversation.name, subject=conversation.subject)
    sealed = None
    if details != _Details():
        text = msgspec.json.encode(details).decode()
        sealed = vault.seal(text, **_DETAILS, row=conversation.conversation_id)
    row["channel"] = conversation.channel.value
    row["proof"] = conversation.proof.value
    row["state"] = conversation.state.value
    row["details"] = sealed
    return row


def conversation_of(row: Row[Any], vault: Vault) -> Conversation:
    """Return the conversation of a row.

    A field that the vault cannot open is shown as empty, and the log says so: a conversation
    must not stop the others that are read with it.
    """
    address, details = "", _Details()
    try:
        address = vault.open(row.address, **_ADDRESS, row=row.conversation_id)
        if row.details is not None:
            text = vault.open(row.details, **_DETAILS, row=row.conversation_id)
            details = msgspec.json.decode(text, type=_Details)
    except (StoreError, msgspec.DecodeError) as error:
        _log.error("a conversation's details cannot be read", cause=str(error))
    return Conversation(
        **{name: getattr(row, name) for name in _PLAIN},
        channel=Channel(row.channel),
        proof=Proof(row.proof),
        state=ConversationState(row.state),
        address=Identifier(IdentifierKind(row.address_kind), address),
        name=details.name,
        subject=details.subject,
    )
