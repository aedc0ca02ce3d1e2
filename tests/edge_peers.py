"""Sockets that speak SIP to an edge over real connections."""

import asyncio
from ssl import SSLContext
from typing import cast

from pbx.edge.message import Message, parse


class UdpPeer(asyncio.DatagramProtocol):
    """A UDP socket of a fake phone or cell, with an inbox to await."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls) -> "UdpPeer":
        _, peer = await asyncio.get_running_loop().create_datagram_endpoint(
            cls, local_addr=("127.0.0.1", 0)
        )
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's own class of it does not derive from asyncio.DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.strip():
            self.inbox.put_nowait(parse(data))

    @property
    def address(self) -> tuple[str, int]:
        assert self._transport is not None
        bound = self._transport.get_extra_info("sockname")
        return bound[0], bound[1]

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        assert self._transport is not None
        self._transport.sendto(data, to)

    async def next(self, *, status: int | None = None, method: str | None = None) -> Message:
        """Return the next message; with `status` or `method`, the next such one."""
        async with asyncio.timeout(10):
            while True:
                found = await self.inbox.get()
                if status is not None and found.status != status:
                    continue
                if method is not None and (found.status or found.method != method):
                    continue
                return found

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class TcpPeer(UdpPeer):
    """The same over a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self._writer = writer
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, to: tuple[str, int], context: SSLContext | None = None) -> "TcpPeer":
        return cls(*await asyncio.open_connection(*to, ssl=context))

    @property
    def address(self) -> tuple[str, int]:
        bound = self._writer.get_extra_info("sockname")
        return bound[0], bound[1]

    def send(self, data: bytes, to: tuple[str, int] = ("", 0)) -> None:
        self._writer.write(data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if not head.strip():
                continue
            length = int(parse_length(head))
            self.inbox.put_nowait(parse(head + await reader.readexactly(length)))

    async def aclose(self) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)


def parse_length(head: bytes) -> str:
    """Return the Content-Length of a header."""
    for line in head.decode().split("\r\n"):
        if line.lower().startswith("content-length:"):
            return line.partition(":")[2].strip()
    raise AssertionError("no Content-Length")
