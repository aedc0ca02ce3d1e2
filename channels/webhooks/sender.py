"""One webhook at work: it reads the stream of events and sends what its receiver asked for."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from random import Random
from typing import Final

import structlog

from channels.waking import Sleep, pause
from channels.webhooks.backoff import RETRY_AFTER_S_MAX, retry_after_s
from channels.webhooks.figures import WebhookFigures
from channels.webhooks.message import Message, message_of
from channels.webhooks.outbox import WAITING_MAX, Outbox
from channels.webhooks.poster import Outcome, Poster
from channels.webhooks.queues import QueueIndex
from config.webhooks import Webhook
from domain.errors import EventCodecError, EventsGone, LimitExceeded, WarmlineError
from domain.events import Envelope
from domain.ports import Clock, CursorStore, ResumableStream
from domain.webhook_ports import DeadLetter, DeadLetters

READ_AGAIN_S: Final = 5.0
"""Pause after the stored events, or the record of a contact, could not be read."""
TURN_EVENTS: Final = 100
"""Events looked at before others have their turn of the event loop."""
CURSOR_EVENTS: Final = 1_000
"""Events that concern nobody here, after which the place is kept anew: what must be looked at
again after a kill is read in 20 ms."""
ERROR_CHARACTERS_MAX: Final = 500
"""Kept of what went wrong."""

_log = structlog.get_logger(__name__)


def cursor_name(hook_id: str) -> str:
    """Return the name under which a webhook's place in the stream is kept."""
    return f"webhook/{hook_id}"


