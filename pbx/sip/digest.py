"""Digest authentication (RFC 7616, RFC 8760): the server's side, and a small client's.

A nonce is stateless: a time and a random number under an HMAC. What is kept is the
window of nonce counts of those who proved a password, so a stranger fills no table.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import SipError
from domain.ports import Clock
from pbx.sip.fields import parameters, quote, split_outside_quotes

ALGORITHMS: Final = ("SHA-256", "MD5")
"""All that are known, the strongest first (RFC 8760 section 2.4)."""
CREDENTIALS_CHARACTERS_MAX: Final = 2_048
"""A telephone's credentials have 250 to 450 characters."""
NONCE_COUNTS_MAX: Final = 20_000
"""Nonces whose counts are kept: 1,000 telephones with 20 nonces in a nonce's life."""
COUNT_WINDOW: Final = 32
"""How far requests may overtake each other. A telephone sends REGISTER, SUBSCRIBE and
INVITE at once, and UDP does not keep their order; each count is still taken once, as
in the anti-replay window of RFC 4303 section 3.4.3."""

_HASHES: Final[dict[str, Callable[[bytes], "hashlib._Hash"]]] = {
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}
_NONCE: Final = struct.Struct("!Q8s")
_NONCE_MAC_BYTES: Final = 16
_NONCE_CHARACTERS: Final = (_NONCE.size + _NONCE_MAC_BYTES) // 3 * 4 + 4
_COUNT: Final = re.compile(r"[0-9a-fA-F]{8}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")


