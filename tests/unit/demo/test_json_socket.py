"""What a WebSocket tells, with a real one on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from demo.json_socket import JsonSocket


class Peer:
    def __init__(self) -> None:
        self.here: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.url = ""

    async def serve(self, connection: ServerConnection) -> None:
        self.here.set_result(connection)
        await self.ended.wait()

    async def tell(self, **message: object) -> None:
        await (await self.here).send(json.dumps(message))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    async with serve(made.serve, "127.0.0.1", 0) as server:
        made.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made
        made.ended.set()


async def test_what_fits_is_returned_once_whenever_it_came(peer: Peer) -> None:
    async with JsonSocket("desk", peer.url) as desk:
        await peer.tell(type="offer", n=1)
        await peer.tell(type="done", n=2)
        assert (await desk.told("done"))["n"] == 2
        assert (await desk.told("offer"))["n"] == 1
        waiting = asyncio.create_task(desk.told("offer", "done", fits=lambda told: told["n"] > 3))
        await peer.tell(type="offer", n=3)
        await peer.tell(type="done", n=4)
        assert (await waiting)["n"] == 4
        peer.ended.set()


async def test_what_is_not_told_says_what_was_missing(peer: Peer) -> None:
    async with JsonSocket("desk", peer.url) as desk:
        with pytest.raises(TimeoutError, match="desk: no offer or done within 0 s"):
            await desk.told("offer", "done", timeout_s=0)
        peer.ended.set()
        with pytest.raises(OSError, match="desk: the connection ended before offer came"):
            await desk.told("offer")


async def test_what_is_said_is_one_object(peer: Peer) -> None:
    async with JsonSocket("app", peer.url) as app:
        await app.say(type="hello", version=1)
        assert json.loads(await (await peer.here).recv()) == {"type": "hello", "version": 1}
        peer.ended.set()


async def test_a_cut_connection_ends_without_a_close_frame(peer: Peer) -> None:
    async with JsonSocket("app", peer.url) as app:
        connection = await peer.here
        app.cut()
        with pytest.raises(ConnectionClosedError) as ended:
            await connection.recv()
        assert ended.value.rcvd is None
        peer.ended.set()
