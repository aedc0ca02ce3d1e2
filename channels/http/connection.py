"""The server's connections with limits of their own.

uvicorn bounds neither the number of connections nor the time that a request's head may
take, answers what is not HTTP in a form of its own, and closes WebSockets with 1012
(service restart). Here each is as docs/api.md says.
"""

import asyncio
import json
from asyncio.transports import BaseTransport
from typing import Any, Final, cast

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from channels.http.figures import HttpFigures
from channels.http.lingering import LingeringTransport
from channels.http.problem import PROBLEM_MEDIA_TYPE, PROBLEM_PATH, PROBLEMS
from channels.http.safety import SECURITY_HEADERS

ABORT_AFTER_S: Final = 20.0
"""Ten seconds that the closing handshake may take, and as many for what was sent before."""


class EventConnection(WebSocketsSansIOProtocol):
    """A WebSocket that ends within a stated time, whatever the peer does."""

    async def send(self, message: Any) -> None:
        """Send one ASGI message.

        A close frame has at most 125 bytes (RFC 6455 section 5.5), so it never waits behind
        what a slow reader has left in the buffer.
        """
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)
        kind = message["type"]
        if kind == "websocket.http.response.body" and not message.get("more_body", False):
            # A refusal is an answer to the handshake; uvicorn would log it as a fault.
            self.handshake_complete = True

    async def run_asgi(self) -> None:
        """Run the application, then see to it that the connection is gone."""
        try:
            await super().run_asgi()
        finally:
            # Closing waits until the peer has taken what is in the buffer, which one that
            # reads nothing never does.
            self.loop.call_later(ABORT_AFTER_S, self.transport.abort)


def limited_connections(
    *, connections_max: int, request_s_max: float, figures: HttpFigures
) -> type[H11Protocol]:
    """Return the class of connections with these limits; uvicorn makes the objects.

    Args:
        connections_max: Over which a connection is cut at once.
        request_s_max: Seconds from the first byte of a request to the end of its head.
        figures: Where refusals are counted.
    """

    class ApiConnection(H11Protocol):
        """An HTTP/1.1 connection."""

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self._head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: BaseTransport) -> None:
            stream = cast(asyncio.Transport, transport)
            self._lingering = LingeringTransport(stream, self._is_sent_to)
            super().connection_made(cast(asyncio.Transport, self._lingering))
            if len(self.connections) > connections_max:
                figures.connections_refused += 1
                stream.abort()
                return
            self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_head_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._lingering.passes_over(data):
                return
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._stop_head_timer()
            elif self._head_timer is None and not self.transport.is_closing():
                self._expect_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            # The next request may have begun to come behind the last one (pipelining).
            begun = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
            if begun and self._head_timer is None and not self.transport.is_closing():
                self._expect_head()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._stop_head_timer()
            self.transport = self._lingering.stream
            super().handle_websocket_upgrade(event)

        def _is_sent_to(self) -> bool:
            """Tell whether a request has begun whose body is not here."""
            return self.conn.their_state is h11.SEND_BODY

        def send_400_response(self, msg: str) -> None:
            """Answer what is not HTTP, or has too large a head."""
            head_bytes_max = self.config.h11_max_incomplete_event_size or 0
            too_large = len(self.conn.trailing_data[0]) >= head_bytes_max > 0
            name = "headers-too-large" if too_large else "bad-request"
            self._answer_and_close(name, msg)

        def _expect_head(self) -> None:
            self._head_timer = self.loop.call_later(request_s_max, self._head_late)

        def _stop_head_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _head_late(self) -> None:
            self._head_timer = None
            if self.transport.is_closing():
                return
            if not self.conn.trailing_data[0]:
                self.transport.close()  # It never said anything; nothing is owed to it.
                return
            figures.requests_timed_out += 1
            self._answer_and_close(
                "request-timeout",
                f"http.request_s_max: the head was not complete after {request_s_max:g} s",
            )

        def _answer_and_close(self, name: str, detail: str) -> None:
            if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
                self.transport.close()  # An answer is under way already.
                return
            kind = PROBLEMS[name]
            body = json.dumps(
                {
                    "type": PROBLEM_PATH + name,
                    "title": kind.title,
                    "status": kind.status,
                    "detail": detail,
                    "instance": "",
                },
                separators=(",", ":"),
            ).encode()
            headers: list[tuple[bytes, bytes]] = [
                *self.server_state.default_headers,
                (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
                *((name.encode(), value.encode()) for name, value in SECURITY_HEADERS),
            ]
            for part in (
                h11.Response(status_code=kind.status, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(part) or b"")
            self.transport.close()

    return ApiConnection
