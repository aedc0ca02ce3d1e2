"""All webhooks of a node."""

import asyncio
import random
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

import structlog

from channels.waking import Sleep
from channels.webhooks.figures import WebhookFigures
from channels.webhooks.poster import Poster
from channels.webhooks.queues import QueueIndex
from channels.webhooks.sender import Sender, cursor_name
from config.webhooks import Webhook, signing_key
from domain.errors import ConfigurationError, EventsGone, NotKnown
from domain.ports import Clock, ContactLedger, CursorStore, EventJournal, ResumableStream
from domain.webhook_ports import DeadLetter, DeadLetters

STOP_S: Final = 5.0
"""How long attempts may go on after a stop was asked for; what is not done then is sent after the
next start."""

_log = structlog.get_logger(__name__)


class Webhooks:
    """Async context manager: while it is entered, events are sent to whoever asked for them.

    Enter it after the journal, which it reads after a restart, and before what publishes.
    """

    def __init__(
        self,
        hooks: Sequence[Webhook],
        *,
        stream: ResumableStream,
        cursors: CursorStore,
        letters: DeadLetters,
        journal: EventJournal,
        ledger: ContactLedger,
        clock: Clock,
        node: str,
        version: str,
        tls: ssl.SSLContext | None = None,
        chance: random.Random | None = None,
        sleep: Sleep = asyncio.sleep,
        stop_s: float = STOP_S,
    ) -> None:
        """Prepare; nothing is read or sent yet.

        Args:
            hooks: The section `webhooks` of the configuration.
            stream: The events, stored ones too.
            cursors: Where each webhook's place in the stream is kept.
            letters: Keeps what is given up.
            journal: Where its event is found again.
            ledger: Says which queue a contact is of.
            clock: The node's.
            node: Its name.
            version: Of Warmline.
            tls: Whose certificates are believed; None: those that the system trusts.
            chance: Where the chance in waiting times comes from; None: the system.
            sleep: Waits for seconds.
            stop_s: How long attempts may go on while leaving.

        Raises:
            ConfigurationError: A secret is not there or is no key.
        """
        self._cursors = cursors
        self._letters = letters
        self._journal = journal
        self._stop_s = stop_s
        queues = QueueIndex(ledger)
        if hooks and tls is None:
            # To read all authorities takes some 50 ms, which a node without webhooks is spared.
            tls = ssl.create_default_context()
        chance = chance or random.SystemRandom()
        self._exits = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: list[asyncio.Task[None]] = []
        self._posters: list[Poster] = []
        self._senders: dict[str, Sender] = {}
        for hook in hooks:
            assert tls is not None
            poster = Poster(
                hook.url,
                key=_key_of(hook),
                timeout_s=hook.timeout_s,
                clock=clock,
                tls=tls,
                user_agent=f"Warmline/{version}",
            )
            self._posters.append(poster)
            self._senders[hook.id] = Sender(
                hook,
                poster,
                stream=stream,
                cursors=cursors,
                queues=queues,
                clock=clock,
                chance=chance,
                node=node,
                letters=letters,
                sleep=sleep,
            )

    async def __aenter__(self) -> Self:
        kept = await self._cursors.load()
        known = {cursor_name(hook_id) for hook_id in self._senders}
        for name in kept:
            # Were it kept, a webhook of that name would be told of old events one day.
            if name.startswith(cursor_name("")) and name not in known:
                await self._cursors.forget(name)
        for poster in self._posters:
            await self._exits.enter_async_context(poster)
        for hook_id, sender in self._senders.items():
            sender.begin(kept.get(cursor_name(hook_id)))
            self._tasks.append(asyncio.create_task(sender.read(), name=f"webhook-{hook_id}-reads"))
            self._sending.append(
                asyncio.create_task(sender.send(), name=f"webhook-{hook_id}-sends")
            )
        return self

    async def __aexit__(self, *exc: object) -> None:
        for sender in self._senders.values():
            sender.stop()
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._stop_s)
        tasks = [*self._tasks, *self._sending]
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("webhook failed", exc_info=outcome)
        for sender in self._senders.values():
            sender.keep_place()
        self._tasks.clear()
        self._sending.clear()
        await self._exits.aclose()

    async def dead_letters(
        self, webhook: str, *, limit: int = 50, before: int | None = None
    ) -> Sequence[DeadLetter]:
        """Return what a receiver was not told of, the newest event first.

        Raises:
            NotKnown: There is no such webhook.
            StoreError: They cannot be read.
        """
        if webhook not in self._senders:
            raise NotKnown("webhook", webhook)
        return await self._letters.of(webhook, limit=limit, before=before)

    async def send_again(self, letter_id: str) -> None:
        """Try a letter again, as often as any message; it is dropped when it is taken.

        Raises:
            NotKnown: No such letter, or its webhook is configured no longer.
            EventsGone: The event is no longer kept.
            LimitExceeded: Too many wait already.
            StoreError: It cannot be read.
        """
        letter = await self._letter(letter_id)
        sender = self._senders.get(letter.webhook)
        if sender is None:
            raise NotKnown("webhook", letter.webhook)
        found = await self._journal.after(letter.sequence - 1, limit=1)
        if not found or found[0].sequence != letter.sequence:
            first, last = await self._journal.bounds()
            raise EventsGone(letter.sequence - 1, first, last)
        sender.again(found[0])

    async def drop(self, letter_id: str) -> None:
        """Forget a letter.

        Raises:
            NotKnown: There is no such letter.
            StoreError: It is not dropped.
        """
        letter = await self._letter(letter_id)
        await self._letters.forget(letter.webhook, letter.sequence)

    async def _letter(self, letter_id: str) -> DeadLetter:
        letter = await self._letters.get(letter_id)
        if letter is None:
            raise NotKnown("dead letter", letter_id)
        return letter

    def figures(self) -> Sequence[WebhookFigures]:
        """Return what each webhook has counted, in the order of the configuration."""
        return [sender.figures for sender in self._senders.values()]


def _key_of(hook: Webhook) -> bytes:
    try:
        return signing_key(hook.secret.read())
    except ConfigurationError as error:
        raise ConfigurationError(f"webhooks {hook.id}: secret: {error}") from None
