"""A WebSocket that speaks JSON objects with a `type`: what is told is awaited by what it is."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

TOLD_S_MAX: Final = 40.0
"""An agent lets a contact ring, wraps up, and the machine may be busy with nine calls."""

Told = dict[str, Any]


def _any(_told: Told) -> bool:
    return True


class JsonSocket:
    """One connection. Entering connects, leaving closes it."""

    def __init__(self, name: str, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Say whose it is, for errors, and where to connect."""
        self.name = name
        self._url = url
        self._headers = headers or {}
        self._connection: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._came = asyncio.Condition()
        self._past: list[Told] = []
        self._is_over = False

    async def __aenter__(self) -> Self:
        self._connection = await connect(
            self._url, additional_headers=self._headers, proxy=None, max_size=None
        )
        self._reading = asyncio.create_task(self._read(self._connection), name=self.name)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._connection is not None:
            await self._connection.close()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in connection:
                async with self._came:
                    self._past.append(json.loads(text))
                    self._came.notify_all()
        async with self._came:
            self._is_over = True
            self._came.notify_all()

    async def say(self, **message: object) -> None:
        """Send one message."""
        assert self._connection is not None, "not entered"
        await self._connection.send(json.dumps(message))

    async def told(
        self, *kinds: str, fits: Callable[[Told], bool] = _any, timeout_s: float = TOLD_S_MAX
    ) -> Told:
        """Wait for a message of one of these types, or return it at once if it has come already.

        What was returned once is not returned again.

        Raises:
            TimeoutError: It did not come in time.
            OSError: The connection ended before.
        """
        found: list[Told] = []

        def has_come() -> bool:
            found[:] = [one for one in self._past if one["type"] in kinds and fits(one)][:1]
            return bool(found) or self._is_over

        wanted = " or ".join(kinds)
        try:
            async with asyncio.timeout(timeout_s), self._came:
                await self._came.wait_for(has_come)
        except TimeoutError:
            raise TimeoutError(f"{self.name}: no {wanted} within {timeout_s:g} s") from None
        if not found:
            raise OSError(f"{self.name}: the connection ended before {wanted} came")
        self._past.remove(found[0])
        return found[0]

    def cut(self) -> None:
        """Break the TCP connection without a word, as a network does that is gone."""
        assert self._connection is not None, "not entered"
        self._connection.transport.abort()
