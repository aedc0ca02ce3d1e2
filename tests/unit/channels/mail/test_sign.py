"""What we sign holds for whoever asks DNS for the key, RSA and Ed25519."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from channels.mail.origin import OriginCheck
from channels.mail.sign import Signer
from channels.mail.signatures import Signature, key_names, verify
from config.mail_send import MailDkim
from domain.errors import ConfigurationError
from tests.unit.channels.mail.dns_double import Names
from tests.unit.channels.mail.signing import MAIL, pair

ED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED_RECORD = f"v=DKIM1; k=ed25519; p={base64.b64encode(ED.public_key().public_bytes_raw()).decode()}"
RECORDS = {
    ("rsa._domainkey.example.com", "TXT"): [pair()[1]],
    ("ed._domainkey.example.com", "TXT"): [ED_RECORD],
}
PASS = Signature("example.com", "pass")


def entry(folder: Path, selector: str, pem: bytes) -> MailDkim:
    path = folder / f"{selector}.pem"
    path.write_bytes(pem)
    return MailDkim(domain="Example.com", selector=selector, key=path)


def pem_of(encryption=NoEncryption()) -> bytes:  # noqa: B008
    return ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.fixture
def rsa(tmp_path) -> MailDkim:
    return entry(tmp_path, "rsa", pair()[0])


@pytest.fixture
def ed(tmp_path) -> MailDkim:
    return entry(tmp_path, "ed", pem_of())


async def verified(raw: bytes, records=RECORDS) -> tuple[Signature, ...]:
    names = Names(records)
    keys = await OriginCheck(names).keys(key_names(raw, 100_000))
    return verify(raw, keys, 100_000)


@pytest.mark.parametrize("kinds", [("rsa",), ("ed",), ("rsa", "ed")])
async def test_each_key_of_the_domain_signs(kinds: tuple[str, ...], request) -> None:
    signer = Signer([request.getfixturevalue(kind) for kind in kinds])
    raw = signer.sign(MAIL, "EXAMPLE.COM")
    assert raw.endswith(MAIL)
    assert raw.count(b"DKIM-Signature:") == len(kinds)
    assert (b"a=ed25519-sha256" in raw) is ("ed" in kinds)
    assert await verified(raw) == (PASS,) * len(kinds)
    assert signer.sign(MAIL, "example.net") == MAIL


@pytest.mark.parametrize("kind", ["rsa", "ed"])
@pytest.mark.parametrize(
    ("old", "new"), [(b"Signed", b"Singed"), (b"parcel", b"money"), (b"Customer", b"Boss")]
)
async def test_what_was_changed_does_not_hold(kind: str, old: bytes, new: bytes, request) -> None:
    raw = Signer([request.getfixturevalue(kind)]).sign(MAIL, "example.com")
    (found,) = await verified(raw.replace(old, new))
    assert found.result in ("fail", "error")


async def test_another_key_in_dns_does_not_hold(ed: MailDkim) -> None:
    raw = Signer([ed]).sign(MAIL, "example.com")
    other = base64.b64encode(bytes(range(32))).decode()
    name = ("ed._domainkey.example.com", "TXT")
    for record in (f"v=DKIM1; k=ed25519; p={other}", "v=DKIM1; k=ed25519; p=AAAA"):
        (found,) = await verified(raw, {name: [record]})
        assert found.result in ("fail", "error")


@pytest.mark.parametrize(
    "pem",
    [b"no key", pem_of(BestAvailableEncryption(b"secret")), b""],
    ids=["text", "shut", "none"],
)
def test_what_cannot_sign_is_refused_at_once(pem: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no RSA or Ed25519 key in PEM form"):
        Signer([entry(tmp_path, "x", pem)])
