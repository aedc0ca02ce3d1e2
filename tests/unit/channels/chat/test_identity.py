"""Signed identities: what is believed, and the attacks that are not."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from channels.chat.identity import IdentityRefused, SignedIdentity
from config.chat import ChatIdentity
from domain.customer import Identifier, IdentifierKind
from domain.errors import ConfigurationError
from domain.proof import Proof
from tests.chat_support import START, chat_rig

SECRET = "a-shared-secret-of-over-32-bytes-at-random"
NOW_S = START.timestamp()


def claims(**more: Any) -> dict[str, Any]:
    return {
        "iss": "https://shop.example.org",
        "aud": "warmline",
        "sub": "user-4711",
        "exp": NOW_S + 300,
        **more,
    }


def settings(folder: Path, key: str, **more: Any) -> ChatIdentity:
    file = folder / "key"
    file.write_text(key)
    return ChatIdentity.model_validate(
        {
            "issuer": "https://shop.example.org",
            "audience": "warmline",
            "key": {"file": str(file)},
            **more,
        }
    )


def pem(key: Any, *, private: bool = False) -> str:
    if private:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture
def signed(tmp_path: Path) -> SignedIdentity:
    return SignedIdentity(settings(tmp_path, SECRET))


def test_a_users_token_is_believed(signed: SignedIdentity) -> None:
    token = jwt.encode(
        claims(name=" 王\n芳 ", email="w@example.org", phone_number=7), SECRET, "HS256"
    )
    person = signed.check(token, START)
    assert person.address == Identifier(IdentifierKind.APP, "user-4711")
    assert person.proof is Proof.PROVED
    assert person.name == "王芳"
    assert person.claims == {"email": "w@example.org"}
    assert "4711" not in repr(person)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_public_key_checks(algorithm: str, tmp_path: Path) -> None:
    key: Any = (
        rsa.generate_private_key(65_537, 2_048)
        if algorithm == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    signed = SignedIdentity(settings(tmp_path, pem(key), algorithm=algorithm))
    token = jwt.encode(claims(), pem(key, private=True), algorithm)
    assert signed.check(token, START).address.value == "user-4711"
    # The public key is known to everybody; as an HMAC secret it must prove nothing.
    with pytest.raises(IdentityRefused):
        signed.check(forged("HS256", pem(key).encode()), START)
    with pytest.raises(ConfigurationError, match="private key"):
        SignedIdentity(settings(tmp_path, pem(key, private=True), algorithm=algorithm))


def forged(algorithm: str, key: bytes, **more: Any) -> str:
    """Return a token made by hand, for libraries refuse to make it."""

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = part({"alg": algorithm, "typ": "JWT", **more}) + b"." + part(claims())
    mac = hmac.new(key, head, hashlib.sha256).digest() if key else b""
    return (head + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    "token",
    [
        forged("none", b""),
        forged("None", b""),
        forged("HS256", b""),
        forged("HS384", SECRET.encode()),
        forged("HS256", b"another secret"),
        # A key that the token brings along, or names, is none of ours.
        forged("HS256", b"mine", jwk={"kty": "oct", "k": "bWluZQ"}),
        forged("HS256", b"", kid="../../../../dev/null"),
        "",
        "a.b.c",
        "é.é.é",
        "x" * 9_000,
    ],
)
def test_a_forged_token_is_refused(signed: SignedIdentity, token: str) -> None:
    with pytest.raises(IdentityRefused) as refused:
        signed.check(token, START)
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": NOW_S - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": NOW_S + 90_000},
        {"nbf": NOW_S + 31},
        {"iat": NOW_S + 31},
        {"iss": "https://other.example.org"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": ""},
        {"sub": None},
        {"sub": "x" * 201},
        {"sub": 4711},
    ],
    ids=str,
)
def test_a_claim_that_is_not_right_is_refused(
    signed: SignedIdentity, wrong: dict[str, Any]
) -> None:
    said = {name: value for name, value in claims(**wrong).items() if value is not None}
    with pytest.raises(IdentityRefused):
        signed.check(jwt.PyJWS().encode(json.dumps(said).encode(), SECRET, "HS256"), START)


def test_clocks_may_differ_a_little(signed: SignedIdentity) -> None:
    for more in ({"exp": NOW_S - 29}, {"iat": NOW_S + 29}, {"nbf": NOW_S + 29}):
        assert signed.check(jwt.encode(claims(**more), SECRET, "HS256"), START)


@pytest.mark.parametrize(
    ("key", "algorithm", "words"),
    [
        ("short", "HS256", "5 bytes"),
        ("-----BEGIN PUBLIC KEY-----" + "x" * 40, "HS256", "PEM"),
        ("no key at all, though long enough", "RS256", "no public key"),
    ],
)
def test_a_key_of_the_wrong_kind_is_refused(
    key: str, algorithm: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        SignedIdentity(settings(tmp_path, key, algorithm=algorithm))


async def test_a_signed_user_chats_as_himself_on_every_device(tmp_path: Path) -> None:
    identity = settings(tmp_path, SECRET).model_dump()
    token = jwt.encode(claims(name="Maria", email="m@example.org"), SECRET, "HS256")
    async with chat_rig(identity=identity) as rig:
        client, visitor = await rig.enter(identity=token)
        assert visitor == ""
        await client.say("hello", "a1")
        await client.next("accepted")
        other, _ = await rig.enter(identity=token)
        assert (await other.next("message"))["text"] == "hello"
        inbound = rig.conversations.inbounds[0]
        assert inbound.sender == Identifier(IdentifierKind.APP, "user-4711")
        assert inbound.proof is Proof.PROVED
        assert (inbound.name, inbound.headers) == ("Maria", {"email": "m@example.org"})
        assert (await rig.ticket(identity=token, origin=None)).status_code == 201
        assert (await rig.ticket(identity=token + "x")).status_code == 401
        assert (await rig.ticket(origin=None)).status_code == 401
