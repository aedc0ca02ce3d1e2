"""What an idle customer's connection costs the node in memory, beside other ways to hold it.

Each row is a process of its own; resident memory is read before the first connection and after
the last, with the garbage collected.
"""

import asyncio
import json as json_format
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any, Final, cast

import uvicorn
from websockets.asyncio.server import serve as websockets_serve

from bench.chat_rig import ACCEPTED, Customer, enter, node, open_files, resident_bytes
from bench.tables import print_table
from channels.http.connection import EventConnection

CONNECTIONS: Final = 10_000
"""Customers and node are processes of their own, so each needs half of the descriptors."""
PEER_CONNECTIONS: Final = 2_000
ANSWERED_S_MAX: Final = 600.0
AIM_KIB: Final = 40.0


def run(json: bool = False) -> None:
    """Measure and print."""
    open_files()
    rows = [*_chat(), *(_peer(name) for name in _PEERS)]
    print_table(f"Idle chat connections (aim: at or below {AIM_KIB:g} KiB each)", rows)
    if json:
        print(json_format.dumps({"chat_idle": {row["what"]: row["KiB each"] for row in rows}}))


def _row(what: str, connections: int, memory: int, seconds: float | None) -> dict[str, object]:
    return {
        "what": what,
        "connections": connections,
        "KiB each": round(memory / connections / 1_024, 1),
        "MiB in all": round(memory / 1_048_576, 1),
        "s to let in": None if seconds is None else round(seconds, 1),
    }


def _chat() -> list[dict[str, object]]:
    """Measure the chat: joined, then with a conversation that is followed, then 30 s later."""
    rows = []

    async def measure() -> None:
        answered = asyncio.Event()
        accepted = 0

        def take(customer: Customer, frame: bytes) -> None:
            nonlocal accepted
            if frame.startswith(ACCEPTED):
                accepted += 1
                if accepted == CONNECTIONS:
                    answered.set()

        with node() as where:
            begun_s = time.perf_counter()
            customers = await enter(where, range(CONNECTIONS), take)
            took_s = time.perf_counter() - begun_s
            count, memory, _ = where.ask("memory")
            rows.append(_row("chat: joined, nothing said", count, memory, took_s))
            for number, customer in enumerate(customers):
                customer.send({"type": "message", "client_id": "1", "text": "Hello"})
                if number % 100 == 0:
                    await asyncio.sleep(0.05)
            await asyncio.wait_for(answered.wait(), ANSWERED_S_MAX)
            await asyncio.sleep(2)
            count, memory, before_s = where.ask("memory")
            rows.append(_row("chat: with a conversation", count, memory, None))
            await asyncio.sleep(30)
            count, memory, after_s = where.ask("memory")
            rows.append(
                _row(
                    f"the same 30 s later, {(after_s - before_s) / 30:.1%} of a processor",
                    count,
                    memory,
                    None,
                )
            )
            for customer in customers:
                customer.transport.abort()

    asyncio.run(measure())
    return rows


def _peer(name: str) -> dict[str, object]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_peer, args=(name, theirs), daemon=True)
    process.start()
    port = ours.recv()

    async def measure() -> int:
        loop = asyncio.get_running_loop()
        held = []
        for _ in range(PEER_CONNECTIONS):
            pair = await loop.create_connection(
                lambda: Customer("x", lambda customer, message: None), "127.0.0.1", port
            )
            held.append(pair)
        await asyncio.sleep(3)
        ours.send("memory")
        memory: int = await asyncio.to_thread(ours.recv)
        for transport, _ in held:
            transport.abort()
        return memory

    memory = asyncio.run(measure())
    process.kill()
    return _row(name, PEER_CONNECTIONS, memory, None)


_PEERS: Final = (
    "bare uvicorn, no compression",
    "bare uvicorn, permessage-deflate",
    "bare websockets, no compression",
)


def _serve_peer(name: str, pipe: Connection) -> None:
    open_files()
    asyncio.run(_peer_main(name, pipe))


async def _peer_main(name: str, pipe: Connection) -> None:
    if "uvicorn" in name:
        config = uvicorn.Config(
            _application,
            port=0,
            ws=EventConnection,
            ws_per_message_deflate="deflate" in name,
            lifespan="off",
            log_config=None,
            log_level="warning",
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        await _answer(server.servers[0].sockets[0].getsockname()[1], pipe)
        task.cancel()
        return
    async with websockets_serve(_wait, "127.0.0.1", 0, compression=None) as socket_server:
        await _answer(next(iter(socket_server.sockets)).getsockname()[1], pipe)


async def _answer(port: int, pipe: Connection) -> None:
    base = resident_bytes()
    pipe.send(port)
    await asyncio.to_thread(pipe.recv)
    pipe.send(resident_bytes() - base)
    await asyncio.sleep(60)


async def _wait(connection: Any) -> None:
    async for _ in connection:
        pass


async def _application(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while cast(dict[str, Any], await receive())["type"] != "websocket.disconnect":
        pass
