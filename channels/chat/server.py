"""Serves the chat on a port of its own, inside the node's event loop."""

from typing import Final

import uvicorn
from starlette.applications import Starlette

from channels.chat.connection import connections_of
from channels.chat.service import ChatService
from channels.http.connection import limited_connections
from channels.http.embedded import EmbeddedServer, common
from channels.http.figures import HttpFigures

REQUESTS_MAX: Final = 500
"""HTTP connections beside the WebSockets: tickets take a millisecond, files some seconds."""
HEAD_S_MAX: Final = 10.0


class ChatServer(EmbeddedServer):
    """The chat on a TCP port; every customer's connection is closed with 1001 at the end."""

    def __init__(self, app: Starlette, service: ChatService) -> None:
        """Prepare to serve.

        Args:
            app: From `app.build_chat_app`.
            service: The same that the app is of.
        """
        listen = service.settings.listen
        super().__init__(listen.address, listen.port, name="chat", section="chat.listen")
        self._app = app
        self.service: Final = service

    async def _dismiss(self) -> None:
        self.service.stop()

    def _configuration(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._app,
            http=limited_connections(
                connections_max=self.service.settings.connections_max + REQUESTS_MAX,
                request_s_max=HEAD_S_MAX,
                figures=HttpFigures(),
            ),
            # uvicorn's own WebSocket costs twice the memory: see docs/measure/chat.md.
            ws=connections_of(self.service),  # type: ignore[arg-type]
            proxy_headers=False,
            **common(),
        )
