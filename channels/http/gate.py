"""Who may use the API: one bearer token, compared in constant time, guessed at a low rate."""

import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.http.figures import HttpFigures
from channels.http.problem import problem_response
from domain.errors import ConfigurationError
from domain.ports import Clock

TOKEN_CHARACTERS_MIN: Final = 16
"""Sixteen random characters of an alphabet of 64 are 96 bits: not guessed at ten a minute."""
SOURCES_MAX: Final = 10_000
SUBPROTOCOL: Final = "warmline.events.v1"
SUBPROTOCOL_TOKEN: Final = "bearer."  # noqa: S105 - the prefix of a token, not one
OPEN_PATHS: Final = ("/api/v1/openapi.json", "/api/v1/problems/")
"""What tells a stranger how to ask, and nothing of the contact centre."""


@dataclass(slots=True)
class _Failures:
    """Wrong tokens of one source.

    Attributes:
        count: Within the present window.
        until_s: End of the window on the injected clock, seconds.
    """

    count: int
    until_s: float


class BearerCheck:
    """Whether a presented token is the right one."""

    def __init__(self, token: str, *, name: str = "http.token") -> None:
        """Take the token in force.

        Raises:
            ConfigurationError: It is too short to be a secret or cannot travel in a header.
        """
        if len(token) < TOKEN_CHARACTERS_MIN:
            raise ConfigurationError(
                f"{name}: {len(token)} characters; at least {TOKEN_CHARACTERS_MIN} are needed"
            )
        if not all("!" <= character <= "~" for character in token):
            raise ConfigurationError(
                f"{name}: has a character that is not printable ASCII, so it fits in no header"
            )
        # The digests are compared, not the tokens, so that not even the length leaks.
        self._digest = hashlib.sha256(token.encode()).digest()

    def __call__(self, presented: str) -> bool:
        """Tell whether this is the token, in time that does not depend on how near it is."""
        given = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).digest()
        return hmac.compare_digest(given, self._digest)


class FailureLimit:
    """How many wrong tokens a source may present; a bounded table, the oldest is forgotten."""

    def __init__(
        self, *, failures_max: int, window_s: float, clock: Clock, sources_max: int = SOURCES_MAX
    ) -> None:
        """Set the limit: `failures_max` in `window_s` seconds for each source."""
        self._failures_max = failures_max
        self._window_s = window_s
        self._clock = clock
        self._sources_max = sources_max
        self._sources: OrderedDict[str, _Failures] = OrderedDict()
        self.forgotten = 0

    def blocked_s(self, source: str) -> float:
        """Return for how many seconds more the source is not heard; 0: it is heard."""
        failures = self._sources.get(source)
        if failures is None or failures.count < self._failures_max:
            return 0.0
        left_s = failures.until_s - self._clock.monotonic_s()
        if left_s <= 0:
            del self._sources[source]
            return 0.0
        return left_s

    def failed(self, source: str) -> None:
        """Count a wrong token."""
        now_s = self._clock.monotonic_s()
        failures = self._sources.get(source)
        if failures is None or failures.until_s <= now_s:
            self._sources[source] = _Failures(1, now_s + self._window_s)
        else:
            failures.count += 1
        self._sources.move_to_end(source)
        if len(self._sources) > self._sources_max:
            self._sources.popitem(last=False)
            self.forgotten += 1


def source_of(host: str) -> str:
    """Return what counts as one source: an IPv4 address, or a /64 network of IPv6.

    Source:
        RFC 6177 section 2: a site has at least a /64, so one guesser has 2^64 addresses.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def token_of(headers: Headers, subprotocols: Iterable[str] = ()) -> str | None:
    """Return the token that a request presents; None if there is none.

    A browser cannot set `Authorization` on a WebSocket, so a subprotocol carries it there;
    the URL never does, for URLs are logged.
    """
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():  # RFC 6750 section 2.1
        return value.strip()
    for offered in subprotocols:
        if offered.startswith(SUBPROTOCOL_TOKEN) and len(offered) > len(SUBPROTOCOL_TOKEN):
            return offered.removeprefix(SUBPROTOCOL_TOKEN)
    return None


class Gate:
    """ASGI middleware before everything under `/api/` and, with a token of its own, `/metrics`.

    It stands before routing, so that a stranger learns from a status code neither what paths
    there are nor what a body should look like.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        check: BearerCheck,
        metrics_check: BearerCheck | None,
        limit: FailureLimit,
        figures: HttpFigures,
    ) -> None:
        """Put the gate before `app`; `metrics_check` None leaves `/metrics` open."""
        self._app = app
        self._check = check
        self._metrics_check = metrics_check
        self._limit = limit
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 401 or 429."""
        checks = self._checks(scope)
        if checks is None:
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        source = source_of(client[0] if client else "")
        blocked_s = self._limit.blocked_s(source)
        if blocked_s > 0:
            self._figures.auth_refused += 1
            response = problem_response(
                "too-many-requests",
                "too many requests with a wrong token came from this address",
                scope["path"],
                headers={"Retry-After": str(math.ceil(blocked_s))},
            )
            await response(scope, receive, send)
            return
        token = token_of(Headers(scope=scope), scope.get("subprotocols", ()))
        # Every check runs, so that the time does not tell which of them came near.
        passed = [check(token or "") for check in checks]
        if not any(passed):
            self._figures.auth_failures += 1
            if token is not None:
                # A request without any token is a mistake, not a guess.
                self._limit.failed(source)
                self._figures.auth_sources_forgotten = self._limit.forgotten
            response = problem_response(
                "unauthorized",
                "the request carries no token" if token is None else "the token is not valid",
                scope["path"],
                headers={"WWW-Authenticate": 'Bearer realm="warmline"'},
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _checks(self, scope: Scope) -> list[BearerCheck] | None:
        """Return the tokens of which one opens this path; None: it is open."""
        if scope["type"] == "lifespan":
            return None
        path: str = scope["path"]
        if path == "/metrics":
            return None if self._metrics_check is None else [self._metrics_check, self._check]
        if path.startswith(OPEN_PATHS) or not path.startswith("/api/"):
            return None
        return [self._check]
