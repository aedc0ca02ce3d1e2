"""The signature of a webhook, by which its receiver knows that it is ours and unchanged."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

SCHEME: Final = "v1"
"""HMAC-SHA256 with a shared key."""
DIGITS_MAX: Final = 12
"""Of seconds since 1970."""
SIGNATURES_MAX: Final = 8
"""Looked at: a sender whose key changes signs with the old one and the new one."""
TOLERANCE_S: Final = 300
"""How far a time may be off: Standard Webhooks 1.0.0, verifying webhook authenticity."""


def signature(key: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the signature of one attempt, as `Webhook-Signature` carries it.

    Args:
        key: Shared with the receiver.
        message_id: Without a full stop, for that is what parts the three.
        timestamp_s: Of the attempt, seconds since 1970.
        body: Exactly the bytes that are sent.

    Source:
        Standard Webhooks 1.0.0, signature scheme: `{msg_id}.{timestamp}.{payload}`.
    """
    assert "." not in message_id, "the parts of what is signed could be cut elsewhere"
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{SCHEME},{base64.b64encode(digest).decode()}"


def signed_headers(key: bytes, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the header fields that tell of one attempt and sign it.

    Args:
        key: Shared with the receiver.
        message_id: The same at every attempt, so that the receiver can pass over a second one.
        at: Of the attempt: a receiver refuses what is old, which keeps an eavesdropper from
            sending it again.
        body: Exactly the bytes that are sent.
    """
    timestamp_s = int(at.timestamp())
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(timestamp_s),
        "Webhook-Signature": signature(key, message_id, timestamp_s, body),
    }


def fault_of(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """Return why a request is not from whoever has the key; None: it is.

    Args:
        key: Shared with the sender.
        headers: Of the request, by names in lower case.
        body: Exactly the bytes that came.
        now: Wall time, UTC.
    """
    message_id, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or "." in message_id or not message_id.isascii():
        return "Webhook-Id is missing or no id"
    if not (told.isascii() and told.isdigit() and len(told) <= DIGITS_MAX):
        return "Webhook-Timestamp is missing or no number"
    if abs(now.timestamp() - int(told)) > TOLERANCE_S:
        return f"Webhook-Timestamp is over {TOLERANCE_S} s off"
    wanted = signature(key, message_id, int(told), body).encode()
    given = headers.get("webhook-signature", "").encode("utf-8", "surrogateescape").split(b" ")
    if any(hmac.compare_digest(wanted, each) for each in given[:SIGNATURES_MAX]):
        return None
    return "Webhook-Signature does not fit"
