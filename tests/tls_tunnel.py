"""Carries TCP connections on over TLS, for a SIPp that was built without TLS (Debian's)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK_BYTES = 65_536


@asynccontextmanager
async def tls_tunnel(remote: str, certificate: Path, *, local: str) -> AsyncIterator[str]:
    """Open a tunnel to `remote`, which must show the certificate; yield where it begins.

    Args:
        remote: Address and port that speak TLS.
        certificate: The only one that is believed.
        local: Address that both ends of the tunnel have.
    """
    host, _, port = remote.rpartition(":")
    trusted = ssl.create_default_context(cafile=str(certificate))
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(
            host, int(port), ssl=trusted, local_addr=(local, 0)
        )
        for ends in ((reader, far_writer), (far_reader, writer)):
            tasks.add(asyncio.create_task(carry(*ends)))

    server = await asyncio.start_server(accept, local, 0)
    begin = server.sockets[0].getsockname()
    try:
        yield f"{begin[0]}:{begin[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
