"""Events over a real WebSocket."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from bus.local import LocalBus
from bus.resume import Resume
from channels.http.app import build_app
from channels.http.figures import HttpFigures
from channels.http.server import MESSAGE_BYTES_MAX, HttpServer
from domain.events import CellStarted, DisclosurePlayed
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings

PATH = "/api/v1/events"


@asynccontextmanager
async def serving(node: Node, **settings: Any) -> AsyncIterator[tuple[str, HttpFigures]]:
    ports = node.ports()
    section = http_settings(**settings)
    async with HttpServer(build_app(section, ports, token=TOKEN), section) as server:
        yield server.url.replace("http://", "ws://"), ports.figures


def follow(url: str, query: str = "", **more: Any) -> Any:
    options: dict[str, Any] = {
        "additional_headers": BEARER,
        "compression": None,
        "max_queue": None,
        **more,
    }
    return connect(url + PATH + query, **options)


async def refusal(url: str, query: str = "", **more: Any) -> Any:
    with pytest.raises(InvalidStatus) as caught:
        async with follow(url, query, **more):
            pass
    response = caught.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.body or b"")
    assert problem["status"] == response.status_code
    return problem


async def until(happened: Callable[[], bool]) -> None:
    """Let the event loop turn until the server has done its part."""
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - the server tells nobody but its counters
            await asyncio.sleep(0)


async def closing(socket: ClientConnection) -> tuple[int, str]:
    with contextlib.suppress(ConnectionClosedError):
        async for _ in socket:
            pass
    await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def test_live_events() -> None:
    node = Node()
    async with serving(node) as (url, figures), follow(url) as reader:
        node.stream.publish(DisclosurePlayed(contact_id="x"))
        event = json.loads(await reader.recv())
        assert event == {
            "v": 1,
            "seq": 1,
            "at": "2027-03-01T09:00:01.000000+00:00",
            "type": "DisclosurePlayed",
            "event": {"contact_id": "x"},
        }
        assert figures.event_readers == 1


async def test_coming_back_misses_nothing_and_repeats_nothing() -> None:
    node = Node()
    seen: list[int] = []
    async with serving(node) as (url, _):
        after = 0
        for visit in range(4):
            for _ in range(25):
                node.stream.publish(CellStarted(cell_id="c", pid=visit))
            async with follow(url, f"?after={after}") as reader:
                for _ in range(20):
                    after = json.loads(await reader.recv())["seq"]
                    seen.append(after)
    assert seen == list(range(1, 81))


async def test_over_the_real_bus_a_slow_reader_is_served_from_the_journal() -> None:
    node = Node()
    bus = LocalBus(node.clock, first=1, recent_max=16)
    node.bus = Resume(bus, node.stream, page_events=10)
    async with serving(node) as (url, _), follow(url, "?after=0") as reader:
        for number in range(500):
            event = CellStarted(cell_id=str(number), pid=number)
            node.stream.publish(event)
            bus.publish(event)
        seen = [json.loads(await reader.recv())["event"]["pid"] for _ in range(500)]
    assert seen == list(range(500))


async def test_a_filter_of_types() -> None:
    node = Node()
    node.stream.publish(DisclosurePlayed(contact_id="x"))
    node.stream.publish(CellStarted(cell_id="c", pid=1))
    query = "?after=0&types=CellStarted,CellCrashed"
    async with serving(node) as (url, _), follow(url, query) as reader:
        assert json.loads(await reader.recv())["seq"] == 2


async def test_a_browser_brings_the_token_in_a_subprotocol() -> None:
    bearer = f"bearer.{TOKEN}"
    for offered, chosen in (
        (["warmline.events.v1", bearer], "warmline.events.v1"),
        ([bearer], bearer),
    ):
        async with (
            serving(Node()) as (url, _),
            follow(url, additional_headers={}, subprotocols=offered) as reader,
        ):
            assert reader.subprotocol == chosen


async def test_the_token_in_the_url_is_no_token() -> None:
    async with serving(Node()) as (url, figures):
        problem = await refusal(url, f"?token={TOKEN}", additional_headers={})
        assert problem["status"] == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await refusal(url, additional_headers=wrong))["status"] == 401
        assert figures.auth_failures == 2


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("?after=x", 422, "unprocessable"),
        ("?after=-1", 422, "unprocessable"),
        ("?types=Nonsense", 422, "unprocessable"),
        ("?after=5", 410, "events-gone"),
    ],
)
async def test_what_is_refused_before_the_handshake(query: str, status: int, kind: str) -> None:
    node = Node()
    node.stream.first = 100
    node.stream.publish(DisclosurePlayed(contact_id="x"))
    async with serving(node) as (url, _):
        problem = await refusal(url, query)
    assert (problem["status"], problem["type"]) == (status, f"/api/v1/problems/{kind}")


async def test_other_paths_are_no_websockets() -> None:
    async with serving(Node()) as (url, _):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url + "/nope", additional_headers=BEARER):
                pass
        assert caught.value.response.status_code == 404


async def test_readers_are_bounded() -> None:
    async with serving(Node(), event_readers_max=1) as (url, figures), follow(url):
        problem = await refusal(url)
        assert (problem["status"], problem["type"]) == (503, "/api/v1/problems/limit")
        assert "http.event_readers_max" in problem["detail"]
        assert figures.event_readers_refused == 1


async def test_a_reader_that_left_makes_room() -> None:
    node = Node()
    async with serving(node, event_readers_max=1) as (url, figures):
        for _ in range(3):
            async with follow(url, "?after=0"):
                assert figures.event_readers == 1
            await until(lambda: figures.event_readers == 0)  # The server notices a moment later.


async def test_stopping_says_going_away() -> None:
    async with serving(Node()) as (url, _):
        reader = await follow(url)
    assert await closing(reader) == (1001, "the node stops")
    await reader.close()


async def test_a_reader_that_writes_is_closed() -> None:
    async with serving(Node()) as (url, _), follow(url) as reader:
        await reader.send("hello")
        assert (await closing(reader))[0] == 1008


async def test_a_reader_that_writes_too_much_is_closed() -> None:
    async with serving(Node()) as (url, _), follow(url) as reader:
        await reader.send("x" * (MESSAGE_BYTES_MAX + 1))
        assert (await closing(reader))[0] == 1009


async def test_a_reader_that_reads_nothing_is_closed_with_4008() -> None:
    node = Node()
    async with serving(node, event_send_s_max=0.2) as (url, figures):
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        host, port = url.removeprefix("ws://").split(":")
        small.connect((host, int(port)))
        reader = await follow(url, sock=small, max_queue=1)
        for _ in range(60_000):
            node.stream.publish(CellStarted(cell_id="c" * 500, pid=1))
        await until(lambda: figures.event_readers_slow == 1)
        code, reason = await closing(reader)
        assert code == 4008
        assert reason.startswith("nothing taken; go on after=")
        assert 0 < figures.events_sent < 60_000
        await reader.close()


async def test_a_reader_that_catches_up_leaves_the_node_its_time() -> None:
    node = Node()
    for _ in range(5_000):
        node.stream.publish(CellStarted(cell_id="c", pid=1))
    async with serving(node) as (url, figures), follow(url, "?after=0"):
        turns = 0
        while figures.events_sent < 5_000:
            turns += 1
            await asyncio.sleep(0)
    assert turns > 100


async def test_the_same_address_answers_http() -> None:
    node = Node()
    node.stream.publish(DisclosurePlayed(contact_id="x"))
    async with serving(node) as (url, _):
        base = url.replace("ws://", "http://")
        async with httpx.AsyncClient(base_url=base, headers=BEARER) as client:
            assert (await client.get(PATH)).json()["next_after"] == 1
