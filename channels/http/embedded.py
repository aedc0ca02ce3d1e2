"""A uvicorn server inside the node's event loop: started with an open port, stopped in order."""

import asyncio
import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final, Self

import structlog
import uvicorn

_log = structlog.get_logger(__name__)

STOP_S: Final = 5.0
"""How long long-lived readers, and then running requests, may take to end."""
HEAD_BYTES_MAX: Final = 16_384
"""A token, a few header fields and a query; browsers send 2 kB."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the node has its own and stops us in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class EmbeddedServer(ABC):
    """An application on a TCP port.

    Entering returns when the port is open. Leaving closes it, has long-lived readers leave and lets
    running requests end, within twice `STOP_S` seconds. Leaving twice is harmless.
    """

    def __init__(self, address: str, port: int, *, name: str, section: str) -> None:
        """Prepare to serve.

        Args:
            address: To listen on.
            port: 0 takes a free one.
            name: Of what is served, for the log.
            section: Of the configuration, for who finds the port taken.
        """
        self._listen = (address, port)
        self._name = name
        self._section = section
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._address: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Address and real port; only while serving."""
        assert self._address is not None, "not entered"
        return self._address

    @property
    def url(self) -> str:
        """Where a client on this machine finds it."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        # Our own socket, because uvicorn ends the process when a port is taken.
        listener = _listen_on(*self._listen, section=self._section)
        self._address = listener.getsockname()[:2]
        self._server = _Server(self._configuration())
        serving = self._server.serve(sockets=[listener])
        self._task = asyncio.create_task(serving, name=f"{self._name} server")
        while not self._server.started:
            if self._task.done():
                listener.close()
                self._task.result()
                raise RuntimeError(f"the {self._name} server has ended while it started")
            await asyncio.sleep(0)
        _log.info(f"{self._name} listening", address=self._address[0], port=self._address[1])
        return self

    async def __aexit__(self, *exc: object) -> None:
        server, task = self._server, self._task
        if server is None or task is None:
            return
        self._server = self._task = None
        # No new readers while the old ones go, or the last would never have gone.
        for listening in server.servers:
            listening.close()
        await self._dismiss()
        server.should_exit = True
        await task
        _log.info(f"{self._name} stopped")

    @abstractmethod
    def _configuration(self) -> uvicorn.Config:
        """Return what is served and how; begin with `common`."""

    @abstractmethod
    async def _dismiss(self) -> None:
        """Have those leave who would stay for ever."""


def common() -> dict[str, Any]:
    """Return what all servers of a node have in common, as arguments of `uvicorn.Config`."""
    return {
        # Compression would cost each reader's connection 64 kB and the node its time.
        "ws_per_message_deflate": False,
        "lifespan": "off",
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": int(STOP_S),
        "h11_max_incomplete_event_size": HEAD_BYTES_MAX,
    }


def _listen_on(address: str, port: int, *, section: str) -> socket.socket:
    """Return a listening socket.

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
            error.errno, f"{section}: cannot listen on {address} port {port}: {error.strerror}"
        ) from None
    return listener
