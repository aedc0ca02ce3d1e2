"""Who a customer is: a visitor without a name, or a user whom the operator's site vouches for.

The site signs a JSON Web Token (RFC 7519); what it may look like is pinned by the configuration,
never chosen by the token (RFC 8725).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import jwt

from config.chat import ChatIdentity
from domain.customer import Identifier, IdentifierKind
from domain.errors import ConfigurationError, WarmlineError
from domain.proof import Proof

TOKEN_CHARACTERS_MAX: Final = 8_192
"""Longer headers are refused on the way; a site's token has under 1,000."""
SUBJECT_CHARACTERS_MAX: Final = 200
NAME_CHARACTERS_MAX: Final = 200
KEY_BYTES_MIN: Final = 32
"""RFC 7518 section 3.2: a key of HS256 has at least 256 bits."""


class IdentityRefused(WarmlineError):
    """A signed identity is not believed. The message repeats nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a connection belongs to.

    Attributes:
        name: As the site calls him; "" for a visitor.
        claims: "email" and "phone_number", where the site has said them.
    """

    address: Identifier
    proof: Proof
    name: str = field(default="", repr=False)
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """By which tables know him."""
        return key_of(self.address)


def key_of(address: Identifier) -> str:
    """Return by what tables know an address: a digest, so that none holds the address itself."""
    text = f"{address.kind}\n{address.value}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def visitor(visitor_id: str) -> Person:
    """Return a visitor, of whom nothing is known but that he is the same as before."""
    return Person(
        address=Identifier(IdentifierKind.VISITOR, visitor_id), proof=Proof.NONE, claims={}
    )


class SignedIdentity:
    """Checks the tokens of the operator's site."""

    def __init__(self, settings: ChatIdentity) -> None:
        """Read the key.

        Raises:
            ConfigurationError: The key is missing, too short or of the wrong kind. The key itself
                is not repeated.
        """
        self._settings = settings
        self._key = read_key(settings)

    def check(self, token: str, now: datetime) -> Person:
        """Return whom a token speaks of.

        Args:
            token: As the page has it from the site.
            now: Wall time, UTC.

        Raises:
            IdentityRefused: The signature, a time, issuer, audience or the subject.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise IdentityRefused(f"identity: over {TOKEN_CHARACTERS_MAX} characters")
        settings = self._settings
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[settings.algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                # The times are checked below, by the clock that was given.
                options={
                    "require": ["exp", "sub", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise IdentityRefused(f"identity: {type(error).__name__}") from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise IdentityRefused("identity: no JSON Web Token") from None
        self._check_times(claims, now.timestamp())
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX:
            raise IdentityRefused(f"identity: sub is no text of 1 to {SUBJECT_CHARACTERS_MAX}")
        return Person(
            address=Identifier(IdentifierKind.APP, subject),
            proof=Proof.PROVED,
            name=_text(claims.get("name")),
            claims={
                name: text
                for name in ("email", "phone_number")
                if (text := _text(claims.get(name)))
            },
        )

    def _check_times(self, claims: Mapping[str, Any], now_s: float) -> None:
        skew_s = self._settings.skew_s
        expires_s = _seconds(claims, "exp")
        assert expires_s is not None, "required above"
        if now_s >= expires_s + skew_s:
            raise IdentityRefused("identity: exp has passed")
        if expires_s > now_s + self._settings.lifetime_s_max + skew_s:
            raise IdentityRefused(f"identity: exp is over {self._settings.lifetime_s_max:g} s away")
        for name in ("nbf", "iat"):
            begins_s = _seconds(claims, name)
            if begins_s is not None and begins_s > now_s + skew_s:
                raise IdentityRefused(f"identity: {name} lies in the future")


def read_key(settings: ChatIdentity) -> Any:
    """Return the key that a site's tokens are checked with.

    For HS256 the secret as it is written; for RS256 and ES256 a public key in PEM. A private key
    is refused: it has no business here.

    Raises:
        ConfigurationError: It is none of that.
    """
    text = settings.key.read()
    if settings.algorithm == "HS256":
        key = text.encode()
        if len(key) < KEY_BYTES_MIN:
            raise ConfigurationError(
                f"chat.identity.key: {len(key)} bytes; HS256 needs at least {KEY_BYTES_MIN}"
            )
        if "-----BEGIN" in text:
            # Whoever knows a public key could sign with it.
            raise ConfigurationError("chat.identity.key: a PEM key is no secret for HS256")
        return key
    if "PRIVATE KEY" in text:
        raise ConfigurationError("chat.identity.key: a private key; write the public one")
    try:
        return jwt.get_algorithm_by_name(settings.algorithm).prepare_key(text)
    except (jwt.InvalidKeyError, ValueError, TypeError, NotImplementedError):
        raise ConfigurationError(
            f"chat.identity.key: no public key in PEM for {settings.algorithm}"
        ) from None


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name != "exp":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise IdentityRefused(f"identity: {name} is no number of seconds")
    return float(value)


def _text(value: object) -> str:
    """Return a claim as one line of text; "" for what is none."""
    if not isinstance(value, str):
        return ""
    return "".join(one for one in value if one.isprintable()).strip()[:NAME_CHARACTERS_MAX]
