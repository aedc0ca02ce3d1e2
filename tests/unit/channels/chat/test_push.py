"""App push: only to whom it is needed, again when it fails, given up in the end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

from channels.chat.figures import ChatFigures
from channels.chat.push import ChatPusher
from channels.webhooks.message import Message as Post
from channels.webhooks.poster import Outcome
from config.chat import ChatPush
from domain.contact import Channel
from domain.conversation import Conversation
from domain.conversation_ports import ConversationStore, Outgoing, OutgoingStore
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Delivery, Message
from tests.chat_support import START, FakeClock

MESSAGE_ID = "a" * 32
CONVERSATION_ID = "b" * 32


@dataclass
class FakeOutgoing:
    """One row, and the conversation and message that it is of."""

    address: Identifier
    got: int = 0
    due_at: datetime = START
    attempts: int = 0
    settled: list[tuple[Delivery, str]] = field(default_factory=list)

    async def due(self, source: str, now: datetime, limit: int) -> Sequence[Outgoing]:
        assert source == "chat"
        if self.settled or self.due_at > now:
            return []
        return [
            Outgoing(
                message_id=MESSAGE_ID,
                conversation_id=CONVERSATION_ID,
                source="chat",
                destination=self.address.value,
                attempts=self.attempts,
                due_at=self.due_at,
            )
        ]

    async def postpone(self, message_id: str, due_at: datetime, error: str) -> None:
        self.due_at = due_at
        self.attempts += 1

    async def settle(
        self, message_id: str, delivery: Delivery, *, remote_id: str = "", error: str = ""
    ) -> None:
        self.settled.append((delivery, error))

    async def message(self, message_id: str) -> Message:
        return Message(
            message_id=MESSAGE_ID,
            conversation_id=CONVERSATION_ID,
            sequence=2,
            channel=Channel.CHAT,
            author=Author.AGENT,
            at=START,
            text="明天送到",
        )

    async def get(self, conversation_id: str) -> Conversation:
        return Conversation(
            conversation_id=CONVERSATION_ID,
            source="chat",
            channel=Channel.CHAT,
            queue_id="sales",
            address=self.address,
            language="zh",
            opened_at=START,
            last_at=START,
            customer_got=self.got,
        )


@dataclass
class FakePoster:
    outcomes: list[Outcome]
    posts: list[Post] = field(default_factory=list)

    async def post(self, message: Post) -> Outcome:
        self.posts.append(message)
        return self.outcomes.pop(0)


class Scene:
    def __init__(self, *outcomes: Outcome, kind: IdentifierKind = IdentifierKind.APP) -> None:
        self.clock = FakeClock()
        self.outgoing = FakeOutgoing(Identifier(kind, "user-7"))
        self.poster = FakePoster(list(outcomes))
        self.connected = False
        settings: dict[str, Any] = {"url": "https://app.example.org", "secret": {"env": "X"}}
        self.pusher = ChatPusher(
            ChatPush.model_validate(settings),
            self.poster,
            outgoing=cast(OutgoingStore, self.outgoing),
            conversations=cast(ConversationStore, self.outgoing),
            connected=lambda address: self.connected,
            clock=self.clock,
            figures=ChatFigures(),
            chance=Random(1),
        )

    async def after(self, seconds: float) -> list[tuple[Delivery, str]]:
        self.clock.now_s += seconds
        await self.pusher.turn()
        return self.outgoing.settled


async def test_who_is_away_is_pushed_after_the_delay() -> None:
    scene = Scene(Outcome(status=204))
    assert await scene.after(1) == []
    assert scene.outgoing.due_at == START + timedelta(seconds=15)
    assert await scene.after(14) == [(Delivery.SENT, "")]
    told = json.loads(scene.poster.posts[0].body)
    assert told["type"] == "chat.message"
    assert told["data"]["user"] == "user-7"
    assert told["data"]["text"] == "明天送到"
    assert told["id"] == scene.poster.posts[0].message_id


async def test_who_has_it_is_not_pushed() -> None:
    scene = Scene()
    scene.outgoing.got = 2
    assert await scene.after(20) == [(Delivery.DELIVERED, "")]
    assert not scene.poster.posts


async def test_who_is_connected_gets_it_by_the_connection() -> None:
    scene = Scene(Outcome(status=200))
    scene.connected = True
    assert await scene.after(20) == []
    scene.connected = False
    assert await scene.after(15) == [(Delivery.SENT, "")]


async def test_a_visitor_has_no_app() -> None:
    scene = Scene(kind=IdentifierKind.VISITOR)
    assert await scene.after(20) == [(Delivery.SENT, "")]
    assert not scene.poster.posts


async def test_a_push_that_fails_is_tried_again_under_the_same_id() -> None:
    scene = Scene(Outcome(status=503, retry_after="40"), Outcome(status=200))
    assert await scene.after(20) == []
    assert await scene.after(39) == []
    assert await scene.after(1) == [(Delivery.SENT, "")]
    assert len({post.message_id for post in scene.poster.posts}) == 1


async def test_a_push_is_given_up_after_a_day() -> None:
    scene = Scene(*[Outcome(status=None, cause="refused")] * 2)
    assert await scene.after(20) == []
    assert await scene.after(25 * 3_600) == [(Delivery.FAILED, "refused")]
