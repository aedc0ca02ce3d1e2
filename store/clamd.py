"""Asks a clamd about a file: the command INSTREAM of its protocol (clamd(8))."""

import asyncio
import socket
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
        except (TimeoutError, OSError) as error:
            _log.warning("clamd does not answer", address=self._address, cause=repr(error))
            return Verdict.DOWN
        if reply.endswith(": OK"):
            return Verdict.CLEAN
        if reply.endswith(" FOUND"):
            # The signature's name, which clamd gives, not the file's.
            _log.warning("clamd found something", reply=reply[:200])
            return Verdict.INFECTED
        _log.warning("clamd could not tell", reply=reply[:200])
        return Verdict.UNKNOWN

    async def _ask(self, content: AsyncIterator[bytes]) -> str:
        """Return its reply; "" if it has closed without one.

        A plain socket and no stream: asyncio's streams forget what was received when sending
        fails, and over its StreamMaxLength clamd answers and closes before all is sent.
        """
        loop = asyncio.get_running_loop()
        with await self._connect() as connection:
            try:
                await loop.sock_sendall(connection, b"zINSTREAM\0")
                async for piece in content:
                    if piece:
                        await loop.sock_sendall(connection, struct.pack("!I", len(piece)) + piece)
                await loop.sock_sendall(connection, struct.pack("!I", 0))
            except ConnectionError:
                _log.info("clamd did not take the whole file")
            reply = b""
            try:
                while b"\0" not in reply and len(reply) < REPLY_BYTES_MAX:
                    received = await loop.sock_recv(connection, REPLY_BYTES_MAX)
                    if not received:
                        break
                    reply += received
            except ConnectionError:
                return ""
            return reply.partition(b"\0")[0].decode("utf-8", "replace").strip()

    async def _connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        where: str | tuple[str, int] = self._address
        family = socket.AF_UNIX
        if not self._address.startswith("/"):
            host, _, port = self._address.rpartition(":")
            found = await loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
            family, _, _, _, where = found[0]  # type: ignore[assignment]
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, where)
        except BaseException:
            connection.close()
            raise
        return connection