class Sender:
    """Reads and sends, each in a task of its own; `Webhooks` runs and ends both."""

    def __init__(
        self,
        hook: Webhook,
        poster: Poster,
        *,
        stream: ResumableStream,
        cursors: CursorStore,
        queues: QueueIndex,
        clock: Clock,
        chance: Random,
        node: str,
        letters: DeadLetters,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            hook: From the configuration.
            poster: To its receiver.
            stream: The events.
            cursors: Where the place in the stream is kept.
            queues: Tells which queue an event concerns.
            clock: The node's.
            chance: Where the chance in waiting times comes from.
            node: Name of this node.
            letters: Keeps what is given up.
            sleep: Waits for seconds.
        """
        self._hook = hook
        self._poster = poster
        self._stream = stream
        self._cursors = cursors
        self._queues = queues
        self._clock = clock
        self._node = node
        self._letters = letters
        self._sleep = sleep
        self._wanted = frozenset(hook.events)
        self._of_queues = frozenset(hook.queues)
        self._outbox = Outbox(attempts_max=hook.attempts_max, chance=chance)
        self._changed = asyncio.Event()
        self._stopping = False
        self._kept: int | None = None
        self._place: int | None = None
        self._events: AsyncIterator[Envelope] | None = None
        self.figures: Final = WebhookFigures(hook_id=hook.id)

    def begin(self, after: int | None) -> None:
        """Take the place in the stream.

        Args:
            after: The last event that was done with; None: a webhook that is new begins with
                what happens from now on.
        """
        self._kept = after
        self._go_on(after)

    def again(self, envelope: Envelope) -> None:
        """Send once more what was given up.

        Raises:
            LimitExceeded: Too many wait.
        """
        if not self._outbox.again(message_of(envelope, self._node), self._clock.monotonic_s()):
            raise LimitExceeded(
                f"messages of webhook {self._hook.id}", len(self._outbox) + 1, WAITING_MAX
            )
        self.figures.waiting = len(self._outbox)
        self._changed.set()

    def stop(self) -> None:
        """Let `send` return as soon as nothing is due."""
        self._stopping = True
        self._changed.set()

    def keep_place(self) -> None:
        """Have it stored how far this webhook has come."""
        done = self._outbox.done_up_to
        if done is not None and done != self._kept:
            self._cursors.save(cursor_name(self._hook.id), done)
            self._kept = done

    async def read(self) -> None:
        """Put into the outbox what is wanted, for ever; call `begin` first."""
        in_turn = 0
        while True:
            assert self._events is not None, "it has not begun"
            try:
                async for envelope in self._events:
                    if self._place is None:
                        # Should this very event fail to be looked at, it is read again.
                        self._place = envelope.sequence - 1
                    await self._take(envelope)
                    self._place = envelope.sequence
                    in_turn += 1
                    if in_turn % TURN_EVENTS == 0:
                        await asyncio.sleep(0)
                return  # A stream that ends: in tests alone.
            except EventsGone as error:
                self._begin_anew(error, error.first - 1 if error.after < error.first else None)
            except EventCodecError as error:
                # Of a version that this one does not know: it would stand in the way for ever.
                self._begin_anew(error, None)
            except WarmlineError as error:
                _log.warning("webhook cannot read", webhook=self._hook.id, cause=str(error))
                await self._sleep(READ_AGAIN_S)
                self._go_on(self._place)
            except Exception as error:
                # A mistake of ours, at an event that would bring it up again and again.
                _log.exception("webhook reading broke", webhook=self._hook.id)
                await self._sleep(READ_AGAIN_S)
                self._begin_anew(error, None)

    async def send(self) -> None:
        """Send what is due, one after the other, until `stop`."""
        while True:
            now_s = self._clock.monotonic_s()
            due = self._outbox.take(now_s)
            if due is not None:
                message, attempt = due
                await self._settle(message, attempt, await self._post(message))
            elif self._stopping:
                return
            else:
                await self._pause(now_s)

    def _go_on(self, after: int | None) -> None:
        self._place = after
        self._events = self._stream.follow(after)

    def _begin_anew(self, error: Exception, after: int | None) -> None:
        _log.error(
            "webhook passes over events that are not kept",
            webhook=self._hook.id,
            place=self._place,
            goes_on_after=after,
            cause=str(error),
        )
        self._kept = None
        self._go_on(after)

    async def _take(self, envelope: Envelope) -> None:
        event = envelope.event
        if self._of_queues:
            self._queues.learn(event)
        wanted = type(event).__name__ in self._wanted
        if wanted and (not self._of_queues or await self._queues.of(event) in self._of_queues):
            await self._put(envelope)
        else:
            self._outbox.passed(envelope.sequence)
        done = self._outbox.done_up_to
        if self._kept is None or (done is not None and done - self._kept >= CURSOR_EVENTS):
            self.keep_place()

    async def _put(self, envelope: Envelope) -> None:
        try:
            message = message_of(envelope, self._node)
        except EventCodecError as error:
            self.figures.given_up += 1
            _log.error("event cannot be told", webhook=self._hook.id, cause=str(error))
            self._outbox.passed(envelope.sequence)
            return
        dropped = self._outbox.put(message, self._clock.monotonic_s())
        if dropped is not None:
            self.figures.dropped += 1
            _log.error(
                "webhook outbox full, oldest dropped",
                webhook=self._hook.id,
                sequence=dropped.sequence,
                type=dropped.kind,
            )
            await self._bury(dropped, 0, f"over {WAITING_MAX} waited")
        self.figures.waiting = len(self._outbox)
        self._changed.set()

    async def _post(self, message: Message) -> Outcome:
        try:
            return await self._poster.post(message)
        except Exception as error:
            # A mistake of ours must not end the webhook; it is tried again as any failure.
            _log.exception("webhook attempt broke", webhook=self._hook.id)
            return Outcome(status=None, cause=type(error).__name__)

    async def _settle(self, message: Message, attempt: int, outcome: Outcome) -> None:
        fields = {
            "webhook": self._hook.id,
            "sequence": message.sequence,
            "type": message.kind,
            "attempt": attempt,
            "status": outcome.status,
        }
        if outcome.taken:
            if self._outbox.delivered():
                await self._exhume(message)
            # Wall time may have been set back since the event.
            took_s = max(0.0, (self._clock.utc() - message.at).total_seconds())
            self.figures.delivered += 1
            self.figures.seconds.add(took_s)
            _log.debug("webhook delivered", **fields, seconds=round(took_s, 3))
        else:
            await self._fail(message, attempt, outcome, fields)
        self.figures.waiting = len(self._outbox)
        self.keep_place()

    async def _fail(
        self, message: Message, attempt: int, outcome: Outcome, fields: dict[str, object]
    ) -> None:
        self.figures.failed += 1
        asked_s = retry_after_s(outcome.retry_after, self._clock.utc())
        if outcome.gone:
            asked_s = RETRY_AFTER_S_MAX
        given_up = self._outbox.failed(
            self._clock.monotonic_s(),
            down=outcome.down,
            retry_after_s=asked_s,
            final=outcome.gone,
        )
        if given_up:
            self.figures.given_up += 1
            _log.error("webhook message given up", **fields, cause=outcome.cause)
            told = f"answered {outcome.status}" if outcome.status is not None else outcome.cause
            await self._bury(message, attempt, told)
        else:
            _log.warning("webhook attempt failed", **fields, cause=outcome.cause)

    async def _bury(self, message: Message, attempts: int, error: str) -> None:
        """Keep what was given up, so that somebody can look at it."""
        letter = DeadLetter(
            letter_id=secrets.token_hex(16),
            webhook=self._hook.id,
            sequence=message.sequence,
            contact_id=message.subject or None,
            given_up_at=self._clock.utc(),
            attempts=attempts,
            error=error[:ERROR_CHARACTERS_MAX],
        )
        try:
            await self._letters.add(letter)
        except WarmlineError as failure:
            # The stream of events still has it.
            _log.error("dead letter not kept", webhook=self._hook.id, cause=str(failure))

    async def _exhume(self, message: Message) -> None:
        try:
            await self._letters.forget(self._hook.id, message.sequence)
        except WarmlineError as failure:
            _log.error("dead letter not dropped", webhook=self._hook.id, cause=str(failure))

    async def _pause(self, now_s: float) -> None:
        """Wait until something is due or has come in."""
        self._changed.clear()
        due_s = self._outbox.next_due_s()
        if due_s is None:
            await self._changed.wait()
            return
        await pause(self._changed, self._sleep, due_s - now_s)
