"""Mails with real signatures, by keys that a test makes."""

import base64
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MAIL = (
    b"From: Customer <customer@mail.example.com>\r\nTo: support@example.org\r\n"
    b"Subject: Signed\r\nMessage-ID: <s1@example.com>\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nWhere is my parcel?\r\n"
)


@cache
def pair() -> tuple[bytes, str]:
    """Return a private key as PEM, and the record that publishes the other half."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def signed(raw: bytes = MAIL, domain: str = "example.com", *, length: bool = False) -> bytes:
    """Return a mail with one more signature on top."""
    private, _ = pair()
    field = dkim.DKIM(raw).sign(
        b"key1", domain.encode(), private, canonicalize=(b"relaxed", b"relaxed"), length=length
    )
    return bytes(field) + raw
