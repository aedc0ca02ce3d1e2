"""App push: the operator's app is told of messages to customers who are not connected.

A message to a customer is written with a row in the outgoing store, in one transaction; so a push
survives a restart. The worker looks at rows that are due: whoever got his message meanwhile needs
no push, whoever is connected gets it by the connection.
"""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, Self

import structlog

from channels.chat.figures import ChatFigures
from channels.chat.service import SOURCE
from channels.waking import pause
from channels.webhooks.backoff import backoff_s, retry_after_s
from channels.webhooks.message import Message as Post
from channels.webhooks.poster import Outcome
from config.chat import ChatPush
from domain.conversation import Conversation
from domain.conversation_ports import ConversationStore, Outgoing, OutgoingStore
from domain.customer import Identifier, IdentifierKind
from domain.errors import StoreError
from domain.message import Delivery, Message
from domain.ports import Clock

AT_ONCE: Final = 50
"""Rows looked at in one turn."""
IDLE_S: Final = 30.0
"""The store is looked at so often even when nobody says that something is new."""
KIND: Final = "chat.message"

_log = structlog.get_logger(__name__)


class Poster(Protocol):
    """Sends one signed message; `channels.webhooks.poster.Poster` does."""

    async def post(self, message: Post) -> Outcome:
        """Send a message once, and return what became of it; never raises for a receiver."""
        ...


class ChatPusher:
    """Async context manager and `Outlet` of the source "chat": while it is entered, it pushes."""

    def __init__(
        self,
        settings: ChatPush,
        poster: Poster,
        *,
        outgoing: OutgoingStore,
        conversations: ConversationStore,
        connected: Callable[[Identifier], bool],
        clock: Clock,
        figures: ChatFigures,
        chance: random.Random | None = None,
    ) -> None:
        """Prepare; nothing is read or sent yet.

        Args:
            settings: The section `chat.push` of the configuration.
            poster: To the operator's app.
            outgoing: What waits to leave.
            conversations: What it says.
            connected: Whether a customer is connected now.
            clock: The node's.
            figures: Counted in.
            chance: Where the chance in waiting times comes from; None: the system.
        """
        self._settings = settings
        self._poster = poster
        self._outgoing = outgoing
        self._conversations = conversations
        self._connected = connected
        self._clock = clock
        self._figures = figures
        self._chance = chance or random.SystemRandom()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="chat push")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """Look at it when it is due; its row is committed already."""
        self._news.set()

    async def turn(self) -> int:
        """Deal with what is due; return how many rows were looked at.

        Raises:
            StoreError: They cannot be read or written.
        """
        rows = await self._outgoing.due(SOURCE, self._clock.utc(), AT_ONCE)
        for row in rows:
            await self._deal(row)
        return len(rows)

    async def _run(self) -> None:
        while True:
            self._news.clear()
            wait_s = IDLE_S
            try:
                if await self.turn():
                    continue
                due = await self._outgoing.next_due(SOURCE)
                if due is not None:
                    wait_s = (due - self._clock.utc()).total_seconds()
            except StoreError as error:
                _log.warning("chat push cannot read", cause=str(error))
            except Exception:
                _log.exception("chat push broke")
            await pause(self._news, asyncio.sleep, max(0.05, min(wait_s, IDLE_S)))

    async def _deal(self, row: Outgoing) -> None:
        now = self._clock.utc()
        message = await self._conversations.message(row.message_id)
        conversation = await self._conversations.get(row.conversation_id)
        if message is None or conversation is None:
            await self._outgoing.settle(row.message_id, Delivery.FAILED, error="it is gone")
        elif conversation.customer_got >= message.sequence:
            self._figures.pushes["needless"] += 1
            await self._outgoing.settle(row.message_id, Delivery.DELIVERED)
        elif conversation.address.kind is not IdentifierKind.APP:
            # The app knows nobody but its own users; a visitor finds it when he comes again.
            self._figures.pushes["needless"] += 1
            await self._outgoing.settle(row.message_id, Delivery.SENT)
        elif (wait := self._too_early(message, conversation, now)) is not None:
            await self._outgoing.postpone(row.message_id, now + wait, "")
        else:
            await self._push(row, message, conversation, now)

    def _too_early(
        self, message: Message, conversation: Conversation, now: datetime
    ) -> timedelta | None:
        """Return for how long a message still has its chance without a push."""
        left = message.at + timedelta(seconds=self._settings.push_after_s) - now
        if left > timedelta(0):
            return left
        if self._connected(conversation.address):
            return timedelta(seconds=max(1.0, self._settings.push_after_s))
        return None

    async def _push(
        self, row: Outgoing, message: Message, conversation: Conversation, now: datetime
    ) -> None:
        outcome = await self._poster.post(post_of(message, conversation, text=self._settings.text))
        if outcome.taken:
            self._figures.pushes["taken"] += 1
            await self._outgoing.settle(row.message_id, Delivery.SENT)
            return
        cause = outcome.cause or f"status {outcome.status}"
        age = now - message.at
        if outcome.gone or age > timedelta(hours=self._settings.hours_max):
            self._figures.pushes["given_up"] += 1
            _log.error("chat push given up", message_id=row.message_id, status=outcome.status)
            # The message itself is not lost: it waits in the conversation.
            await self._outgoing.settle(row.message_id, Delivery.FAILED, error=cause)
            return
        self._figures.pushes["failed"] += 1
        asked_s = retry_after_s(outcome.retry_after, now) or 0.0
        pause_s = max(
            asked_s,
            backoff_s(max(1, row.attempts), self._settings.retry_s_max, self._chance),
        )
        _log.warning("chat push failed", message_id=row.message_id, status=outcome.status)
        await self._outgoing.postpone(row.message_id, now + timedelta(seconds=pause_s), cause)


def post_of(message: Message, conversation: Conversation, *, text: bool) -> Post:
    """Return what the app is told: whose message it is, and with `text` what it says."""
    said: dict[str, object] = {
        "id": f"chat_{message.message_id}",
        "type": KIND,
        "at": message.at.isoformat(),
        "data": {
            "user": conversation.address.value,
            "conversation_id": message.conversation_id,
            "sequence": message.sequence,
            "author": message.author.value,
            "language": conversation.language,
            "text": message.text if text else None,
            "attachments": len(message.attachments),
        },
    }
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return Post(
        message_id=f"chat_{message.message_id}",
        sequence=message.sequence,
        at=message.at,
        kind=KIND,
        body=body,
    )
