"""The client in docs/examples, written from docs/protocols/desk.md, serves a chat."""

import asyncio
import sys
from dataclasses import replace

from channels.http.app import build_app
from channels.http.server import HttpServer
from domain.conversation import ConversationState
from tests.house import ROOT
from tests.unit.channels.conversation_fakes import FakeConversations, hex_id
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings


async def test_it_takes_a_chat_answers_it_and_ends_it() -> None:
    fake, pipe = FakeConversations(), asyncio.subprocess.PIPE
    ports = replace(Node().ports(), conversations=fake)
    async with HttpServer(build_app(http_settings(), ports, token=TOKEN), http_settings()) as node:
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", str(ROOT / "docs" / "examples" / "desk_client.py")),
            *(node.url.replace("http", "ws", 1), "alice"),
            env={"WARMLINE_TOKEN": TOKEN},
            stdin=pipe,
            stdout=pipe,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        shown = client.stdout
        async with asyncio.timeout(60):
            assert (await shown.readline()).startswith(b"at the desk of Alice")
            fake.offer(7)
            assert await shown.readline() == b"offered: Where is my order?\n"
            while fake.offers:  # noqa: ASYNC110 - another process takes it
                await asyncio.sleep(0.01)
            fake.customer_says(hex_id(7), "Hello?")
            assert await shown.readline() == b"customer: Hello?\n"
            client.stdin.write(b"Good morning\n\n")
            while fake.kept[hex_id(7)].state is not ConversationState.IDLE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            client.stdin.close()
            await client.wait()
    assert [said.text for said in fake.said[hex_id(7)]] == ["Hello?", "Good morning"]
    assert fake.kept[hex_id(7)].agent_read == 1
