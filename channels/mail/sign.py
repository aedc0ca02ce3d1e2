"""DKIM: what we send is signed, so that others can tell it from what only says it is ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import dkim

from channels.mail.ed25519 import ALGORITHM, seed_of, teach
from config.mail_send import MailDkim
from domain.errors import ConfigurationError

SIGNED: Final = (
    *(b"from", b"from", b"to", b"subject", b"subject", b"date", b"message-id", b"reply-to"),
    *(b"in-reply-to", b"references", b"mime-version", b"content-type"),
    *(b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe"),
)
"""RFC 6376 section 5.4.1. From and Subject stand here twice, so that nobody can add a second one
without breaking the signature (section 8.15)."""

_Key = tuple[bytes, bytes, bytes]
"""Selector, private key as dkimpy takes it, algorithm."""


class Signer:
    """Signs for each domain with its keys: RSA, or Ed25519, or one of each."""

    def __init__(self, keys: Sequence[MailDkim]) -> None:
        """Read the keys.

        Raises:
            ConfigurationError: A key cannot be read or cannot sign.
        """
        teach()
        self._keys: dict[str, list[_Key]] = {}
        for entry in keys:
            pem = _read(entry.key)
            try:
                seed = seed_of(pem)
                key: _Key = (
                    (entry.selector.encode(), pem, b"rsa-sha256")
                    if seed is None
                    else (entry.selector.encode(), seed, ALGORITHM)
                )
                _field(b"From: a@b\r\n\r\n", entry.domain, key)
            except Exception as error:
                # dkimpy has its own errors, and lets those of ASN.1 through.
                raise ConfigurationError(
                    f"mail.dkim {entry.domain}: {entry.key}: no RSA or Ed25519 key in PEM form"
                    f" ({type(error).__name__})"
                ) from None
            self._keys.setdefault(entry.domain.lower(), []).append(key)

    def sign(self, mail: bytes, domain: str) -> bytes:
        """Return a mail with its signatures before it, or as it is where there is no key.

        Takes some 10 ms: not for the event loop.

        Args:
            mail: Lines end with CR LF.
            domain: Of its sender, in ASCII.
        """
        keys = self._keys.get(domain.lower(), ())
        return b"".join(_field(mail, domain, key) for key in keys) + mail


def _field(mail: bytes, domain: str, key: _Key) -> bytes:
    selector, private, algorithm = key
    field = dkim.sign(
        mail,
        selector,
        domain.lower().encode(),
        private,
        canonicalize=(b"relaxed", b"relaxed"),
        signature_algorithm=algorithm,
        include_headers=list(SIGNED),
    )
    return bytes(field)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"mail.dkim: {path}: {error.strerror}") from error
