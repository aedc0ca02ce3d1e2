"""Asks one question and reads the answer, whatever comes back."""

import asyncio
import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Self

import httpx

from channels.webhooks.client import ANSWER_BYTES_MAX, cause_of, client
from channels.webhooks.signature import signed_headers
from domain.customer import CustomerChange
from domain.customer_form import read_change
from domain.customer_ports import LookupQuestion
from domain.errors import CustomerMistake
from domain.ports import Clock


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a question.

    Attributes:
        change: What is told; None: the other system does not know him, or has failed.
        cause: Why it has failed, without personal data; "": it has not.
    """

    change: CustomerChange | None = None
    cause: str = ""


class Asker:
    """Async context manager; a few connections to one system, opened when they are needed."""

    def __init__(
        self,
        url: str,
        *,
        key: bytes,
        timeout_s: float,
        at_once_max: int,
        clock: Clock,
        tls: ssl.SSLContext,
        user_agent: str,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: Of the other system.
            key: Of the signature.
            timeout_s: Of one question, all in all.
            at_once_max: Connections at once.
            clock: Gives each question its time.
            tls: Says whose certificates are believed.
            user_agent: How we name ourselves.
        """
        self._url = url
        self._key = key
        self._timeout_s = timeout_s
        self._clock = clock
        self._client = client(
            tls, timeout_s=timeout_s, connections_max=at_once_max, user_agent=user_agent
        )
        self._client.headers["Accept"] = "application/json"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def ask(self, question: LookupQuestion) -> Reply:
        """Ask once; never raises for what the other side does."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(question)
        except TimeoutError:
            return Reply(cause=f"no answer within {self._timeout_s:g} s")
        except CustomerMistake as mistake:
            # The value may be personal data, and stays out of the log.
            return Reply(cause=f"{mistake.field}: not {mistake.allowed}")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return Reply(cause=cause_of(error))
        except (ValueError, RecursionError):
            return Reply(cause="an answer that is no JSON")

    async def _ask(self, question: LookupQuestion) -> Reply:
        body = body_of(question)
        headers = signed_headers(self._key, f"ask_{token_hex(16)}", self._clock.utc(), body)
        async with self._client.stream(
            "POST", self._url, content=body, headers=dict(headers)
        ) as answer:
            # Somebody's session is no business of ours.
            self._client.cookies.clear()
            if answer.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
                return Reply()
            if answer.status_code != HTTPStatus.OK:
                return Reply(cause=f"status {answer.status_code}")
            read = bytearray()
            async for chunk in answer.aiter_raw():
                read += chunk
                if len(read) > ANSWER_BYTES_MAX:
                    return Reply(cause=f"an answer of over {ANSWER_BYTES_MAX} bytes")
        told: Any = json.loads(bytes(read))
        if not isinstance(told, dict):
            return Reply(cause="an answer that is no JSON object")
        return Reply(change=read_change(told, needs_number=False))


def body_of(question: LookupQuestion) -> bytes:
    """Return the body of a question: JSON, UTF-8, the very bytes that are signed."""
    return json.dumps(
        {
            "contact_id": question.contact_id,
            "channel": question.channel,
            "queue_id": question.queue_id,
            "language": question.language,
            "identifier": {
                "kind": question.identifier.kind,
                "value": question.identifier.value,
            },
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
