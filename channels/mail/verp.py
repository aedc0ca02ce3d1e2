"""The return address of each mail that goes out, so that a bounce names its mail by itself.

Many bounces hold nothing of the mail that they are about but the address that it came from: it
bears a token, `bounces+TOKEN@example.org`, that nobody else can make.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

from channels.mail.addresses import split

_MESSAGE_ID: Final = re.compile(r"^[0-9a-f]{32}$")
TAG_BYTES: Final = 10
"""80 bits: to guess one, a mail would have to come for each of 10^24 tries."""
_ID_BYTES: Final = 16
_LETTERS: Final = 42
"""Base32 of 26 bytes without its padding."""


class ReturnPaths:
    """Makes and reads such addresses."""

    def __init__(self, address: str, key: bytes) -> None:
        """Take the address that bears the token, and the key that signs it."""
        self._local, _, self._domain = split(address)
        self._key = key

    @property
    def address(self) -> str:
        """The address without a token."""
        return f"{self._local}@{self._domain}"

    def of(self, message_id: str) -> str:
        """Return the return address of one of our messages.

        Args:
            message_id: 32 hexadecimal digits.
        """
        assert _MESSAGE_ID.match(message_id), "not an id of ours"
        raw = bytes.fromhex(message_id)
        token = base64.b32encode(raw + self._tag(raw)).decode().rstrip("=").lower()
        # b_ tells it from the token of a conversation, where both have one address.
        return f"{self._local}+b_{token}@{self._domain}"

    def message_of(self, address: str) -> str | None:
        """Return the message whose return address it is; None: it is none of ours."""
        local, token, domain = split(address)
        letters = token.removeprefix("b_")
        if (local, domain) != (self._local, self._domain) or letters == token:
            return None
        if len(letters) != _LETTERS:
            return None
        try:
            raw = base64.b32decode(letters.upper() + "=" * (-len(letters) % 8))
        except ValueError:
            return None
        message, tag = raw[:_ID_BYTES], raw[_ID_BYTES:]
        return message.hex() if hmac.compare_digest(tag, self._tag(message)) else None

    def _tag(self, raw: bytes) -> bytes:
        return hmac.digest(self._key, b"return-path\0" + raw, hashlib.sha256)[:TAG_BYTES]