class DigestReason(StrEnum):
    """What became of credentials."""

    ACCEPTED = "accepted"
    MALFORMED = "malformed"
    """No Digest credentials, or a field of RFC 7616 section 3.4 is missing or too long."""
    REALM = "realm"
    ALGORITHM = "algorithm"
    QOP = "qop"
    """Not qop=auth; the form of RFC 2069 can be replayed and is refused."""
    URI = "uri"
    """Made for another request."""
    NONCE_STALE = "nonce_stale"
    """The password is right and the nonce expired, used up or not ours: try again."""
    NONCE_FOREIGN = "nonce_foreign"
    """Neither the password nor the nonce is right: proves nothing about who sent it."""
    REJECTED = "rejected"
    """Our nonce, and a wrong password or unknown name: counts towards a ban."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestVerdict:
    """The answer to one set of credentials.

    Attributes:
        username: Who it is; None unless accepted.
        stale: Challenge again with stale=true; the user need not be asked.
    """

    username: str | None
    stale: bool
    reason: DigestReason


@dataclass(slots=True)
class _Counts:
    """The highest nonce count seen, and which of the 32 up to it were."""

    highest: int
    seen: int
    issued_us: int


def ha1(username: str, realm: str, password: str, algorithm: str) -> str:
    """Return the hexadecimal H(username:realm:password) of RFC 7616 section 3.4.2.

    Raises:
        SipError: The algorithm is not one of `ALGORITHMS`.
    """
    return _hash(algorithm, f"{username}:{realm}:{password}")


def authorize(
    challenge: str,
    *,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str | None = None,
    count: int = 1,
) -> str:
    """Return the (Proxy-)Authorization value that answers a challenge.

    Raises:
        SipError: The challenge is no Digest challenge with qop=auth.
    """
    fields = _digest_fields(challenge)
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    algorithm = _algorithm(fields)
    if "auth" not in [each.strip() for each in fields.get("qop", "").split(",")] or not nonce:
        raise SipError("digest challenge: no nonce or no qop=auth")
    cnonce = cnonce if cnonce is not None else secrets.token_hex(8)
    response = _response(
        algorithm,
        ha1(username, realm, password, algorithm),
        nonce=nonce,
        count=f"{count:08x}",
        cnonce=cnonce,
        method=method,
        uri=uri,
    )
    opaque = f", opaque={quote(fields['opaque'])}" if "opaque" in fields else ""
    return (
        f"Digest username={quote(username)}, realm={quote(realm)}, nonce={quote(nonce)}, "
        f"uri={quote(uri)}, response={quote(response)}, algorithm={algorithm}, "
        f"cnonce={quote(cnonce)}, qop=auth, nc={count:08x}{opaque}"
    )


class DigestVerifier:
    """The server's side for one realm."""

    def __init__(
        self,
        *,
        realm: str,
        clock: Clock,
        nonce_lifetime_s: float,
        lookup: Callable[[str, str], str | None],
        secret: bytes | None = None,
        nonce_counts_max: int = NONCE_COUNTS_MAX,
        algorithms: Sequence[str] = ALGORITHMS,
    ) -> None:
        """Make a verifier that knows no nonce counts yet.

        Args:
            realm: Shown to users; part of every stored HA1.
            clock: Its monotonic time dates the nonces.
            nonce_lifetime_s: A nonce older than this is stale.
            lookup: Returns the HA1 of (username, algorithm); None for nobody's.
            secret: Key of the nonces; None: random, nonces end with the process.
            nonce_counts_max: Nonces whose counts are kept.
            algorithms: Offered in this order, and no other is accepted.
        """
        self._algorithms = tuple(dict.fromkeys(algorithms))
        self._realm = realm
        self._clock = clock
        self._lifetime_us = int(nonce_lifetime_s * 1e6)
        self._lookup = lookup
        self._secret = secret if secret is not None else secrets.token_bytes(32)
        self._counts_max = nonce_counts_max
        self._counts: OrderedDict[str, _Counts] = OrderedDict()
        self._forgotten_us = -1
        """Nonces issued up to here may have been used and forgotten, so they are stale."""
        self._opaque = self._mac(b"opaque", realm.encode("utf-8")).hex()

    @property
    def nonces_counted(self) -> int:
        """How many nonces have their counts kept."""
        return len(self._counts)

    def challenges(self, *, stale: bool = False, source: str = "") -> tuple[str, ...]:
        """Return one header value for each algorithm, in the order given.

        Args:
            stale: The credentials were right and the nonce was not.
            source: Address of the peer; the nonce is good for him alone. Whoever
                answers with it has received it, so he did not forge his address.
        """
        nonce = self._issue(source)
        ending = ", stale=true" if stale else ""
        return tuple(
            f'Digest realm={quote(self._realm)}, nonce="{nonce}", opaque="{self._opaque}", '
            f'algorithm={algorithm}, qop="auth"{ending}'
            for algorithm in self._algorithms
        )

    def verify(
        self, credentials: str, method: str, uri_expected: str, *, source: str = ""
    ) -> DigestVerdict:
        """Judge the value of an Authorization or Proxy-Authorization header field.

        An unknown name takes the same steps and gets the same answer as a wrong
        password, so nobody learns which names exist.

        Args:
            credentials: The value as received.
            method: The request's method.
            uri_expected: The Request-URI as received; the uri of the credentials must
                name the same user, host and port.
            source: As given to `challenges`.
        """
        try:
            fields = _digest_fields(credentials)
        except SipError:
            return _refusal(DigestReason.MALFORMED)
        problem = self._problem(fields, uri_expected)
        if problem is not None:
            return _refusal(problem)
        username, nonce, count = fields["username"], fields["nonce"], fields["nc"]
        algorithm = _algorithm(fields)
        known = self._lookup(username, algorithm)
        # The same work for nobody's name, with an HA1 that no password gives.
        against = (
            known
            if known is not None
            else self._mac(b"nobody", username.encode("utf-8", "surrogatepass")).hex()
        )
        expected = _response(
            algorithm,
            against,
            nonce=nonce,
            count=count,
            cnonce=fields["cnonce"],
            method=method,
            uri=fields["uri"],
        )
        right = hmac.compare_digest(expected, fields["response"].lower())
        issued_us = self._issued_us(nonce, source)
        if not right or known is None:
            fresh = issued_us is not None and self._is_fresh(issued_us)
            return _refusal(DigestReason.REJECTED if fresh else DigestReason.NONCE_FOREIGN)
        # RFC 7616 section 3.3: stale when the digest is right for a nonce that is not.
        if issued_us is None or not self._is_fresh(issued_us):
            return _refusal(DigestReason.NONCE_STALE, stale=True)
        if not self._take_count(nonce, int(count, 16), issued_us):
            return _refusal(DigestReason.NONCE_STALE, stale=True)
        return DigestVerdict(username=username, stale=False, reason=DigestReason.ACCEPTED)

    def _problem(self, fields: Mapping[str, str], uri_expected: str) -> DigestReason | None:
        """Return what is wrong with credentials before any secret is looked at."""
        checks = (
            (
                DigestReason.MALFORMED,
                all(fields.get(name) for name in ("username", "nonce", "uri", "response")),
            ),
            (DigestReason.REALM, fields.get("realm") == self._realm),
            (DigestReason.ALGORITHM, _algorithm(fields) in self._algorithms),
            (DigestReason.QOP, fields.get("qop", "").lower() == "auth"),
            # Both are needed with qop=auth (RFC 7616 section 3.4).
            (DigestReason.MALFORMED, bool(fields.get("cnonce"))),
            (DigestReason.MALFORMED, _COUNT.fullmatch(fields.get("nc", "")) is not None),
            (
                DigestReason.MALFORMED,
                _HEXADECIMAL.fullmatch(fields.get("response", "")) is not None,
            ),
            (DigestReason.URI, _resource(fields.get("uri", "")) == _resource(uri_expected)),
        )
        return next((reason for reason, holds in checks if not holds), None)

    def _mac(self, purpose: bytes, text: bytes) -> bytes:
        return hmac.digest(self._secret, purpose + b"\0" + text, "sha256")

    def _now_us(self) -> int:
        return int(self._clock.monotonic_s() * 1e6)

    def _issue(self, source: str) -> str:
        body = _NONCE.pack(self._now_us(), secrets.token_bytes(8))
        mac = self._mac(b"nonce", body + source.encode("utf-8"))[:_NONCE_MAC_BYTES]
        return base64.urlsafe_b64encode(body + mac).decode("ascii")

    def _issued_us(self, nonce: str, source: str) -> int | None:
        """Return when a nonce of ours was made for this source; None for any other."""
        if len(nonce) > _NONCE_CHARACTERS:
            return None
        try:
            raw = base64.b64decode(nonce.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        body, mac = raw[: _NONCE.size], raw[_NONCE.size :]
        if len(body) < _NONCE.size:
            return None
        expected = self._mac(b"nonce", body + source.encode("utf-8"))[:_NONCE_MAC_BYTES]
        if not hmac.compare_digest(mac, expected):
            return None
        issued_us: int = _NONCE.unpack(body)[0]
        return issued_us

    def _is_fresh(self, issued_us: int) -> bool:
        return 0 <= self._now_us() - issued_us <= self._lifetime_us

    def _take_count(self, nonce: str, count: int, issued_us: int) -> bool:
        """Tell whether this nonce count is used for the first time, and note it."""
        known = self._counts.get(nonce)
        if known is None:
            if count == 0 or issued_us <= self._forgotten_us:
                return False
            self._make_room()
            self._counts[nonce] = _Counts(highest=count, seen=1, issued_us=issued_us)
            return True
        ahead = count - known.highest
        if ahead > 0:
            # A step beyond the window leaves nothing of the old bits.
            kept = known.seen << ahead if ahead < COUNT_WINDOW else 0
            known.seen = (kept | 1) & ((1 << COUNT_WINDOW) - 1)
            known.highest = count
            return True
        bit = 1 << -ahead if -ahead < COUNT_WINDOW else 0
        if count == 0 or not bit or known.seen & bit:
            return False
        known.seen |= bit
        return True

    def _make_room(self) -> None:
        while self._counts:
            oldest = next(iter(self._counts.values()))
            full = len(self._counts) >= self._counts_max
            if not full and self._is_fresh(oldest.issued_us):
                return
            self._counts.popitem(last=False)
            if full:
                # A forgotten count must not open the way to a replay.
                self._forgotten_us = max(self._forgotten_us, oldest.issued_us)


def _refusal(reason: DigestReason, *, stale: bool = False) -> DigestVerdict:
    return DigestVerdict(username=None, stale=stale, reason=reason)


def _digest_fields(value: str) -> dict[str, str]:
    if len(value) > CREDENTIALS_CHARACTERS_MAX:
        raise SipError(
            f"digest: {len(value)} characters are over the limit of {CREDENTIALS_CHARACTERS_MAX}"
        )
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise SipError(f"digest: scheme {scheme[:20]!r} is not Digest")
    return parameters(split_outside_quotes(rest, ","))


def _algorithm(fields: Mapping[str, str]) -> str:
    # RFC 7616 section 3.3: MD5 when nothing is said.
    return fields.get("algorithm", "MD5").upper()


def _hash(algorithm: str, text: str) -> str:
    function = _HASHES.get(algorithm)
    if function is None:
        raise SipError(f"digest: algorithm {algorithm[:20]!r} is not one of {ALGORITHMS}")
    return function(text.encode("utf-8", "surrogatepass")).hexdigest()


def _response(
    algorithm: str, secret: str, *, nonce: str, count: str, cnonce: str, method: str, uri: str
) -> str:
    """Return the response of RFC 7616 section 3.4.1 for qop=auth."""
    ha2 = _hash(algorithm, f"{method}:{uri}")
    return _hash(algorithm, f"{secret}:{nonce}:{count}:{cnonce}:auth:{ha2}")


def _resource(uri: str) -> tuple[str, str, str]:
    """Return user, host and port of a SIP URI.

    Telephones sign the Request-URI with or without its parameters and default port
    (RFC 3261 section 22.4 lets a server decide what is the same resource).
    """
    scheme, _, rest = uri.partition(":")
    rest = re.split(r"[;?>]", rest, maxsplit=1)[0]
    user, _, place = rest.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, ""
    default = "5061" if scheme.lower() == "sips" else "5060"
    return user, host.lower(), "" if port == default else port
