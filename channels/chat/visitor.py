"""Visitors' tokens: a browser keeps one and is recognised by it; nobody can make one but we.

The token is "v1.ID.MAC". The id is what is stored; without the MAC, which only this node can
compute, whoever reads the id from a record or a backup cannot take the visitor's place.
"""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError

ID_BYTES: Final = 16
KEY_BYTES: Final = 32
_PREFIX: Final = "v1"
_TOKEN_CHARACTERS_MAX: Final = 100


class VisitorTokens:
    """Makes and checks tokens under one key."""

    def __init__(self, key: bytes) -> None:
        """Take the key, `KEY_BYTES` long."""
        assert len(key) == KEY_BYTES
        self._key = key

    def new(self) -> tuple[str, str]:
        """Return a new visitor's id and his token."""
        visitor_id = secrets.token_hex(ID_BYTES)
        return visitor_id, self._token(visitor_id)

    def read(self, token: str) -> str | None:
        """Return the id that a token stands for; None: it is not one of ours."""
        parts = token.split(".") if len(token) <= _TOKEN_CHARACTERS_MAX else []
        if len(parts) != 3 or parts[0] != _PREFIX or not token.isascii():
            return None
        if not hmac.compare_digest(self._token(parts[1]), token):
            return None
        return parts[1]

    def _token(self, visitor_id: str) -> str:
        signed = f"warmline-chat visitor {_PREFIX} {visitor_id}".encode()
        mac = hmac.new(self._key, signed, hashlib.sha256).digest()
        return f"{_PREFIX}.{visitor_id}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def load_key(path: Path) -> bytes:
    """Return the key in a file, which is made when it is missing, readable by its owner alone.

    Raises:
        ConfigurationError: It cannot be read or made, or is none.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f"{path.name}.new")
            # Made private before anything stands in it.
            new.touch(mode=0o600)
            new.write_text(secrets.token_hex(KEY_BYTES) + "\n", encoding="ascii")
            new.replace(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "is not hexadecimal"
        raise ConfigurationError(f"{path}: {cause}") from None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{path}: a key of {len(key)} bytes, not of {KEY_BYTES}")
    return key
