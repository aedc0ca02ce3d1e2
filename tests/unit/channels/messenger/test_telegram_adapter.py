"""The adapter of docs/examples, between the application and a double of Telegram's Bot API."""

import asyncio
import importlib.util
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from tests.unit.channels.messenger.scene import CONVERSATION, FILE, message
from tests.unit.channels.messenger.test_messengers_http import Site, site
from tests.unit.channels.messenger.test_sender import Scene
from tests.unit.channels.webhooks.receiver import SECRET, Receiver

__all__ = ["site"]

ADAPTER = Path(__file__).parents[4] / "docs" / "examples" / "telegram_adapter.py"
UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 11,
        "from": {"id": 77, "is_bot": False, "first_name": "M.", "language_code": "zh"},
        "chat": {"id": 77, "type": "private"},
        "date": 1_804_151_780,
        "caption": "看这张图",
        "photo": [{"file_id": "small", "width": 90}, {"file_id": "large", "width": 800}],
    },
}


class Telegram:
    """As much of the Bot API as the adapter uses (core.telegram.org/bots/api)."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.sent: list[dict[str, object]] = []
        self.is_blocked = False

        @self.app.post("/botTOKEN/getFile")
        async def get_file(request: Request) -> dict[str, object]:
            name = (await request.json())["file_id"]
            return {"ok": True, "result": {"file_id": name, "file_path": f"photos/{name}"}}

        @self.app.get("/file/botTOKEN/photos/large")
        async def content() -> Response:
            return Response(b"\x89PNG large")

        @self.app.post("/botTOKEN/sendMessage")
        async def send_message(request: Request) -> Response:
            if self.is_blocked:
                told = {"ok": False, "error_code": 403, "description": "Forbidden"}
                return Response(json.dumps(told), 403)
            self.sent.append(await request.json())
            return Response('{"ok":true}')

        @self.app.post("/botTOKEN/sendDocument")
        async def send_document(request: Request) -> Response:
            self.sent.append({"document": await request.body()})
            return Response('{"ok":true}')


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a port of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
async def adapter(
    monkeypatch: pytest.MonkeyPatch, telegram: Telegram, site: Site
) -> AsyncIterator[Any]:
    for name, value in {
        "TELEGRAM_TOKEN": "TOKEN",
        "TELEGRAM_SECRET": "given-to-telegram",
        "TELEGRAM_API": "http://telegram",
        "WARMLINE_URL": "http://node/messengers/v1/chatty",
        "WARMLINE_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("telegram_adapter", ADAPTER)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    await module.http.aclose()
    module.http = httpx.AsyncClient(
        mounts={
            "http://telegram": httpx.ASGITransport(telegram.app),
            "http://node": site.client._transport,
        }
    )
    # The application's clock stands still; what the adapter signs must be of its time.
    monkeypatch.setattr(module.time, "time", lambda: site.clock.utc().timestamp())
    async with module.http:
        yield module


async def told(adapter: Any, update: object, secret: str = "given-to-telegram") -> int:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(adapter.app), base_url="http://adapter"
    ) as client:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        return (await client.post("/telegram", json=update, headers=headers)).status_code


async def test_what_a_customer_writes_there_is_stored_once(adapter: Any, site: Site) -> None:
    assert await told(adapter, UPDATE) == 200
    assert await told(adapter, UPDATE) == 200, "Telegram posts again what it had no answer to"
    (inbound,) = site.conversations.inbound
    assert (inbound.text, inbound.language, inbound.name) == ("看这张图", "zh", "M.")
    assert inbound.sender.value == "chatty:77"
    (attachment_id,) = inbound.attachments
    assert site.files.kept[attachment_id][1] == b"\x89PNG large"


async def test_what_is_no_message_and_who_is_not_telegram(adapter: Any, site: Site) -> None:
    assert await told(adapter, {"update_id": 2, "edited_message": {}}) == 200
    assert await told(adapter, UPDATE, secret="guessed") == 401
    assert not site.conversations.inbound


async def test_an_answer_reaches_the_customer_with_its_file(
    adapter: Any, telegram: Telegram, site: Site
) -> None:
    async with served(adapter.app) as url, Receiver() as unused:
        scene = Scene(unused, url=f"{url}/warmline")
        scene.poster._url = f"{url}/warmline"
        scene.outgoing.put(message(4, "它明天到。", attachments=(FILE,)))
        async with scene.poster:
            await scene.sender.round()
    text, document = telegram.sent
    assert text == {"chat_id": "77", "text": "它明天到。"}
    assert b"%PDF" in document["document"]  # type: ignore[operator]
    assert scene.figures.sent == 1


async def test_a_customer_who_has_blocked_us_is_no_reason_to_try_again(
    adapter: Any, telegram: Telegram, site: Site
) -> None:
    telegram.is_blocked = True
    async with served(adapter.app) as url, Receiver() as unused:
        scene = Scene(unused)
        scene.poster._url = f"{url}/warmline"
        scene.outgoing.put(message(4))
        async with scene.poster:
            await scene.sender.round()
    assert site.conversations.told == [
        (CONVERSATION.conversation_id, "failed", 4, "blocked by the customer")
    ]


async def test_who_is_not_warmline_is_refused(adapter: Any, telegram: Telegram) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(adapter.app), base_url="http://adapter"
    ) as client:
        headers = {
            "Webhook-Id": "x",
            "Webhook-Timestamp": str(int(adapter.time.time())),
            "Webhook-Signature": "v1,AAAA",
        }
        answer = await client.post("/warmline", content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert not telegram.sent
