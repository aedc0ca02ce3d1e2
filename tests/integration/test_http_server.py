"""The API over real sockets: limits of connections, and starting and stopping."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from channels.http.app import build_app
from channels.http.figures import HttpFigures
from channels.http.lingering import LINGER_BYTES_MAX
from channels.http.server import HttpServer
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings


@asynccontextmanager
async def serving(node: Node, **settings: Any) -> AsyncIterator[tuple[HttpServer, HttpFigures]]:
    ports = node.ports()
    section = http_settings(**settings)
    async with HttpServer(build_app(section, ports, token=TOKEN), section) as server:
        yield server, ports.figures


async def raw(server: HttpServer, *parts: bytes) -> bytes:
    """Send bytes and return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection(*server.address)
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_port_0_gives_the_real_port_back() -> None:
    async with serving(Node()) as (server, _), httpx.AsyncClient(base_url=server.url) as client:
        assert server.address[1] != 0
        answer = await client.get("/healthz")
        assert answer.status_code == 200
        assert answer.headers["date"]
        assert "server" not in answer.headers


async def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        async with (
            serving(Node(), address="::1") as (server, _),
            httpx.AsyncClient(base_url=server.url) as client,
        ):
            assert (await client.get("/healthz")).status_code == 200
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


async def test_signals_stay_with_the_node() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with serving(Node()):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_port_that_is_taken_is_named() -> None:
    async with serving(Node()) as (server, _):
        port = server.address[1]
        with pytest.raises(OSError, match=f"http: cannot listen on 127.0.0.1 port {port}"):
            async with serving(Node(), port=port):
                pass


async def test_stopping_twice_is_harmless_and_frees_the_port() -> None:
    node = Node()
    section = http_settings()
    server = HttpServer(build_app(section, node.ports(), token=TOKEN), section)
    async with server:
        address = server.address
    await server.__aexit__(None, None, None)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    gc.collect()


async def test_a_running_request_ends_before_the_server_does() -> None:
    node = Node()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow_reload() -> Any:
        begun.set()
        await go_on.wait()
        return await Node().reload()

    node.reload = slow_reload  # type: ignore[method-assign]
    async with serving(node) as (server, _):
        client = httpx.AsyncClient(base_url=server.url, headers=BEARER)
        asking = asyncio.create_task(client.post("/api/v1/configuration/reload"))
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    answer = await asking
    assert answer.status_code == 200
    await client.aclose()


async def test_what_is_not_http_gets_a_problem() -> None:
    async with serving(Node()) as (server, _):
        answer = await raw(server, b"INVITE sip:alice@example SIP/2.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    assert b'"/api/v1/problems/bad-request"' in body


async def test_a_head_that_is_too_large_gets_a_problem() -> None:
    async with serving(Node()) as (server, _):
        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(head)
        answer = await reader.readuntil(b"\r\n")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_never_ends_gets_a_problem_in_time() -> None:
    async with serving(Node(), request_s_max=0.1) as (server, figures):
        answer = await raw(server, b"GET /healthz HTTP/1.1\r\n", b"X-Slow: ")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert figures.requests_timed_out == 1


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with serving(Node(), request_s_max=0.1) as (server, figures):
        assert await raw(server) == b""
    assert figures.requests_timed_out == 0


async def test_a_second_head_that_never_ends_is_noticed_too() -> None:
    async with serving(Node(), request_s_max=0.1) as (server, figures):
        answer = await raw(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 408 ") == 1
    assert figures.requests_timed_out == 1


async def test_a_client_that_waits_for_100_is_refused_before_it_sends() -> None:
    head = b"POST /api/v1/agents/alice/state HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n"
    rest = f"Expect: 100-continue\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with serving(Node(), request_bytes_max=1_000) as (server, _):
        assert (await raw(server, head + rest)).startswith(b"HTTP/1.1 413 ")


async def test_a_body_without_end_is_cut() -> None:
    head = b"POST /api/v1/agents/alice/state HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
    token = f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with serving(Node(), request_bytes_max=1_000) as (server, figures):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(head + token)
        answer = await reader.readuntil(b"\r\n")
        with pytest.raises(ConnectionError):  # noqa: PT012 - which write fails is not ours to say
            for _ in range(LINGER_BYTES_MAX // 65_536 + 200):
                writer.write(bytes(65_536))
                await writer.drain()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert figures.bodies_refused == 1


async def test_a_body_that_never_ends_gets_a_problem_in_time() -> None:
    head = b"POST /api/v1/agents/alice/state HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
    token = f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with serving(Node(), request_s_max=0.1) as (server, figures):
        answer = await raw(server, head + token + b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert figures.requests_timed_out == 1


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_that_is_too_large_gets_a_problem(chunked: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with (
        serving(Node(), request_bytes_max=1_000) as (server, figures),
        httpx.AsyncClient(base_url=server.url, headers=BEARER) as client,
    ):
        answer = await client.post(
            "/api/v1/agents/alice/state", content=parts() if chunked else b"x" * 500_000
        )
    assert answer.status_code == 413
    assert answer.json()["type"] == "/api/v1/problems/too-large"
    assert figures.bodies_refused == 1


async def test_connections_are_bounded() -> None:
    async with serving(Node(), connections_max=2) as (server, figures):
        writers = [(await asyncio.open_connection(*server.address))[1] for _ in range(2)]
        async with httpx.AsyncClient(base_url=server.url) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("/healthz")
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/healthz")).status_code == 200
    assert figures.connections_refused == 1


async def test_a_proxy_is_believed_only_when_it_is_named() -> None:
    wrong = {"Authorization": "Bearer wrong-wrong-wrong", "X-Forwarded-For": "203.0.113.9"}
    right = {**BEARER, "X-Forwarded-For": "203.0.113.10"}
    for proxies, status in ((["127.0.0.0/8"], 200), ([], 429)):
        async with (
            serving(Node(), proxies=proxies, auth_failures_max=1) as (server, _),
            httpx.AsyncClient(base_url=server.url) as client,
        ):
            assert (await client.get("/api/v1/agents", headers=wrong)).status_code == 401
            assert (await client.get("/api/v1/agents", headers=right)).status_code == status
