"""Messages and their attachments as rows and back; whatever was written is sealed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Row

from domain.attachment import Attachment, Scan
from domain.contact import Channel
from domain.errors import StoreError
from domain.message import Author, Delivery, Inbound, Message
from store.vault import Vault

_PLAIN: Final = (
    *("message_id", "conversation_id", "sequence", "contact_id", "agent_id", "at", "language"),
    *("failure", "automatic", "internal"),
)
"""Columns of `messages` that are fields of the same name."""
MESSAGE_COLUMNS: Final = (*_PLAIN, "channel", "author", "body", "delivery")
"""What `message_of` reads."""
_BODY: Final = {"table": "messages", "column": "body"}
_NAME: Final = {"table": "attachments", "column": "name"}

_log = structlog.get_logger(__name__)


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed of a message."""

    text: str = ""
    html: str = ""
    quoted: str = ""
    subject: str = ""
    client_id: str = ""
    headers: dict[str, str] = {}


def message_row(message: Message, inbound: Inbound | None, vault: Vault) -> Mapping[str, Any]:
    """Return the columns of `messages`.

    Args:
        message: To be stored.
        inbound: What it came as; None for one that did not come in.
        vault: Seals it.
    """
    body = _Body(
        text=message.text,
        html=message.html,
        quoted=message.quoted,
        subject=message.subject,
        client_id=message.client_id,
        headers={} if inbound is None else dict(inbound.headers),
    )
    mark = inbound_mark(inbound, vault) if inbound is not None else said_mark(message, vault)
    text = msgspec.json.encode(body).decode()
    return {
        **{name: getattr(message, name) for name in _PLAIN},
        "channel": message.channel.value,
        "author": message.author.value,
        "delivery": message.delivery.value,
        "client_mark": mark,
        "body": vault.seal(text, **_BODY, row=message.message_id),
    }


def message_of(row: Any, attachments: Sequence[Attachment], vault: Vault) -> Message:
    """Return the message of a row.

    One that the vault cannot open is shown without its text, and the log says so.
    """
    body = body_of(row, vault)
    return Message(
        **{name: getattr(row, name) for name in _PLAIN},
        channel=Channel(row.channel),
        author=Author(row.author),
        delivery=Delivery(row.delivery),
        text=body.text,
        html=body.html,
        quoted=body.quoted,
        subject=body.subject,
        client_id=body.client_id,
        attachments=tuple(attachments),
    )


def body_of(row: Any, vault: Vault) -> _Body:
    """Return what is sealed of a row with `message_id` and `body`."""
    try:
        text = vault.open(row.body, **_BODY, row=row.message_id)
        return msgspec.json.decode(text, type=_Body)
    except (StoreError, msgspec.DecodeError) as error:
        _log.error("a message cannot be read", cause=str(error))
        return _Body()


def inbound_mark(inbound: Inbound, vault: Vault) -> bytes | None:
    """Return by what a message is known that is handed over again; None for one without an id."""
    if not inbound.client_id:
        return None
    sender = inbound.sender
    return _client_mark(
        vault, "in", inbound.source, sender.kind, sender.forms()[0], inbound.client_id
    )


def said_mark(message: Message, vault: Vault) -> bytes | None:
    """Return by what a message of an agent or of the system is known that is said again."""
    if not message.client_id:
        return None
    return said_again_mark(message.conversation_id, message.agent_id, message.client_id, vault)


def said_again_mark(
    conversation_id: str, agent_id: str | None, client_id: str, vault: Vault
) -> bytes:
    """Return the mark of what an agent, or the system, says under an id in a conversation."""
    return _client_mark(vault, "out", conversation_id, agent_id or "", client_id)


def _client_mark(vault: Vault, *parts: str) -> bytes:
    # As JSON, so that no part can pose as two.
    return vault.mark(msgspec.json.encode(("client", *parts)).decode())


def sealed_name(attachment_id: str, name: str, vault: Vault) -> bytes:
    """Return an attachment's name, sealed for its row."""
    return vault.seal(name, **_NAME, row=attachment_id)


def attachment_of(row: Row[Any], vault: Vault) -> Attachment:
    """Return the attachment of a row of `attachments`; its name is "" when it cannot be read."""
    name = ""
    try:
        name = vault.open(row.name, **_NAME, row=row.attachment_id) if row.name else ""
    except StoreError as error:
        _log.error("an attachment's name cannot be read", cause=str(error))
    return Attachment(
        attachment_id=row.attachment_id,
        name=name,
        media_type=row.media_type,
        bytes=row.bytes,
        content_hash=row.content_hash,
        uploaded_at=row.uploaded_at,
        scan=Scan(row.scan),
        inline_id=row.inline_id,
    )
