"""Serves the API inside the node's event loop."""

import asyncio
from typing import Final

import uvicorn
from fastapi import FastAPI

from channels.desk.desks import Desks
from channels.http.access import ApiPorts
from channels.http.connection import EventConnection, limited_connections
from channels.http.embedded import STOP_S, EmbeddedServer, common
from channels.http.feed import EventFeed
from config.schema import Http

MESSAGE_BYTES_MAX: Final = 1_048_576
"""A message of 200,000 characters, most of them Chinese, has 600 kB."""
PING_S: Final = 20.0
"""Within which a peer that is gone without a word is noticed, after as long again."""


class HttpServer(EmbeddedServer):
    """The API on a TCP port; readers of events and desks are closed with 1001 at the end."""

    def __init__(self, app: FastAPI, settings: Http) -> None:
        """Prepare to serve.

        Args:
            app: From `app.build_app`.
            settings: The section `http` of the configuration; port 0 takes a free one.
        """
        super().__init__(settings.address, settings.port, name="http", section="http")
        self._app = app
        self._settings = settings

    async def _dismiss(self) -> None:
        feed: EventFeed = self._app.state.feed
        desks: Desks | None = self._app.state.desks
        await asyncio.gather(feed.stop(STOP_S), *((desks.stop(STOP_S),) if desks else ()))

    def _configuration(self) -> uvicorn.Config:
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
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=[str(network) for network in settings.proxies],
            **common(),
        )
