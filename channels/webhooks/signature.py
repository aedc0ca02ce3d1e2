"""The signature of a webhook, by which its receiver knows that it is ours and unchanged."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

SCHEME: Final = "v1"
"""HMAC-SHA256 with a shared key."""


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
