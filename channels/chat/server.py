"""Serves the chat on a port of its own, inside the node's event loop."""

import asyncio
from typing import Final, Self

import structlog
import uvicorn
from starlette.applications import Starlette

from channels.chat.connection import connections_of
from channels.chat.service import ChatService
from channels.http.connection import limited_connections
from channels.http.figures import HttpFigures
from channels.http.server import EmbeddedServer, listen_on

STOP_S: Final = 5.0
REQUESTS_MAX: Final = 500
"""HTTP connections beside the WebSockets: tickets take a millisecond, files some seconds."""
HEAD_BYTES_MAX: Final = 16_384
HEAD_S_MAX: Final = 10.0

_log = structlog.get_logger(__name__)


class ChatServer:
    """The chat on a TCP port.

    Entering returns when the port is open. Leaving closes it, closes every customer's connection
    with 1001 and lets running requests end, within twice `STOP_S` seconds. Leaving twice is
    harmless.
    """

    def __init__(self, app: Starlette, service: ChatService) -> None:
        """Prepare to serve.

        Args:
            app: From `app.build_chat_app`.
            service: The same that the app is of.
        """
        self._app = app
        self.service: Final = service
        self._server: EmbeddedServer | None = None
        self._task: asyncio.Task[None] | None = None
        self._address: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Address and real port; only while serving."""
        assert self._address is not None, "not entered"
        return self._address

    @property
    def url(self) -> str:
        """Where a client on this machine finds the chat."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        listen = self.service.settings.listen
        listener = listen_on(listen.address, listen.port, name="chat.listen")
        self._address = listener.getsockname()[:2]
        self._server = EmbeddedServer(self._uvicorn_config())
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="chat server")
        while not self._server.started:
            if self._task.done():
                listener.close()
                self._task.result()
                raise RuntimeError("the chat server has ended while it started")
            await asyncio.sleep(0)
        _log.info("chat listening", address=self._address[0], port=self._address[1])
        return self

    async def __aexit__(self, *exc: object) -> None:
        server, task = self._server, self._task
        if server is None or task is None:
            return
        self._server = self._task = None
        for listening in server.servers:
            listening.close()
        self.service.stop()
        server.should_exit = True
        await task
        _log.info("chat stopped")

    def _uvicorn_config(self) -> uvicorn.Config:
        settings = self.service.settings
        return uvicorn.Config(
            self._app,
            http=limited_connections(
                connections_max=settings.connections_max + REQUESTS_MAX,
                request_s_max=HEAD_S_MAX,
                figures=HttpFigures(),
            ),
            # uvicorn's own WebSocket costs twice the memory: see docs/measure/chat.md.
            ws=connections_of(self.service),  # type: ignore[arg-type]
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(STOP_S),
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        )
