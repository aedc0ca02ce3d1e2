"""One customer's WebSocket: frames, pings, buffers and deadlines, and nothing of their meaning.

It stands on the sans-I/O half of `websockets` and takes the place of uvicorn's own WebSocket: an
idle connection then has no task, no ASGI scope and no queue, which is what lets a node hold ten
thousand of them (docs/measure/chat.md).
"""

import asyncio
import socket
from asyncio.transports import BaseTransport
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from channels.chat.closing import CloseCode
from channels.chat.limits import client_source
from channels.chat.service import ChatService, Seat

SOCKET_PATH: Final = "/chat/v1/socket"
CLOSE_S: Final = 5.0
"""How long the closing handshake may take, what was sent before included."""
INBOX_FRAMES_MAX: Final = 16
"""Frames of one client that wait for the one being carried out; then its socket is not read."""
HIGH_WATER_BYTES: Final = 65_536
SEND_BUFFER_BYTES: Final = 65_536
"""Of the kernel: without a bound it takes megabytes for a client that reads nothing."""
_DATA: Final = frozenset((Opcode.TEXT, Opcode.BINARY, Opcode.CONT))

_log = structlog.get_logger(__name__)


class ChatConnection(asyncio.Protocol):
    """A WebSocket of uvicorn's port, from the handshake on."""

    __slots__ = (
        "__weakref__",
        "_drained",
        "_inbox",
        "_loop",
        "_parts",
        "_paused",
        "_pings",
        "_service",
        "_timer",
        "_transport",
        "_unsent_bytes",
        "_uvicorn",
        "_work",
        "_ws",
        "counted",
        "origin",
        "seat",
        "session",
        "source",
    )

    def __init__(
        self,
        service: ChatService,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Prepare; uvicorn calls this when a request asks for a WebSocket."""
        self._service = service
        self._uvicorn = server_state
        self._loop = asyncio.get_running_loop()
        self._ws = ServerProtocol(
            max_size=service.settings.message_bytes_max, logger=_quiet_logger()
        )
        self._transport: asyncio.Transport
        self._inbox: deque[bytes] | None = None
        self._work: asyncio.Task[None] | None = None
        self._parts: list[bytes] | None = None
        self._drained: asyncio.Event | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._pings = 0
        self._unsent_bytes = 0
        self.counted = False
        self.origin = ""
        self.source = ""
        self.seat: Seat | None = None
        self.session = service.session()

    # What uvicorn and asyncio call.

    def connection_made(self, transport: BaseTransport) -> None:
        """Take over the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._uvicorn.connections.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._pings = 0
        if self._ws.parser_exc is not None:
            return  # It is being closed; what still comes is thrown away.
        self._ws.receive_data(data)
        if self._ws.parser_exc is not None:
            self._broken()
            return
        for event in self._ws.events_received():
            if isinstance(event, Request):
                self._handshake(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()

    def eof_received(self) -> None:
        """The client sends no more; asyncio closes the transport."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everything go."""
        self._uvicorn.connections.discard(self)
        self._stop_timer()
        self.session.close(CloseCode.GOING_AWAY)
        if self._inbox is not None:
            self._inbox.clear()
        if self._drained is not None:
            self._drained.set()
        if self.counted:
            self.counted = False
            self._service.figures.connections -= 1
            self._service.by_address.leave(self.source)
        self._service.gone(self)

    def pause_writing(self) -> None:
        """The client takes less than it is sent; it has `chat.send_s_max` to catch up."""
        self._paused = True
        self._restart_timer(self._service.settings.send_s_max, self._too_slow)

    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused = False
        if self._drained is not None:
            self._drained.set()
            self._drained = None
        if not self._closing:
            self._expect()

    def shutdown(self) -> None:
        """The server stops (uvicorn's word for it)."""
        self.close(CloseCode.GOING_AWAY)

    # What rooms and the service call.

    def send(self, message: bytes) -> None:
        """Put a message into the buffer; close it when too much waits there already."""
        if self._closing:
            return
        if self._transport.get_write_buffer_size() > self._service.settings.send_bytes_max:
            self._too_slow()
            return
        try:
            self._ws.send_text(message)
        except InvalidState:
            return  # The client is closing; it will come again for the rest.
        # With what else comes in this turn of the event loop, such as `accepted` and the message
        # itself: to write to a socket costs more than to put a frame together.
        if not self._unsent_bytes:
            self._loop.call_soon(self._flush)
        self._unsent_bytes += len(message)
        if self._unsent_bytes > HIGH_WATER_BYTES:
            self._flush()

    async def drained(self) -> None:
        """Return when the buffer has room, or the connection is gone."""
        if self._paused and not self._closing:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Begin the closing handshake; the connection is gone within `CLOSE_S`."""
        self.session.close(code)
        if self._closing:
            return
        self._service.figures.closed[int(code)] += 1
        text = (reason or code.meaning).encode()[:120].decode("utf-8", "ignore")
        try:
            self._ws.send_close(int(code), text)
        except InvalidState:
            self._transport.close()
            return
        self._flush()
        self._end_soon()

    # Within.

    @property
    def _closing(self) -> bool:
        return self._ws.close_sent is not None or self._transport.is_closing()

    def _handshake(self, request: Request) -> None:
        service = self._service
        headers = request.headers
        self.origin = (headers.get("Origin") or "").lower()
        peer = self._transport.get_extra_info("peername") or ("",)
        self.source = client_source(
            str(peer[0]),
            ",".join(headers.get_all("X-Forwarded-For")),
            tuple(service.settings.proxies),
        )
        refusal = self._refusal(request.path.partition("?")[0], headers.get("Host", ""))
        if refusal is not None:
            status, why = refusal
            service.figures.refused[why] += 1
            self._ws.send_response(self._ws.reject(status, f"{status.phrase}: {why}\n"))
            self._flush()
            self._transport.close()
            return
        response = self._ws.accept(request)
        response.headers["Cache-Control"] = "no-store"
        self._ws.send_response(response)
        self._flush()
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._transport.close()
            return
        self.counted = True
        service.figures.connections += 1
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._restart_timer(service.settings.hello_s_max, self._hello_late)

    def _refusal(self, path: str, host: str) -> tuple[HTTPStatus, str] | None:
        """Return why a handshake is refused; None: it counts among the connections now."""
        service = self._service
        if path != SOCKET_PATH:
            return HTTPStatus.NOT_FOUND, "path"
        if self.origin and not allowed_origin(service, self.origin, host):
            return HTTPStatus.FORBIDDEN, "origin"
        if service.stopping or service.figures.connections >= service.settings.connections_max:
            return HTTPStatus.SERVICE_UNAVAILABLE, "full"
        if not service.by_address.enter(self.source):
            return HTTPStatus.TOO_MANY_REQUESTS, "address"
        return None

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in _DATA:
            self._take(frame)
        elif frame.opcode is Opcode.CLOSE:
            # The answer is in the buffer already; nothing more comes.
            self._flush()
            self._transport.close()

    def _take(self, frame: Frame) -> None:
        """Take a frame of data; the protocol below has bounded the whole of its fragments."""
        if self._closing:
            return
        if frame.opcode is Opcode.BINARY:
            self.close(CloseCode.NOT_TEXT)
            return
        if frame.opcode is Opcode.TEXT and frame.fin:
            message = bytes(frame.data)
        else:
            parts = self._parts = [] if self._parts is None else self._parts
            parts.append(bytes(frame.data))
            if not frame.fin:
                return
            message = b"".join(parts)
            self._parts = None
        if self._work is None:
            self._inbox = deque((message,))
            self._work = self._loop.create_task(self._carry_out(self._inbox))
            return
        assert self._inbox is not None
        self._inbox.append(message)
        if len(self._inbox) >= INBOX_FRAMES_MAX:
            self._transport.pause_reading()

    async def _carry_out(self, inbox: deque[bytes]) -> None:
        """Carry out frames in order; ends when there are none."""
        try:
            while inbox:
                frame = inbox.popleft()
                if len(inbox) == INBOX_FRAMES_MAX // 2 and not self._transport.is_closing():
                    self._transport.resume_reading()
                first = self.seat is None
                await self._service.received(self, frame)
                if first and self.seat is not None:
                    self._expect()
        finally:
            self._inbox = self._work = None
        if self._transport.is_closing():
            # It went while it was being let in.
            self._service.gone(self)

    def _expect(self) -> None:
        """Wait for the next ping, which is due whatever is said meanwhile."""
        if self.seat is None:
            self._restart_timer(self._service.settings.hello_s_max, self._hello_late)
        elif not self._paused:
            self._restart_timer(self._service.settings.ping_s, self._ping)

    def _ping(self) -> None:
        if self._closing:
            return
        if self._pings >= 2:
            self._service.figures.closed[1006] += 1
            self._transport.abort()
            return
        self._pings += 1
        self._ws.send_ping(b"")
        self._flush()
        self._expect()

    def _hello_late(self) -> None:
        if self.seat is None:
            self.close(CloseCode.LATE)

    def _too_slow(self) -> None:
        self.close(CloseCode.TOO_SLOW)

    def _broken(self) -> None:
        """The client breaks RFC 6455, or a frame is too large; the close frame is made already."""
        sent = self._ws.close_sent
        self._service.figures.closed[1002 if sent is None else sent.code] += 1
        self.session.close(CloseCode.MALFORMED)
        self._flush()
        # Half closed, so that what the client has on its way does not reset the connection
        # before it has read why.
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        self._end_soon()

    def _end_soon(self) -> None:
        """See to it that the connection is gone soon, whatever the client does."""
        if self._drained is not None:
            self._drained.set()
        self._restart_timer(CLOSE_S, self._transport.abort)

    def _flush(self) -> None:
        self._unsent_bytes = 0
        data = self._ws.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(b"".join(data))

    def _restart_timer(self, seconds: float, call: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(seconds, call)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def allowed_origin(service: ChatService, origin: str, host: str) -> bool:
    """Tell whether a page may connect: an allowed one, or our own demo.

    Args:
        service: Knows the allowed origins.
        origin: The header Origin, lower case.
        host: The header Host: the demo's page is of the same one.
    """
    if origin in service.settings.allowed_origins:
        return True
    return service.settings.demo and bool(host) and urlsplit(origin).netloc == host.lower()


def connections_of(service: ChatService) -> Callable[..., ChatConnection]:
    """Return what uvicorn calls for each WebSocket."""
    return partial(ChatConnection, service)


def _quiet_logger() -> Any:
    """Return a logger for the protocol below: at its debug level it would write what is said."""
    return _QUIET


class _Quiet:
    """A logger that writes nothing."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as logging calls it
        return False

    def debug(self, *args: object, **more: object) -> None: ...

    info = warning = error = debug


_QUIET: Final = _Quiet()
