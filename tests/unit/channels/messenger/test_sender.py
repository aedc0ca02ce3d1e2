"""What is written to customers goes to the adapter, in order, until it is taken or given up."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from channels.messenger.figures import MessengerFigures
from channels.messenger.sender import MessengerSender
from channels.webhooks.poster import Poster
from config.messengers import Messenger
from config.secret import Secret
from domain.message import Author, Delivery
from tests.unit.channels.http.fakes import START
from tests.unit.channels.messenger.scene import (
    CONVERSATION,
    FILE,
    FakeConversations,
    FakeOutgoing,
    message,
)
from tests.unit.channels.webhooks.receiver import KEY, FastTime, Receiver, status
from tests.unit.channels.webhooks.test_backoff import Middle


class Scene:
    """A sender, and everything around it."""

    def __init__(self, receiver: Receiver, **settings: object) -> None:
        self.clock = FastTime()
        self.outgoing = FakeOutgoing()
        self.conversations = FakeConversations()
        self.figures = MessengerFigures(messenger_id="chatty")
        given = {
            "id": "chatty",
            "queue_id": "support",
            "url": receiver.url,
            "secret": Secret(env="CHATTY"),
        }
        self.poster = Poster(
            receiver.url,
            key=KEY,
            timeout_s=5,
            clock=self.clock,
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            user_agent="test",
        )
        self.sender = MessengerSender(
            Messenger.model_validate({**given, **settings}),
            self.poster,
            key=KEY,
            outgoing=self.outgoing,  # type: ignore[arg-type]
            message_of=self.outgoing.message,
            conversations=self.conversations,  # type: ignore[arg-type]
            clock=self.clock,
            chance=Middle(),
            figures=self.figures,
            sleep=self.clock.sleep,
        )


@asynccontextmanager
async def scene(*answers: bytes, **settings: object) -> AsyncIterator[tuple[Scene, Receiver]]:
    async with Receiver(*answers) as receiver:
        made = Scene(receiver, **settings)
        async with made.poster:
            yield made, receiver


async def test_a_message_is_told_signed_and_settled() -> None:
    async with scene() as (made, receiver):
        made.outgoing.put(message(4, attachments=(FILE,)))
        assert await made.sender.round() == 60
        (posted,) = receiver.posted
    assert posted.is_signed()
    told = posted.told
    assert posted.headers["webhook-id"] == told["message_id"] == f"{4:032x}"
    assert (told["user_id"], told["sequence"], told["author"]) == ("77", 4, "agent")
    assert (told["text"], told["language"]) == ("It arrives.", "zh")
    assert "anna" not in posted.body.decode()
    (file,) = told["attachments"]
    assert file["path"].startswith(f"/messengers/v1/chatty/attachments/{FILE.attachment_id}?")
    assert made.outgoing.settled == [(f"{4:032x}", Delivery.SENT, "")]
    assert (made.figures.sent, made.figures.failed) == (1, 0)


async def test_what_is_not_taken_is_tried_again_and_what_follows_waits() -> None:
    async with scene(status(503)) as (made, receiver):
        made.outgoing.put(message(1), message(2, author=Author.SYSTEM))
        pause_s = await made.sender.round()
        assert [posted.told["sequence"] for posted in receiver.posted] == [1]
        assert pause_s == 1
        assert made.outgoing.rows[f"{1:032x}"].due_at == START + timedelta(seconds=1)
        assert made.outgoing.rows[f"{2:032x}"].attempts == 0
        made.clock.now_s += 1
        await made.sender.round()
        assert [posted.told["sequence"] for posted in receiver.posted] == [1, 1, 2]
    assert [one[1] for one in made.outgoing.settled] == [Delivery.SENT, Delivery.SENT]


async def test_one_customer_does_not_hold_up_another() -> None:
    async with scene(status(400)) as (made, receiver):
        other = "d" * 32
        made.conversations.known[other] = CONVERSATION
        made.outgoing.put(message(1))
        made.outgoing.put(message(2, conversation_id=other), conversation_id=other)
        await made.sender.round()
        assert [posted.told["sequence"] for posted in receiver.posted] == [1, 2]


async def test_it_is_given_up_and_the_agent_is_told() -> None:
    async with scene(status(500), status(500), attempts_max=2) as (made, _):
        made.outgoing.put(message(1))
        await made.sender.round()
        made.clock.now_s += 10
        await made.sender.round()
    assert made.outgoing.settled == [(f"{1:032x}", Delivery.FAILED, "answered 500")]
    assert made.conversations.told == [(CONVERSATION.conversation_id, "failed", 1, "answered 500")]
    assert (made.figures.failed, made.figures.given_up) == (2, 1)


async def test_an_adapter_that_is_gone_is_not_asked_again() -> None:
    async with scene(status(410)) as (made, _):
        made.outgoing.put(message(1))
        await made.sender.round()
    assert made.outgoing.settled == [(f"{1:032x}", Delivery.FAILED, "answered 410")]


async def test_what_was_forgotten_meanwhile_is_not_sent() -> None:
    async with scene() as (made, receiver):
        made.outgoing.put(message(1))
        made.outgoing.messages.clear()
        await made.sender.round()
        assert receiver.posted == []
    assert made.outgoing.settled == [(f"{1:032x}", Delivery.FAILED, "forgotten")]


async def test_it_sends_as_soon_as_something_is_delivered() -> None:
    async with scene() as (made, receiver), made.sender:
        await asyncio.sleep(0)
        made.outgoing.put(message(1))
        await made.sender.deliver(CONVERSATION, message(1))
        await receiver.got(1)
        made.outgoing.put(message(2))
        await made.sender.deliver(CONVERSATION, message(2))
        await receiver.got(2)
