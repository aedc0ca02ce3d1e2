"""Posts messages to one receiver."""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import httpx

from channels.webhooks.client import ANSWER_BYTES_MAX, cause_of, client
from channels.webhooks.message import Message
from channels.webhooks.signature import signed_headers
from domain.ports import Clock


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
        self._client = client(tls, timeout_s=timeout_s, connections_max=1, user_agent=user_agent)

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
            return Outcome(status=None, cause=cause_of(error))

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
