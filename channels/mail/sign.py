"""DKIM: what we send is signed, so that others can tell it from what only says it is ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import dkim
import structlog

from config.mail_send import MailDkim
from domain.errors import ConfigurationError

SIGNED: Final = (
    *(b"from", b"from", b"to", b"subject", b"subject", b"date", b"message-id", b"reply-to"),
    *(b"in-reply-to", b"references", b"mime-version", b"content-type"),
    *(b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe"),
)
"""RFC 6376 section 5.4.1. From and Subject stand here twice, so that nobody can add a second one
without breaking the signature (section 8.15)."""

_log = structlog.get_logger(__name__)


class Signer:
    """Signs for each domain with its key."""

    def __init__(self, keys: Sequence[MailDkim]) -> None:
        """Read the keys.

        Raises:
            ConfigurationError: A key cannot be read or cannot sign.
        """
        self._keys: dict[str, tuple[bytes, bytes]] = {}
        for entry in keys:
            key = _read(entry.key)
            self._keys[entry.domain.lower()] = (entry.selector.encode(), key)
            try:
                self.sign(b"From: a@b\r\n\r\n", entry.domain)
            except Exception as error:
                # dkimpy has its own errors, and lets those of ASN.1 through.
                raise ConfigurationError(
                    f"mail.dkim {entry.domain}: {entry.key}: no RSA key in PEM form"
                    f" ({type(error).__name__})"
                ) from None

    def sign(self, mail: bytes, domain: str) -> bytes:
        """Return a mail with its signature before it, or as it is where there is no key.

        Takes some 10 ms: not for the event loop.

        Args:
            mail: Lines end with CR LF.
            domain: Of its sender, in ASCII.
        """
        found = self._keys.get(domain.lower())
        if found is None:
            return mail
        selector, key = found
        signature = dkim.sign(
            mail,
            selector,
            domain.lower().encode(),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(SIGNED),
        )
        return bytes(signature) + mail


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"mail.dkim: {path}: {error.strerror}") from error
