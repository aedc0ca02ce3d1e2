"""What is sent of an event: its place in the stream, when it was, what it was."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from domain.event_codec import encode
from domain.events import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event for one webhook.

    Attributes:
        message_id: The same for every attempt and webhook, also after a restart.
        at: When the event happened, UTC.
        kind: Name of the event's type.
        body: JSON, UTF-8; the very bytes that are signed.
    """

    message_id: str
    sequence: int
    at: datetime
    kind: str
    body: bytes


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
    )
