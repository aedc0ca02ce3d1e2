"""The events of a running node, as a test waits for them."""

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

EVENT_S_MAX = 30.0


class EventLog:
    """Follows `/api/v1/events` and remembers all of it."""

    def __init__(self, url: str, token: str, *, after: int = 0) -> None:
        self.past: list[dict[str, Any]] = []
        self._url = f"ws{url.removeprefix('http')}/api/v1/events"
        self._after = after
        self._headers = {"Authorization": f"Bearer {token}"}
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._follow(await self._connect()), name="events")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _connect(self) -> ClientConnection:
        return await connect(
            f"{self._url}?after={max(self._after, self.last)}",
            additional_headers=self._headers,
            proxy=None,
            open_timeout=EVENT_S_MAX,
            ping_interval=None,
        )

    async def _follow(self, socket: ClientConnection) -> None:
        """Read on, over as many connections as it takes.

        The node drops who does not answer its pings, and a log of the session's event loop does
        not while tests with a loop of their own run: it then takes up where it was.
        """
        while True:
            with contextlib.suppress(ConnectionClosed):
                await self._read(socket)
            try:
                socket = await self._connect()
            except (OSError, WebSocketException):
                return  # The node has ended; what it told stays.

    async def _read(self, socket: ClientConnection) -> None:
        async with socket:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "Heartbeat":
                    continue
                async with self._news:
                    self.past.append(message)
                    self._news.notify_all()

    @property
    def last(self) -> int:
        """The sequence number of the newest event."""
        return int(self.past[-1]["seq"]) if self.past else 0

    async def reached(self, sequence: int) -> None:
        """Wait until the event with that number, or a later one, has come."""
        async with asyncio.timeout(EVENT_S_MAX), self._news:
            await self._news.wait_for(lambda: self.last >= sequence)

    def of(self, kind: str, *, since: int = 0, **fields: object) -> list[dict[str, Any]]:
        """Return the fields of all events of a kind, after a sequence number."""
        return [
            message["event"]
            for message in self.past
            if message["type"] == kind
            and message["seq"] > since
            and all(message["event"][name] == value for name, value in fields.items())
        ]

    async def next(
        self,
        kind: str,
        *,
        nth: int = 1,
        since: int = 0,
        timeout_s: float = EVENT_S_MAX,
        **fields: object,
    ) -> dict[str, Any]:
        """Return the fields of the nth event of a kind, as soon as it has happened."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: len(self.of(kind, since=since, **fields)) >= nth)
        except TimeoutError:
            seen = [f"{one['type']} {one['event']}" for one in self.past[-12:]]
            raise AssertionError(
                f"no {kind} {fields} within {timeout_s:g} s; the last events were:\n"
                + "\n".join(seen)
            ) from None
        return self.of(kind, since=since, **fields)[nth - 1]
