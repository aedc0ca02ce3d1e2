"""Limits of a connection over real sockets: sizes, rates, numbers, silence, slow readers."""

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from channels.chat.connection import HIGH_WATER_BYTES, SOCKET_PATH
from tests.chat_support import ORIGIN, ChatRig, Client, chat_rig, until


async def closed_after(rig: ChatRig, *frames: Any) -> int | None:
    """Return the close code after these frames of a new connection."""
    client = Client(await rig.connect(), {})
    with contextlib.suppress(ConnectionClosed):
        for frame in frames:
            await client.socket.send(frame)
    return await client.close_code()


def hello(**more: Any) -> str:
    return json.dumps({"type": "hello", "version": 1, "ticket": "x", **more})


async def test_what_is_no_protocol_closes_with_a_code() -> None:
    async with chat_rig() as rig:
        assert await closed_after(rig, "{") == 4400
        assert await closed_after(rig, "[]") == 4400
        assert await closed_after(rig, '{"type":"nothing"}') == 4400
        assert await closed_after(rig, '{"type":"typing","typing":true}') == 4400
        assert await closed_after(rig, "[" * 30_000) == 4400
        assert await closed_after(rig, hello(version=2)) == 4406
        assert await closed_after(rig, hello()) == 4401
        assert await closed_after(rig, b"binary") == 1003
        assert await closed_after(rig, "x" * 40_000) == 1009
        client, _ = await rig.enter()
        await client.socket.send(hello())
        assert await client.close_code() == 4400
        await until(lambda: rig.service.figures.connections == 0)


async def test_a_message_in_fragments_is_one_message() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        whole = json.dumps({"type": "message", "client_id": "a", "text": "你好"})
        await client.socket.send([whole[:5], whole[5:20], whole[20:]])
        assert (await client.next("message"))["text"] == "你好"


async def test_a_long_or_empty_text_is_refused_and_the_connection_goes_on() -> None:
    async with chat_rig(text_characters_max=100) as rig:
        client, _ = await rig.enter()
        await client.say("x" * 101, "a")
        error = await client.next("error")
        assert (error["code"], error["limit"], error["client_id"]) == ("too-long", 100, "a")
        await client.say("  \n", "b")
        assert (await client.next("error"))["code"] == "empty"
        await client.say("😀" * 100, "c")
        assert (await client.next("accepted"))["client_id"] == "c"


async def test_who_writes_too_fast_is_told_when_he_may_go_on() -> None:
    async with chat_rig(messages_burst=2, messages_per_min=60) as rig:
        client, _ = await rig.enter()
        for number in range(3):
            await client.say("x", f"m{number}")
        assert (await client.next("accepted"))["client_id"] == "m0"
        assert (await client.next("accepted"))["client_id"] == "m1"
        error = await client.next("error")
        assert (error["code"], error["client_id"]) == ("too-fast", "m2")
        assert 0 < error["retry_after_s"] <= 1.1
        rig.conversations.clock.now_s += 1
        await client.say("x", "m2")
        assert (await client.next("accepted"))["client_id"] == "m2"


async def test_messages_of_one_address_are_limited() -> None:
    async with chat_rig(address_messages_per_min=8) as rig:
        first, _ = await rig.enter()
        second, _ = await rig.enter()
        await first.say("x", "a")
        await first.next("accepted")
        await second.say("x", "b")
        await second.next("accepted")
        await second.say("x", "c")
        assert (await second.next("error"))["code"] == "too-fast"


async def test_far_too_many_frames_close() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(70):
                await client.send({"type": "typing", "typing": True})
        assert await client.close_code() == 4429


async def test_connections_are_bounded_in_all_by_address_and_by_customer() -> None:
    async with chat_rig(connections_per_customer_max=2, connections_per_address_max=4) as rig:
        first, visitor = await rig.enter()
        await rig.enter(visitor)
        ticket = (await rig.ticket(visitor=visitor)).json()["ticket"]
        third = Client(await rig.connect(), {})
        await third.socket.send(hello(ticket=ticket))
        assert await third.close_code() == 4429
        await until(lambda: rig.service.figures.connections == 2)
        await rig.enter()
        await rig.enter()
        with pytest.raises(Exception, match="429"):
            await rig.connect()
        await first.socket.close()
        await until(lambda: rig.service.figures.connections == 3)
        await rig.enter()
    async with chat_rig(connections_max=1) as rig:
        await rig.enter()
        with pytest.raises(Exception, match="503"):
            await rig.connect()


async def test_who_says_nothing_is_closed() -> None:
    async with chat_rig(hello_s_max=0.05) as rig:
        assert await closed_after(rig) == 4408


async def test_a_connection_that_answers_no_ping_is_dropped() -> None:
    async with chat_rig(ping_s=1) as rig:
        reader, writer = await raw_client(rig)
        assert (await reader.read(2))[0] == 0x89  # A ping (RFC 6455 section 5.5.2).
        await until(lambda: rig.service.figures.connections == 0)
        writer.close()


async def test_a_slow_reader_is_closed_and_the_others_are_served() -> None:
    async with chat_rig(send_s_max=0.2, send_bytes_max=65_536) as rig:
        quick, visitor = await rig.enter()
        await quick.say("hello", "a")
        conversation_id = (await quick.next("accepted"))["conversation_id"]
        _, writer = await raw_client(rig, visitor)
        assert rig.service.figures.connections == 2
        for number in range(60):
            rig.conversations.agent_says(conversation_id, f"{number} " + "x" * 20_000)
            while not (await quick.next("message"))["text"].startswith(f"{number} "):
                pass
        await until(lambda: rig.service.figures.closed[4430] == 1)
        assert rig.service.figures.connections >= 1
        writer.close()


async def raw_client(
    rig: ChatRig, visitor: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a client that was welcomed and reads no more than its welcome."""
    ticket = (await rig.ticket(visitor=visitor)).json()["ticket"]
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, rig.server.address)
    reader, writer = await asyncio.open_connection(sock=plain, limit=1_024)
    writer.write(
        f"GET {SOCKET_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Origin: {ORIGIN}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    frame = hello(ticket=ticket).encode()
    assert len(frame) < 126
    writer.write(bytes((0x81, 0x80 | len(frame), 0, 0, 0, 0)) + frame)
    await reader.readuntil(b'"live"}')
    return reader, writer


async def test_when_the_node_stops_everybody_is_told() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        closing = asyncio.create_task(client.close_code())
        await rig.server.__aexit__()
        assert await closing == 1001


async def test_the_clients_address_is_what_our_proxy_says() -> None:
    async with chat_rig(proxies=["127.0.0.0/8"], connections_per_address_max=1) as rig:
        await rig.connect(additional_headers={"X-Forwarded-For": "192.0.2.1"})
        await rig.connect(additional_headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"})
        with pytest.raises(Exception, match="429"):
            await rig.connect(additional_headers={"X-Forwarded-For": "192.0.2.3, 192.0.2.1"})


async def test_what_is_said_in_one_turn_is_written_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        peer: Any = next(iter(rig.service._seats.values()))
        written: list[bytes] = []
        write = peer._transport.write

        def note(frames: bytes) -> None:
            written.append(frames)
            write(frames)

        monkeypatch.setattr(peer._transport, "write", note)
        for number in range(3):
            peer.send(b'{"type":"typing","typing":%d}' % number)
        assert not written
        assert [(await client.next("typing"))["typing"] for _ in range(3)] == [0, 1, 2]
        assert len(written) == 1
        peer.send(b'"' + b"x" * HIGH_WATER_BYTES + b'"')
        assert len(written) == 2, "what is large does not wait"
