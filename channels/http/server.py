"""Serves the API inside the node's event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final, Self

import structlog
import uvicorn
from fastapi import FastAPI

from channels.desk.desks import Desks
from channels.http.access import ApiPorts
from channels.http.connection import EventConnection, limited_connections
from channels.http.feed import EventFeed
from config.schema import Http

_log = structlog.get_logger(__name__)

STOP_S: Final = 5.0
"""How long readers of events, and then running requests, may take to end."""
HEAD_BYTES_MAX: Final = 16_384
"""A token, a few header fields and a query; browsers send 2 kB."""
MESSAGE_BYTES_MAX: Final = 1_048_576
"""A message of 200,000 characters, most of them Chinese, has 600 kB."""
PING_S: Final = 20.0
"""Within which a peer that is gone without a word is noticed, after as long again."""


class EmbeddedServer(uvicorn.Server):
    """uvicorn without its signal handlers: the node has its own and stops us in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def listen_on(address: str, port: int, *, name: str) -> socket.socket:
    """Return a listening socket; `name` is the section that asks for it.

    Raises:
        OSError: The address is not ours, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"{name}: cannot listen on {address} port {port}: {error.strerror}"
        ) from None
    return listener


class HttpServer:
    """The API on a TCP port.

    Entering returns when the port is open. Leaving closes it, closes the WebSockets with
    1001 and lets running requests end, within twice `STOP_S` seconds. Leaving twice is
    harmless.
    """

    def __init__(self, app: FastAPI, settings: Http) -> None:
        """Prepare to serve.

        Args:
            app: From `app.build_app`.
            settings: The section `http` of the configuration; port 0 takes a free one.
        """
        self._app = app
        self._settings = settings
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
        """Where a client on this machine finds the API."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        # Our own socket, because uvicorn ends the process when a port is taken.
        listener = listen_on(self._settings.address, self._settings.port, name="http")
        self._address = listener.getsockname()[:2]
        self._server = EmbeddedServer(self._uvicorn_config())
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="http server")
        while not self._server.started:
            if self._task.done():
                listener.close()
                self._task.result()
                raise RuntimeError("the HTTP server has ended while it started")
            await asyncio.sleep(0)
        _log.info("http listening", address=self._address[0], port=self._address[1])
        return self

    async def __aexit__(self, *exc: object) -> None:
        server, task = self._server, self._task
        if server is None or task is None:
            return
        self._server = self._task = None
        feed: EventFeed = self._app.state.feed
        # No new readers while the old ones go, or the last would never have gone.
        for listening in server.servers:
            listening.close()
        desks: Desks | None = self._app.state.desks
        await asyncio.gather(feed.stop(STOP_S), *((desks.stop(STOP_S),) if desks else ()))
        server.should_exit = True
        await task
        _log.info("http stopped")

    def _uvicorn_config(self) -> uvicorn.Config:
        ports: ApiPorts = self._app.state.ports
        settings = self._settings
        return uvicorn.Config(
            self._app,
            http=limited_connections(
                connections_max=settings.connections_max,
                request_s_max=settings.request_s_max,
                figures=ports.figures,
            ),
            # The implementation over websockets' sans-I/O core: uvicorn's older one stands on
            # websockets' legacy package, and both are deprecated.
            ws=EventConnection,
            ws_max_size=MESSAGE_BYTES_MAX,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            # Compression would cost each reader's connection 64 kB and the node its time.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=[str(network) for network in settings.proxies],
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(STOP_S),
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        )
