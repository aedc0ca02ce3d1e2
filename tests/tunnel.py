"""Carries a SIPp's TCP connection on to the node, over TLS too: Debian's SIPp knows no TLS.

A test that holds the tunnel can also speak to the SIPp behind it.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK_BYTES = 65_536


class Tunnel:
    """The near end, where a SIPp connects.

    Attributes:
        address: Where it begins, as "host:port".
    """

    def __init__(self, host: str, port: int, trusted: ssl.SSLContext | None, local: str) -> None:
        self.address = ""
        self._far = (host, port)
        self._trusted = trusted
        self._local = local
        self._tasks: set[asyncio.Task[None]] = set()
        self._near: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, self._local, 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        """End every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def say(self, text: str) -> None:
        """Send something to the SIPp that connected last."""
        self._near[-1].write(text.encode())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(
            *self._far, ssl=self._trusted, local_addr=(self._local, 0)
        )
        self._near.append(writer)
        for ends in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(self._carry(*ends)))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                writer.write(chunk)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tunnel(
    remote: str, *, local: str, certificate: Path | None = None
) -> AsyncIterator[Tunnel]:
    """Open a tunnel to the node.

    Args:
        remote: Address and port of the node.
        local: Address that both ends of the tunnel have.
        certificate: The only one that is believed; None: plain TCP.
    """
    host, _, port = remote.rpartition(":")
    trusted = None if certificate is None else ssl.create_default_context(cafile=str(certificate))
    made = Tunnel(host, int(port), trusted, local)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
