"""Connections of the edge: TCP and TLS under asyncio, and how a stream is cut into messages.

Nothing here knows a rule of SIP beyond where a message ends.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

from domain.errors import ConfigurationError, SipError
from pbx.edge.flow import INSIDE, Flow

Receiver = Callable[[bytes, Flow], None]
Closed = Callable[[Flow], None]

IDLE_S: Final = 900.0
"""A silent connection is closed. Telephones with a binding speak every `expires` seconds or
send keep-alives more often (RFC 5626 section 4.4.1)."""
CONNECT_S: Final = 5.0
"""A connection that is not open by then is given up; a telephone rings for 20 s."""
HEADER_BYTES_MAX: Final = 16_384
"""Of a stream before its empty line; ordinary headers have 2,000."""
OUTBOX_BYTES_MAX: Final = 262_144
"""Waiting for a peer who does not read: 100 messages; then the connection is closed."""

_LENGTH: Final = re.compile(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.I)


class Framer:
    """Cuts a stream into messages by Content-Length (RFC 3261 section 18.3)."""

    def __init__(self, message_bytes_max: int) -> None:
        """Make a framer with nothing in it."""
        self._message_bytes_max = message_bytes_max
        self._buffer = bytearray()
        self._needed = 0
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete now; a keep-alive is one, too.

        Raises:
            SipError: The header is too long, or says no length or one over the limit:
                what follows cannot be told apart.
        """
        buffer = self._buffer
        buffer += data
        messages: list[bytes] = []
        while buffer:
            if buffer[0] in b"\r\n":
                # RFC 5626 section 3.5.1: two CRLF ask for a pong, one is a pong.
                if buffer.startswith(b"\r\n\r\n"):
                    messages.append(b"\r\n\r\n")
                    del buffer[:4]
                elif b"\r\n\r\n".startswith(buffer):
                    break
                else:
                    del buffer[:1]
                continue
            if not self._needed:
                self._needed = self._length()
                if not self._needed:
                    break
            if len(buffer) < self._needed:
                break
            messages.append(bytes(buffer[: self._needed]))
            del buffer[: self._needed]
            self._needed = self._searched = 0
        return messages

    def _length(self) -> int:
        """Return the length of the message at the head; 0 while it is not known."""
        end = self._buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > HEADER_BYTES_MAX:
                raise SipError(
                    f"stream: {len(self._buffer)} bytes without an empty line are over the "
                    f"limit of {HEADER_BYTES_MAX}"
                )
            return 0
        match = _LENGTH.search(bytes(self._buffer[: end + 2]))
        if match is None:
            raise SipError("stream: a message without Content-Length (RFC 3261 section 18.3)")
        length = end + 4 + int(match[1])
        if length > self._message_bytes_max:
            raise SipError(
                f"stream: a message of {length} bytes is over the limit of "
                f"{self._message_bytes_max}"
            )
        return length


