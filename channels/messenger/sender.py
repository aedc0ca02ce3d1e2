"""Brings messages to the adapter of one messenger: in order for each customer, tried again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Final, Self

import structlog

from channels.messenger.figures import MessengerFigures
from channels.messenger.links import path_of
from channels.messenger.protocol import OutboundFile, OutboundMessage
from channels.waking import Sleep, pause
from channels.webhooks.backoff import backoff_s, retry_after_s
from channels.webhooks.message import Message as Post
from channels.webhooks.poster import Outcome, Poster
from config.messengers import Messenger
from domain.conversation import Conversation
from domain.conversation_ports import Conversations, Outgoing, OutgoingStore
from domain.errors import NotKnown, StoreError
from domain.message import Author, Delivery, Message
from domain.ports import Clock

BATCH_MAX: Final = 50
"""Messages looked at in one round."""
BACKOFF_S_MAX: Final = 600.0
"""From one attempt of a message to its next."""
IDLE_S: Final = 60.0
"""It is looked at least so often whether anything is due, should a wake-up have been missed."""
HELD_S_MAX: Final = 5.0
"""As long as messages wait for an earlier one of their customer, others are looked for so often."""
AGAIN_S: Final = 5.0
"""Pause after the store could not be read."""

_log = structlog.get_logger(__name__)

MessageOf = Callable[[str], Awaitable[Message | None]]


class MessengerSender:
    """Implements `domain.conversation_ports.Outlet`; async context manager."""

    def __init__(
        self,
        settings: Messenger,
        poster: Poster,
        *,
        key: bytes,
        outgoing: OutgoingStore,
        message_of: MessageOf,
        conversations: Conversations,
        clock: Clock,
        chance: Random,
        figures: MessengerFigures,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            settings: From the configuration.
            poster: To the adapter.
            key: Signs the paths of files.
            outgoing: What waits to go out.
            message_of: Reads a message of the store.
            conversations: Told what could not be delivered.
            clock: The node's.
            chance: Where the chance in waiting times comes from.
            figures: Counted in.
            sleep: Waits for seconds.
        """
        self._settings = settings
        self._poster = poster
        self._key = key
        self._outgoing = outgoing
        self._message_of = message_of
        self._conversations = conversations
        self._clock = clock
        self._chance = chance
        self._figures = figures
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._held: dict[str, datetime] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._woken.set()
        self._task = asyncio.create_task(self._run(), name=f"messenger-{self._settings.id}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """A message was committed together with its row among what is outgoing: send it soon."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                pause_s = await self.round()
            except StoreError as error:
                _log.warning("messenger cannot read", messenger=self._settings.id, cause=str(error))
                pause_s = AGAIN_S
            except Exception:
                # A mistake of ours at one message must not end it for all others.
                _log.exception("messenger broke", messenger=self._settings.id)
                pause_s = AGAIN_S
            if pause_s > 0:
                await pause(self._woken, self._sleep, pause_s)

    async def round(self) -> float:
        """Send what is due; return the seconds until something may be due again.

        Raises:
            StoreError: What waits cannot be read or settled.
        """
        now = self._clock.utc()
        self._held = {one: until for one, until in self._held.items() if until > now}
        due = await self._outgoing.due(self._settings.id, now, BATCH_MAX)
        passed_over = 0
        for row in due:
            if row.conversation_id in self._held:
                # It follows one that is to be tried again: what he reads stays in order.
                passed_over += 1
            else:
                await self._send(row)
        if passed_over:
            again = min(self._held.values())
            return min(max(0.0, (again - self._clock.utc()).total_seconds()), HELD_S_MAX)
        if len(due) == BATCH_MAX:
            return 0.0
        following = await self._outgoing.next_due(self._settings.id)
        if following is None:
            return IDLE_S
        return min(max(0.0, (following - self._clock.utc()).total_seconds()), IDLE_S)

    async def _send(self, row: Outgoing) -> None:
        message = await self._message_of(row.message_id)
        if message is None:
            await self._outgoing.settle(row.message_id, Delivery.FAILED, error="forgotten")
            return
        outcome = await self._poster.post(await self._told(row, message))
        if outcome.taken:
            self._figures.sent += 1
            await self._outgoing.settle(row.message_id, Delivery.SENT)
            return
        self._figures.failed += 1
        await self._again_or_never(row, message, outcome)

    async def _again_or_never(self, row: Outgoing, message: Message, outcome: Outcome) -> None:
        attempt = row.attempts + 1
        answered = f"answered {outcome.status}"
        told = answered if outcome.status is not None else outcome.cause
        fields = {"messenger": self._settings.id, "attempt": attempt, "cause": told}
        if attempt >= self._settings.attempts_max or outcome.gone:
            self._figures.given_up += 1
            _log.error("message to a customer given up", message_id=row.message_id, **fields)
            await self._outgoing.settle(row.message_id, Delivery.FAILED, error=told)
            with suppress(NotKnown):  # Forgotten meanwhile: nobody is left to be told.
                await self._conversations.failed(row.conversation_id, message.sequence, told)
            return
        now = self._clock.utc()
        wait_s = max(
            backoff_s(attempt, BACKOFF_S_MAX, self._chance),
            retry_after_s(outcome.retry_after, now) or 0.0,
        )
        until = now + timedelta(seconds=wait_s)
        self._held[row.conversation_id] = until
        _log.warning("message to a customer not taken", message_id=row.message_id, **fields)
        await self._outgoing.postpone(row.message_id, until, told)

    async def _told(self, row: Outgoing, message: Message) -> Post:
        conversation = await self._conversations.conversation(row.conversation_id)
        now_s = self._clock.utc().timestamp()
        prefix = f"{self._settings.id}:"
        body = OutboundMessage(
            conversation_id=row.conversation_id,
            message_id=message.message_id,
            sequence=message.sequence,
            user_id=conversation.address.value.removeprefix(prefix),
            author="agent" if message.author is Author.AGENT else "system",
            at=message.at,
            language=conversation.language,
            text=message.text,
            attachments=[
                OutboundFile(
                    attachment_id=one.attachment_id,
                    name=one.name,
                    media_type=one.media_type,
                    bytes=one.bytes,
                    path=path_of(self._settings.id, self._key, one.attachment_id, now_s),
                )
                for one in message.attachments
                if one.opens
            ],
        )
        return Post(
            message_id=message.message_id,
            sequence=message.sequence,
            at=message.at,
            kind="message",
            body=body.model_dump_json().encode(),
        )
