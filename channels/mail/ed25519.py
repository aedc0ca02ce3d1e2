"""Ed25519 for DKIM (RFC 8463), by the library that the vault is made with.

dkimpy asks PyNaCl for it, a second library for the same curve. It is handed what it asks of that
one, made of `cryptography`.
"""

import base64
from types import SimpleNamespace
from typing import Final

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ALGORITHM: Final = b"ed25519-sha256"


class _SigningKey:
    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))

    def sign(self, digest: bytes) -> SimpleNamespace:
        return SimpleNamespace(signature=self._key.sign(digest))


class _VerifyKey:
    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


def teach() -> None:
    """Let dkimpy sign and verify with Ed25519 in this process; twice is harmless."""
    parts = SimpleNamespace(
        signing=SimpleNamespace(SigningKey=_SigningKey, VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(ValueError=ValueError, BadSignatureError=InvalidSignature),
    )
    vars(dkim)["nacl"] = parts


def seed_of(pem: bytes) -> bytes | None:
    """Return an Ed25519 key of a PEM file as dkimpy takes it; None: it is of another kind.

    Raises:
        ValueError: It is no unencrypted private key.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("encrypted") from None
    if not isinstance(key, Ed25519PrivateKey):
        return None
    return base64.b64encode(key.private_bytes_raw())
