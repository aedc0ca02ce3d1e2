"""Posts messages to one receiver. The one door to httpx."""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

import httpx

from channels.webhooks.message import Message
from channels.webhooks.signature import signed_headers
from domain.ports import Clock

ANSWER_BYTES_MAX: Final = 65_536
"""Of a body that nobody looks at: it is read so far only to use the connection again."""
CAUSE_CHARACTERS_MAX: Final = 200
"""Of an error in a log line."""
KEEP_ALIVE_S: Final = 30.0
"""A connection that was not used for so long is closed; web servers keep one for 5 to 75 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt.

    Attributes:
        status: Of the answer; None when there was none.
        cause: Why there was none.
        retry_after: The header field Retry-After as it came.
    """

    status: int | None
    cause: str = ""
    retry_after: str | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has the message: any 2xx. A redirect is not followed."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def down(self) -> bool:
        """Whether the receiver takes nothing at the moment, rather than not this message."""
        return (
            self.status is None
            or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            or self.status == HTTPStatus.TOO_MANY_REQUESTS
        )

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more messages."""
        return self.status == HTTPStatus.GONE


class Poster:
    """Async context manager; one connection to one receiver, opened when it is needed."""

    def __init__(
        self,
        url: str,
        *,
        key: bytes,
        timeout_s: float,
        clock: Clock,
        tls: ssl.SSLContext,
        user_agent: str,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: Of the receiver.
            key: Of the signature.
            timeout_s: Of one attempt, all in all.
            clock: Gives each attempt its time.
            tls: Says whose certificates are believed.
            user_agent: How we name ourselves.
        """
        self._url = url
        self._key = key
        self._timeout_s = timeout_s
        self._clock = clock
        self._client = httpx.AsyncClient(
            verify=tls,
            # A proxy or a password of the environment is not what the operator wrote down.
            trust_env=False,
            follow_redirects=False,
            # Of one step. `post` limits the whole attempt, for a receiver that sends a byte now
            # and then is never too slow in a single step.
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE_S),
            headers={
                "User-Agent": user_agent,
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def post(self, message: Message) -> Outcome:
        """Send a message once, and return what became of it; never raises for a receiver."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(message)
        except TimeoutError:
            return Outcome(status=None, cause=f"no answer within {self._timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            cause = f"{type(error).__name__}: {error}"
            return Outcome(status=None, cause=cause[:CAUSE_CHARACTERS_MAX])

    async def _post(self, message: Message) -> Outcome:
        headers = signed_headers(self._key, message.message_id, self._clock.utc(), message.body)
        async with self._client.stream(
            "POST", self._url, content=message.body, headers=dict(headers)
        ) as answer:
            outcome = Outcome(
                status=answer.status_code, retry_after=answer.headers.get("Retry-After")
            )
            read = 0
            try:
                async for chunk in answer.aiter_raw():
                    read += len(chunk)
                    if read > ANSWER_BYTES_MAX:
                        break  # Leaving closes the connection; the rest is never read.
            except httpx.HTTPError:
                pass  # The status has said it; a body that breaks off takes nothing back.
            # Somebody's session is no business of ours.
            self._client.cookies.clear()
            return outcome
