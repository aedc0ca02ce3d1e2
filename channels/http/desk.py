"""The WebSocket of an agent's desk, and the page that speaks it."""

import asyncio
from typing import Final

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from channels.desk.desks import Desks, close_updates
from channels.desk.protocol import SUBPROTOCOL
from channels.desk.session import Gone
from channels.http.access import Ports
from channels.http.agents import AgentPath
from channels.http.conversations import check_agent, desk_of
from channels.http.gate import SUBPROTOCOL_TOKEN
from channels.http.problem import ProblemFound

_log = structlog.get_logger(__name__)

socket_router = APIRouter()
CLOSE_S: Final = 5.0
"""A desk that takes nothing does not take the closing either; then it is cut below us."""


class _WebSocketPeer:
    """A desk's end of a WebSocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | None:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        text: str | None = message.get("text")
        return text

    async def send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (RuntimeError, WebSocketDisconnect):
            raise Gone from None


@socket_router.websocket("/api/v1/agents/{agent_id}/desk")
async def agent_desk(websocket: WebSocket, ports: Ports, agent_id: AgentPath) -> None:
    """Serve an agent's desk: docs/protocols/desk.md."""
    desks: Desks | None = websocket.app.state.desks
    check_agent(ports, agent_id)
    desk_of(ports)
    if desks is None or desks.stopping:
        raise ProblemFound("unavailable", "the node stops", headers={"Retry-After": "5"})
    desks.check_room()
    # Before the handshake is answered, so that a desk which causes something after it is sure
    # to be told of it.
    updates = desks.follow(agent_id)
    try:
        await websocket.accept(_subprotocol(websocket.scope.get("subprotocols", [])))
    except BaseException:
        await close_updates(updates)
        raise
    ending = await desks.serve(_WebSocketPeer(websocket), agent_id, updates)
    if ending.code is None:
        return
    try:
        async with asyncio.timeout(CLOSE_S):
            await websocket.close(ending.code, ending.reason)
    except (TimeoutError, RuntimeError, WebSocketDisconnect):
        return


def _subprotocol(offered: list[str]) -> str | None:
    """Choose what the handshake answers with, as the events' one does."""
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    return next((name for name in offered if name.startswith(SUBPROTOCOL_TOKEN)), None)
