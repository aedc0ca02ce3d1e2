"""What adapters post and get, over the whole application."""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from channels.http.app import build_app
from channels.messenger.gateway import Messengers
from channels.messenger.links import path_of
from channels.webhooks.signature import signed_headers
from config.messengers import Messenger
from config.secret import Secret
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Delivery
from domain.proof import Proof
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings
from tests.unit.channels.messenger.scene import (
    CONVERSATION,
    FILE,
    FakeConversations,
    FakeFiles,
    FakeOutgoing,
)
from tests.unit.channels.webhooks.receiver import KEY, SECRET, FastTime

MESSAGE = {"message_id": "4711", "user_id": "77", "user_name": "M.", "text": "你好"}


class Site:
    """The application with one messenger."""

    def __init__(self) -> None:
        self.clock = FastTime()
        self.conversations = FakeConversations()
        self.files = FakeFiles()
        chatty = Messenger(
            id="chatty",
            queue_id="support",
            url="https://adapter.example.org/",
            secret=Secret(env="CHATTY"),
            language="zh",
        )
        other = chatty.model_copy(update={"id": "other", "is_identity_proved": True})
        outgoing = FakeOutgoing()
        self.messengers = Messengers(
            [chatty, other],
            conversations=self.conversations,  # type: ignore[arg-type]
            attachments=self.files,
            outgoing=outgoing,  # type: ignore[arg-type]
            message_of=outgoing.message,
            clock=self.clock,
            version="1.2.3",
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        ports = replace(Node().ports(), messengers=self.messengers)
        transport = httpx.ASGITransport(build_app(http_settings(), ports, token=TOKEN))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://node")

    async def post(self, path: str, told: object, **headers: str) -> httpx.Response:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        signed = signed_headers(KEY, "m-1", self.clock.utc(), body)
        return await self.client.post(
            f"/messengers/v1/{path}", content=body, headers={**signed, **headers}
        )


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("CHATTY", SECRET)
    made = Site()
    async with made.client:
        yield made


async def test_what_a_customer_writes_is_stored_once(site: Site) -> None:
    first = await site.post("chatty/messages", MESSAGE)
    assert (first.status_code, first.json()) == (
        202,
        {"conversation_id": CONVERSATION.conversation_id, "sequence": 1, "duplicate": False},
    )
    again = await site.post("chatty/messages", MESSAGE)
    assert again.json()["duplicate"] is True
    (inbound,) = site.conversations.inbound
    assert (inbound.source, inbound.queue_id, inbound.language) == ("chatty", "support", "zh")
    assert inbound.sender == Identifier(IdentifierKind.APP, "chatty:77")
    assert (inbound.text, inbound.name, inbound.proof) == ("你好", "M.", Proof.PRESENTED)
    assert inbound.present is False
    await site.post("other/messages", {**MESSAGE, "language": "en"})
    assert site.conversations.inbound[1].sender.value == "other:77"
    assert site.conversations.inbound[1].proof is Proof.PROVED
    (chatty, _) = site.messengers.figures()
    assert (chatty.received, chatty.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"Webhook-Signature": "v1,AAAA"}, "does not fit"),
        ({"Webhook-Signature": ""}, "does not fit"),
        ({"Webhook-Id": "m-2"}, "does not fit"),
        ({"Webhook-Id": "a.b"}, "no id"),
        ({"Webhook-Timestamp": "x"}, "no number"),
        ({"Webhook-Timestamp": "1"}, "over 300 s off"),
    ],
)
async def test_who_has_not_the_key_is_refused(
    site: Site, changed: dict[str, str], fault: str
) -> None:
    answer = await site.post("chatty/messages", MESSAGE, **changed)
    assert answer.status_code == 401
    assert fault in answer.json()["detail"]
    assert not site.conversations.inbound
    assert site.messengers.figures()[0].refused == 1


@pytest.mark.parametrize(
    "wrong",
    [
        b"no json",
        {**MESSAGE, "text": "x" * 20_001},
        {**MESSAGE, "user_id": ""},
        {**MESSAGE, "more": 1},
        {**MESSAGE, "attachments": ["x"]},
        {**MESSAGE, "language": "zh_CN"},
    ],
)
async def test_what_is_no_message_is_refused_and_not_repeated(site: Site, wrong: object) -> None:
    answer = await site.post("chatty/messages", wrong)
    assert answer.status_code == 422
    assert "你好" not in answer.text
    assert not site.conversations.inbound


async def test_a_messenger_that_is_not_there(site: Site) -> None:
    assert (await site.post("nobody/messages", MESSAGE)).status_code == 404


async def test_marks_are_passed_on(site: Site) -> None:
    told = {"conversation_id": CONVERSATION.conversation_id, "sequence": 4}
    assert (await site.post("chatty/marks", {**told, "mark": "read"})).status_code == 204
    failed = {**told, "mark": "failed", "reason": "blocked"}
    assert (await site.post("chatty/marks", failed)).status_code == 204
    name = CONVERSATION.conversation_id
    assert site.conversations.told == [
        (name, Author.CUSTOMER, Delivery.READ, 4),
        (name, "failed", 4, "blocked"),
    ]


async def test_a_conversation_of_another_messenger_is_none_of_its_business(site: Site) -> None:
    told = {"conversation_id": CONVERSATION.conversation_id, "sequence": 4, "mark": "read"}
    assert (await site.post("other/marks", told)).status_code == 404
    assert not site.conversations.told


async def test_a_file_is_kept_and_named(site: Site) -> None:
    answer = await site.post(
        "chatty/attachments",
        b"\x89PNG",
        **{"X-File-Name": "%E5%9B%BE.png", "Content-Type": "image/png; x=y"},
    )
    assert answer.status_code == 201
    kept, body = site.files.kept[answer.json()["attachment_id"]]
    assert (kept.name, kept.media_type, body) == ("图.png", "image/png", b"\x89PNG")


async def test_a_file_is_got_by_the_path_that_was_told(site: Site) -> None:
    now_s = site.clock.utc().timestamp()
    path = path_of("chatty", KEY, FILE.attachment_id, now_s)
    answer = await site.client.get(path)
    assert (answer.status_code, answer.content) == (200, b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert "%E5%8F%91%E7%A5%A8%201.pdf" in answer.headers["content-disposition"]
    for wrong in (
        path.replace("chatty", "other"),
        path.replace("a" * 32, "b" * 32),
        path.replace("signature=", "signature=x"),
        path_of("chatty", KEY, FILE.attachment_id, now_s - 3_601),
    ):
        assert (await site.client.get(wrong)).status_code == 404
