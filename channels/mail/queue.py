"""What waits to go out by mail: tried, tried again, given up; a restart loses nothing.

A message is stored together with its place in this queue, so it is sent at least once. Its
Message-ID is kept before the first try and never changes: a mail that a crash has sent twice is
one mail for the customer's program.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from random import Random, SystemRandom
from typing import Final, Protocol

import structlog

from channels.mail.bounces import DeliveryTold
from channels.mail.compose import Composed, Composer, Enclosed
from channels.mail.faults import fault
from channels.mail.fields import AddressUnusable
from channels.mail.figures import MailFigures
from channels.mail.ports import SOURCE, MailIds, MailRecords, ThreadNames
from channels.mail.send import Fate, Outcome
from channels.mail.sign import Signer
from channels.waking import Sleep, pause
from config.mail_send import MailSend
from domain.attachment import Scan
from domain.conversation import Conversation
from domain.conversation_ports import AttachmentVault, Outgoing, OutgoingStore
from domain.errors import AttachmentRefused, StoreError, WarmlineError
from domain.message import Author, Delivery, Message
from domain.ports import Clock

BATCH: Final = 200
"""Mails looked at in one round; more than any server takes at once."""
LOOK_AGAIN_S: Final = 60.0
"""A round at least so often, whatever was told or missed."""
STORE_AGAIN_S: Final = 5.0
DOWN_FIRST_S: Final = 5.0
DOWN_MAX_S: Final = 300.0
"""While the server takes nothing, it is tried again after 5, 10, 20 s, ... up to five minutes."""
ATTEMPTS_MAX: Final = 100
"""However long it may be tried, a mail that cannot even be read is given up one day."""
EARLIER_MAX: Final = 40
"""Messages before the one that is sent, from which the thread is made."""
JITTER: Final = 0.2
"""Up to a fifth more or less, so that mails put off together do not come back together."""
GIVEN_UP: Final = "given up"

_log = structlog.get_logger(__name__)


class Carrier(Protocol):
    """Hands mails over; `channels.mail.send.SmartHost` is one."""

    async def send(self, mail: Composed) -> Outcome:
        """Hand one mail over; returns what became of it."""
        ...


class MailQueue:
    """The `Outlet` of mail; `run` is its one task."""

    def __init__(
        self,
        rules: MailSend,
        *,
        outgoing: OutgoingStore,
        records: MailRecords,
        attachments: AttachmentVault,
        mail_ids: MailIds,
        names: ThreadNames,
        composer: Composer,
        signer: Signer,
        carrier: Carrier,
        told: DeliveryTold,
        clock: Clock,
        figures: MailFigures,
        chance: Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent before `run`.

        Args:
            rules: Pauses, rates and limits.
            outgoing: What waits.
            records: Conversations and messages.
            attachments: Files.
            mail_ids: By what answers find their conversation.
            names: Message-IDs.
            composer: Writes the mails.
            signer: Signs them.
            carrier: Hands them over.
            told: Is told what became of them.
            clock: The node's.
            figures: Counts.
            chance: Where the chance in pauses comes from; None: the system.
            sleep: Waits for seconds.
        """
        self._rules = rules
        self._outgoing = outgoing
        self._records = records
        self._attachments = attachments
        self._mail_ids = mail_ids
        self._names = names
        self._composer = composer
        self._signer = signer
        self._carrier = carrier
        self._told = told
        self._clock = clock
        self._figures = figures
        self._chance = chance or SystemRandom()
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._domains: Counter[str] = Counter()
        self._sent_unwritten: dict[str, tuple[Message, str]] = {}
        self._next_s = 0.0
        self._down_until_s = 0.0
        self._down_in_a_row = 0

    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """A message was stored with its place in the queue: look at it now."""
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever; cancel it to stop, and wait for it."""
        try:
            while True:
                self._wake.clear()
                try:
                    wait_s = await self._round()
                except StoreError as error:
                    _log.warning("mail queue cannot be read", why=type(error).__name__)
                    wait_s = STORE_AGAIN_S
                await pause(self._wake, self._sleep, max(0.0, wait_s))
        finally:
            tasks = tuple(self._in_flight.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _round(self) -> float:
        """Begin what can be begun; return how long there is nothing to do unless told."""
        now_s = self._clock.monotonic_s()
        if now_s < self._down_until_s:
            return self._down_until_s - now_s
        # While it is not known whether the server is back, one mail finds out.
        room = 1 if self._down_in_a_row else self._rules.connections
        if len(self._in_flight) >= room:
            return LOOK_AGAIN_S
        due = await self._outgoing.due(SOURCE, self._clock.utc(), BATCH + len(self._in_flight))
        for item in due:
            if len(self._in_flight) >= room:
                return LOOK_AGAIN_S
            domain = item.destination.rpartition("@")[2].casefold()
            if item.message_id in self._in_flight:
                continue
            if self._domains[domain] >= self._rules.per_domain_max:
                continue
            now_s = self._clock.monotonic_s()
            if now_s < self._next_s:
                return self._next_s - now_s
            self._next_s = max(now_s, self._next_s) + 1 / self._rules.per_s
            self._begin(item, domain)
        next_at = await self._outgoing.next_due(SOURCE)
        if next_at is None:
            return LOOK_AGAIN_S
        ahead_s = (next_at - self._clock.utc()).total_seconds()
        # What is due and was not begun waits for one that is in flight, which wakes us.
        return min(ahead_s, LOOK_AGAIN_S) if ahead_s > 0 else LOOK_AGAIN_S

    def _begin(self, item: Outgoing, domain: str) -> None:
        self._domains[domain] += 1
        task = asyncio.create_task(self._try(item), name=f"mail-{item.message_id}")
        self._in_flight[item.message_id] = task
        self._figures.in_flight = len(self._in_flight)

        def done(_: asyncio.Task[None]) -> None:
            del self._in_flight[item.message_id]
            self._domains[domain] -= 1
            if not self._domains[domain]:
                del self._domains[domain]
            self._figures.in_flight = len(self._in_flight)
            self._wake.set()

        task.add_done_callback(done)

    async def _try(self, item: Outgoing) -> None:
        """One try of one mail; whatever goes wrong, the others go on."""
        try:
            await self._try_once(item)
        except StoreError as error:
            # Nothing was changed; it is still due, and not asked for in a busy loop.
            _log.warning("mail not sent", message_id=item.message_id, why=type(error).__name__)
            await self._sleep(STORE_AGAIN_S)
        except Exception as error:
            _log.error("mail could not be sent", message_id=item.message_id, **fault(error))
            await self._put_off(item, "internal")

    async def _try_once(self, item: Outgoing) -> None:
        unwritten = self._sent_unwritten.get(item.message_id)
        if unwritten is not None:
            await self._sent(item, *unwritten)
            return
        message = await self._records.message(item.message_id)
        conversation = await self._records.get(item.conversation_id)
        if message is None or conversation is None:
            await self._outgoing.settle(item.message_id, Delivery.FAILED, error="forgotten")
            return
        mail_id = self._names.message_id(item.message_id)
        if item.remote_id != mail_id:
            await self._outgoing.set_remote_id(item.message_id, mail_id)
            await self._mail_ids.keep((mail_id,), item.conversation_id, item.message_id)
        try:
            mail = await self._mail_of(conversation, message)
        except AddressUnusable:
            await self._failed(item, message, "5.1.3")
            return
        except AttachmentRefused:
            if any(one.scan is Scan.WAITING for one in message.attachments):
                await self._put_off(item, "attachment waits for its scan", message=message)
            else:
                await self._failed(item, message, "attachment refused")
            return
        outcome = await self._carrier.send(mail)
        if outcome.fate is Fate.DOWN:
            self._server_down(outcome.cause)
        else:
            self._down_in_a_row = 0
        if outcome.fate is Fate.SENT:
            await self._sent(item, message, mail_id)
        elif outcome.fate is Fate.NEVER:
            await self._failed(item, message, outcome.cause)
        else:
            await self._put_off(item, outcome.cause, message=message)

    async def _mail_of(self, conversation: Conversation, message: Message) -> Composed:
        earlier: Sequence[Message] = await self._records.messages(
            conversation.conversation_id,
            after=max(0, message.sequence - 1 - EARLIER_MAX),
            limit=EARLIER_MAX,
            internal=False,
        )
        files = []
        for attachment in message.attachments:
            content = b"".join([piece async for piece in self._attachments.read(attachment)])
            files.append(Enclosed(attachment=attachment, content=content))
        mail = self._composer.compose(
            conversation,
            message,
            earlier=[one for one in earlier if one.sequence < message.sequence],
            files=files,
            now=self._clock.utc(),
        )
        raw = await asyncio.to_thread(self._signer.sign, mail.raw, mail.domain)
        return Composed(
            raw=raw,
            return_path=mail.return_path,
            recipient=mail.recipient,
            utf8=mail.utf8,
            mail_id=mail.mail_id,
            domain=mail.domain,
        )

    async def _sent(self, item: Outgoing, message: Message, mail_id: str) -> None:
        # It is out: should this not be written, it must not go out again meanwhile.
        self._sent_unwritten[item.message_id] = (message, mail_id)
        await self._outgoing.settle(item.message_id, Delivery.SENT, remote_id=mail_id)
        del self._sent_unwritten[item.message_id]
        self._figures.sent += 1
        took_s = (self._clock.utc() - message.at).total_seconds()
        self._figures.way_s.add(max(0.0, took_s))
        _log.info("mail sent", message_id=item.message_id, attempt=item.attempts + 1)
        told = self._told.mark(item.conversation_id, Author.SYSTEM, Delivery.SENT, message.sequence)
        await self._tell(told)

    async def _failed(self, item: Outgoing, message: Message | None, cause: str) -> None:
        await self._outgoing.settle(item.message_id, Delivery.FAILED, error=cause)
        self._figures.failed += 1
        _log.warning("mail failed", message_id=item.message_id, cause=cause)
        if message is not None:
            await self._tell(self._told.failed(item.conversation_id, message.sequence, cause))

    async def _put_off(self, item: Outgoing, cause: str, *, message: Message | None = None) -> None:
        now = self._clock.utc()
        age_s = (now - message.at).total_seconds() if message is not None else 0.0
        if age_s >= self._rules.give_up_s or item.attempts >= ATTEMPTS_MAX:
            await self._failed(item, message, f"{GIVEN_UP}: {cause}")
            return
        pauses = self._rules.retry_s
        pause_s = pauses[min(item.attempts, len(pauses) - 1)]
        pause_s *= self._chance.uniform(1 - JITTER, 1 + JITTER)
        # The last try is made when the time is up and not an hour later.
        pause_s = min(pause_s, max(1.0, self._rules.give_up_s - age_s))
        await self._outgoing.postpone(item.message_id, now + timedelta(seconds=pause_s), cause)
        self._figures.put_off += 1
        _log.info(
            "mail put off", message_id=item.message_id, cause=cause, pause_s=round(pause_s, 1)
        )

    async def _tell(self, telling: Awaitable[None]) -> None:
        """Tell the conversation; what the store says holds whether that succeeds or not."""
        try:
            await telling
        except WarmlineError as error:
            _log.warning("mail's fate not told", why=type(error).__name__)

    def _server_down(self, cause: str) -> None:
        pause_s = min(DOWN_MAX_S, DOWN_FIRST_S * 2.0 ** min(self._down_in_a_row, 10))
        self._down_in_a_row += 1
        self._down_until_s = self._clock.monotonic_s() + pause_s
        _log.warning("mail server takes nothing", cause=cause, pause_s=pause_s)
