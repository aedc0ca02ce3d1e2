"""Asks a clamd about a file: the command INSTREAM of its protocol (clamd(8))."""

import asyncio
import struct
from collections.abc import AsyncIterator
from enum import Enum
from typing import Final, Protocol

import structlog

REPLY_BYTES_MAX: Final = 4_096
_log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What a scanner says of a file."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"
    """It could not tell: the file is over its own limits, for one."""
    DOWN = "down"
    """It does not answer."""


class Scanner(Protocol):
    """Looks at files."""

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        """Return what it says; never raises for a scanner that is down."""
        ...


class Clamd:
    """One clamd, over TCP or a Unix socket."""

    def __init__(self, address: str, *, timeout_s: float, at_once_max: int) -> None:
        """Ask the one at an address.

        Args:
            address: "HOST:PORT", or the path of a Unix socket.
            timeout_s: For one file, from waiting for a turn to the answer.
            at_once_max: Files at once.
        """
        self._address = address
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(at_once_max)

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        """Send a file and return the verdict."""
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                reply = await self._ask(content)
        except (TimeoutError, OSError, EOFError) as error:
            _log.warning("clamd does not answer", address=self._address, cause=repr(error))
            return Verdict.DOWN
        if reply.endswith(": OK"):
            return Verdict.CLEAN
        if reply.endswith(" FOUND"):
            # The signature's name, which clamd gives, not the file's.
            _log.warning("clamd found something", signature=reply.split(": ")[-1][:200])
            return Verdict.INFECTED
        _log.warning("clamd could not tell", reply=reply[:200])
        return Verdict.UNKNOWN

    async def _ask(self, content: AsyncIterator[bytes]) -> str:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            try:
                async for piece in content:
                    if piece:
                        writer.write(struct.pack("!I", len(piece)) + piece)
                        await writer.drain()
                writer.write(struct.pack("!I", 0))
                await writer.drain()
            except ConnectionError:
                # Over its StreamMaxLength it answers and closes before all is sent.
                pass
            reply = await reader.readuntil(b"\0")
            return reply[:REPLY_BYTES_MAX].rstrip(b"\0").decode("utf-8", "replace").strip()
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address, limit=REPLY_BYTES_MAX)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port), limit=REPLY_BYTES_MAX)