class Connection(asyncio.Protocol):
    """One TCP or TLS connection."""

    def __init__(self, streams: "Streams", transport_name: str, listener: int) -> None:
        """Belong to the table that the connection is kept in."""
        self._streams = streams
        self._name = transport_name
        self._listener = listener
        self._framer = Framer(streams.message_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._heard_s = 0.0
        self.flow: Flow | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, unless there are too many."""
        opened = self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.flow = Flow(self._name, peer[0], peer[1], self._listener)
        if not self._streams.add(self):
            opened.abort()
            return
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.set_write_buffer_limits(high=OUTBOX_BYTES_MAX)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Hand complete messages on."""
        assert self.flow is not None
        self._heard_s = asyncio.get_running_loop().time()
        try:
            messages = self._framer.feed(data)
        except SipError:
            self._streams.count("streams_unreadable")
            self.close()
            return
        for message in messages:
            self._streams.receive(message, self.flow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._idle is not None:
            self._idle.cancel()
        self._streams.remove(self)

    def pause_writing(self) -> None:
        """The peer does not read: his calls are cut sooner than our memory grows."""
        self._streams.count("streams_stuck")
        if self._transport is not None:
            self._transport.abort()

    def send(self, data: bytes) -> None:
        """Send one message."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        self._heard_s = loop.time()
        self._idle = loop.call_later(IDLE_S, self._check_idle)

    def _check_idle(self) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._heard_s + IDLE_S - loop.time()
        if left_s <= 0:
            self._streams.count("streams_idle")
            self.close()
        else:
            self._idle = loop.call_later(left_s, self._check_idle)


class Streams:
    """All connections, and those being opened."""

    def __init__(
        self,
        *,
        message_bytes_max: int,
        connections_max: int,
        receive: Receiver,
        closed: Closed,
        accept: Callable[[str], bool],
        count: Callable[[str], None],
    ) -> None:
        """Make an empty table.

        Args:
            message_bytes_max: A longer message closes its connection.
            connections_max: Further ones are closed at once.
            receive: Takes each message.
            closed: Told when a connection has ended or could not be opened.
            accept: False for a banned host.
            count: Counts what happens.
        """
        self.message_bytes_max = message_bytes_max
        self.receive = receive
        # Names by address, for the certificates of those we connect to.
        self.server_names: dict[str, str] = {}
        self.count = count
        self._closed = closed
        self._accept = accept
        self._connections_max = connections_max
        self._open: dict[tuple[str, str, int], Connection] = {}
        self._opening: dict[tuple[str, str, int], list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> bool:
        """Take a connection in; False when it must be closed."""
        flow = connection.flow
        assert flow is not None
        if len(self._open) >= self._connections_max:
            self.count("streams_refused")
            return False
        if not self._accept(flow.host):
            return False
        self._open[flow[:3]] = connection
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        flow = connection.flow
        if flow is not None and self._open.get(flow[:3]) is connection:
            del self._open[flow[:3]]
            self._closed(flow)

    def send(self, flow: Flow, data: bytes) -> None:
        """Send on a connection, opened when there is none and the peer listens there.

        A connection that a peer has opened cannot be opened again from here; the attempt
        fails fast, and whatever waits for it is told by `closed`.
        """
        connection = self._open.get(flow[:3])
        if connection is not None:
            connection.send(data)
            return
        waiting = self._opening.get(flow[:3])
        if waiting is not None:
            if sum(map(len, waiting)) < OUTBOX_BYTES_MAX:
                waiting.append(data)
            return
        if len(self._open) + len(self._opening) >= self._connections_max:
            self.count("streams_refused")
            asyncio.get_running_loop().call_soon(self._closed, flow)
            return
        self._opening[flow[:3]] = [data]
        task = asyncio.get_running_loop().create_task(self._connect(flow))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop(self, flow: Flow) -> None:
        """Close a connection."""
        connection = self._open.get(flow[:3])
        if connection is not None:
            connection.close()

    async def close(self) -> None:
        """Close every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._open.values()):
            connection.close()

    async def _connect(self, flow: Flow) -> None:
        tls = ssl.create_default_context() if flow.transport == "tls" else None
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self, flow.transport, flow.listener),
                    flow.host,
                    flow.port,
                    ssl=tls,
                    server_hostname=self.server_names.get(flow.host) if tls else None,
                )
        except (OSError, TimeoutError, ssl.SSLError):
            self.count("streams_unopened")
            del self._opening[flow[:3]]
            self._closed(flow)
            return
        for data in self._opening.pop(flow[:3]):
            connection.send(data)


def server_tls(certificate: str, private_key: str) -> ssl.SSLContext:
    """Return the TLS settings of a listening address: TLS 1.2 or newer.

    Raises:
        ConfigurationError: Certificate or key cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, private_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"sip.listen: certificate {certificate} with key {private_key}: {error}"
        ) from error
    return context


def address_facing(host: str) -> str:
    """Return the local address that the routing table uses towards a host; sends nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError as error:
            if error.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
                raise
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


INSIDE_ADDRESS: Final = ("127.0.0.1", 0)
"""The cells' socket: the loopback, a free port."""

__all__ = [
    "INSIDE",
    "INSIDE_ADDRESS",
    "Connection",
    "Framer",
    "Streams",
    "address_facing",
    "server_tls",
]
