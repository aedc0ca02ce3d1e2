"""Paths by which an adapter gets a file: signed for an hour, so that it needs no token."""

import base64
import hashlib
import hmac
from typing import Final

VALID_S: Final = 3_600
"""A message is tried again for about as long."""


def path_of(messenger_id: str, key: bytes, attachment_id: str, now_s: float) -> str:
    """Return the path of a file with its signature.

    Args:
        messenger_id: Whose adapter may get it.
        key: Shared with the adapter.
        attachment_id: Which file.
        now_s: Seconds since 1970.
    """
    expires_s = int(now_s) + VALID_S
    signature = _signature(key, messenger_id, attachment_id, expires_s)
    return (
        f"/messengers/v1/{messenger_id}/attachments/{attachment_id}"
        f"?expires={expires_s}&signature={signature}"
    )


def is_valid(
    messenger_id: str,
    key: bytes,
    attachment_id: str,
    *,
    expires_s: int,
    signature: str,
    now_s: float,
) -> bool:
    """Tell whether a path was made by `path_of` and holds still."""
    wanted = _signature(key, messenger_id, attachment_id, expires_s)
    is_ours = hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogateescape"))
    return is_ours and now_s <= expires_s


def _signature(key: bytes, messenger_id: str, attachment_id: str, expires_s: int) -> str:
    signed = f"attachment\n{messenger_id}\n{attachment_id}\n{expires_s}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
