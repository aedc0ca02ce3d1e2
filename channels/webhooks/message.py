"""What is sent of an event: its place in the stream, when it was, what it was."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.event_codec import encode
from domain.events import Envelope

_SUBJECTS: Final = ("contact_id", "conversation_id", "ticket_id", "agent_id")
"""Fields that name what an event is about, the first that is there counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event for one webhook.

    Attributes:
        message_id: The same for every attempt and webhook, also after a restart.
        at: When the event happened, UTC.
        kind: Name of the event's type.
        subject: The contact that it is about, else the conversation, ticket or agent; "" for
            none. What has one subject is told in order.
        body: JSON, UTF-8; the very bytes that are signed.
    """

    message_id: str
    sequence: int
    at: datetime
    kind: str
    body: bytes
    subject: str = ""


def message_of(envelope: Envelope, node: str) -> Message:
    """Return what is sent of an event.

    Args:
        envelope: The event and its place in the stream.
        node: Name of this node; of two that tell one receiver each needs its own.

    Raises:
        EventCodecError: The event holds what JSON has no form for.
    """
    told = json.loads(encode(envelope))
    place = f"{node}\n{told['seq']}\n{told['at']}"
    message_id = "evt_" + hashlib.sha256(place.encode()).hexdigest()[:32]
    body = json.dumps(
        {
            "id": message_id,
            "sequence": told["seq"],
            "at": told["at"],
            "type": told["type"],
            "data": told["event"],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return Message(
        message_id=message_id,
        sequence=envelope.sequence,
        at=envelope.at,
        kind=told["type"],
        body=body.encode(),
        subject=_subject(told["event"]),
    )


def _subject(fields: Mapping[str, Any]) -> str:
    named = (fields.get(name) for name in _SUBJECTS)
    return str(next(filter(None, named), ""))
