"""A receiver of webhooks on a real socket, told how to answer, and time that passes at will."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from tests.unit.channels.http.fakes import START

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} x", "Content-Length: 0", *headers, "", ""]
    return "\r\n".join(lines).encode()


@dataclass
class Posted:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    def is_signed(self, key: bytes = KEY) -> bool:
        """Check the signature as a receiver does, by the words of the specification."""
        signed = (
            self.headers["webhook-id"].encode()
            + b"."
            + self.headers["webhook-timestamp"].encode()
            + b"."
            + self.body
        )
        wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return self.headers["webhook-signature"] == f"v1,{wanted}"


class Receiver:
    """Async context manager; answers each request with the next of `answers`, then with OK.

    An answer that is None is never given; the connection stays open.
    """

    def __init__(self, *answers: bytes | None, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.posted: list[Posted] = []
        self.connections = 0
        self.cut = 0
        self._tls = tls
        self._arrived = asyncio.Event()
        self._serving: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for writer in self._serving.values():
            writer.transport.abort()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{port}/hook"

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Return when that is so; it is looked at again after each request."""
        async with asyncio.timeout(5):
            while not fulfilled():
                self._arrived.clear()
                await self._arrived.wait()

    async def got(self, number: int) -> list[Posted]:
        await self.until(lambda: len(self.posted) >= number)
        return self.posted

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
                # Values are compared as they came.
                for line in head[1:-2]:
                    name, value = line.split(": ", 1)
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers["content-length"]))
                self.posted.append(Posted(head[0], headers, body))
                answer = self.answers.pop(0) if self.answers else OK
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                self._arrived.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.cut += 1
            self._arrived.set()
        finally:
            writer.close()


@dataclass
class FastTime:
    """A clock whose hours pass while somebody sleeps; `slept` keeps for how long."""

    now_s: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> Any:
        return START + timedelta(seconds=self.now_s - 1_000.0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now_s += max(0.0, seconds)
