"""The command-line client of docs/examples does what its page says, against the real server."""

import asyncio
import importlib.util
from types import ModuleType

import pytest

from channels.chat.closing import CloseCode
from tests.chat_support import ORIGIN, chat_rig, until
from tests.house import ROOT


@pytest.fixture
def example() -> ModuleType:
    source = ROOT / "docs" / "examples" / "chat_client.py"
    spec = importlib.util.spec_from_file_location("chat_client", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_it_chats_and_comes_again(
    example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    async with chat_rig() as rig:
        customer = example.Customer(rig.server.url, ORIGIN)
        running = asyncio.create_task(customer.run())
        await customer.say("Hello")
        await until(lambda: customer.after == 1 and not customer.waiting)
        conversation_id = next(iter(rig.conversations.conversations))
        rig.service.rooms.close(CloseCode.TRY_AGAIN)
        await until(lambda: customer.socket is None)
        rig.conversations.agent_says(conversation_id, "Missed")
        await customer.say("Still there")
        await until(lambda: not customer.waiting and customer.after == 3)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        texts = [one.text for one in rig.conversations.stored[conversation_id]]
        assert texts == ["Hello", "Missed", "Still there"]
    printed = [line for line in capsys.readouterr().out.splitlines() if ": " in line]
    assert [line for line in printed if line.startswith(("agent", "customer"))] == [
        "customer: Hello",
        "agent: Missed",
        "customer: Still there",
    ]
