"""The way of one mail from its bytes to the commit, the same for SMTP, LMTP and IMAP.

    read -> quarantine, or refused
         -> a bounce: the mail that it is about has failed
         -> a loop: refused
         -> a message of a conversation, committed

What is answered "taken" is committed. Whatever fails on the way is answered "later" and leaves
nothing that would be seen; handed over again, a mail is stored once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from channels.mail import answer
from channels.mail.addresses import Boxes, place_of
from channels.mail.answer import Answer
from channels.mail.auto_reply import AutoReplies
from channels.mail.bounces import Bounces
from channels.mail.client_id import client_id_of
from channels.mail.faults import fault
from channels.mail.figures import MailFigures
from channels.mail.letter import LetterMaker
from channels.mail.parsed import Automatic, Envelope, MailAddress, Quarantined, Refused
from channels.mail.ports import MailReader, ReadMail
from channels.mail.quarantine import Quarantine
from config.mail import MailBox
from domain.conversation_ports import Conversations, Receipt
from domain.errors import LimitExceeded, NotKnown, StoreError, WarmlineError
from domain.message import Inbound
from domain.ports import Clock

TAKE_S_MAX: Final = 240.0
"""Senders wait ten minutes for the answer (RFC 5321 section 4.5.3.2.6), some only five."""
_NOBODY: Final = Quarantined(rule="sender", reason="the field From names nobody, or several")

_log = structlog.get_logger(__name__)


class Intake:
    """Takes mails; as many at once as are called, each in the caller's task."""

    def __init__(
        self,
        boxes: Boxes,
        *,
        reader: MailReader,
        letters: LetterMaker,
        conversations: Conversations,
        quarantine: Quarantine,
        bounces: Bounces,
        replies: AutoReplies,
        clock: Clock,
        figures: MailFigures,
        parallel_max: int,
    ) -> None:
        """Take the parts of the way.

        Args:
            boxes: Our mailboxes.
            reader: Reads a mail.
            letters: Makes a message of it.
            conversations: Where messages are committed.
            quarantine: For what is too dangerous to be read.
            bounces: For reports about our own mails.
            replies: Confirm that a mail has come in.
            clock: The node's.
            figures: Counts.
            parallel_max: Mails at work at once; others wait.
        """
        self._boxes = boxes
        self._reader = reader
        self._letters = letters
        self._conversations = conversations
        self._quarantine = quarantine
        self._bounces = bounces
        self._replies = replies
        self._clock = clock
        self._figures = figures
        self._turns = asyncio.Semaphore(parallel_max)

    def knows(self, address: str) -> bool:
        """Tell whether mail to an address is taken."""
        return self._boxes.is_own(address) or self._bounces.names(address)

    async def take(self, raw: bytes, envelope: Envelope, way: str) -> Sequence[Answer]:
        """Take one mail; returns when it is committed or will not be.

        Args:
            raw: All of it, lines end with CR LF.
            envelope: Its recipients are ours: `knows` has said so.
            way: "smtp", "lmtp" or "imap".

        Returns:
            An answer for each recipient, in their order.
        """
        begin_s = self._clock.monotonic_s()
        recipients = envelope.recipients
        assert recipients, "a mail has a recipient"
        try:
            async with asyncio.timeout(TAKE_S_MAX), self._turns:
                answers = await self._take(raw, envelope, way)
        except (WarmlineError, TimeoutError) as error:
            _log.warning("mail not stored", way=way, why=type(error).__name__)
            self._figures.outcomes["later"] += 1
            answers = [answer.NOT_STORED] * len(recipients)
        except Exception as error:
            # A mistake of ours: the mail stays where it is, and the next one is taken.
            _log.error("mail could not be taken", way=way, bytes=len(raw), **fault(error))
            self._figures.outcomes["later"] += 1
            answers = [answer.NOT_STORED] * len(recipients)
        self._figures.take_s.add(self._clock.monotonic_s() - begin_s)
        return answers

    async def release(self, raw: bytes, envelope: Envelope) -> Quarantined | None:
        """Take a mail that was laid aside; return what stops it still, None: it is taken.

        It is read anew, bounded as every mail is, so that nothing dangerous comes in: what passes
        was stopped by a limit that has changed, by a reader that broke, or by a field From that
        names nobody; in whose place stands the sender of the envelope then.

        Raises:
            WarmlineError: It cannot be stored now.
            TimeoutError: Nor within `TAKE_S_MAX`.
        """
        async with asyncio.timeout(TAKE_S_MAX), self._turns:
            read = await self._reader.read(raw, envelope)
            if isinstance(read, Refused):
                return Quarantined(rule="refused", reason=read.reason)
            if isinstance(read, Quarantined):
                return read
            if read.mail.automatic is Automatic.LOOP:
                return Quarantined(rule="loop", reason="it is one of our own that came back")
            if await self._bounces.take(read.mail, envelope.recipients):
                self._figures.outcomes["bounce"] += 1
                return None
            if read.mail.sender is None:
                if not envelope.sender:
                    return _NOBODY
                senders = (MailAddress(address=envelope.sender),)
                read = replace(read, mail=replace(read.mail, senders=senders))
            answers = await self._store(raw, envelope, read, "released")
        if not all(one.taken for one in answers):
            raise StoreError("some mailboxes cannot take it now")
        return None

    async def _take(self, raw: bytes, envelope: Envelope, way: str) -> list[Answer]:
        count = len(envelope.recipients)
        read = await self._reader.read(raw, envelope)
        if isinstance(read, Refused):
            self._figures.outcomes["refused"] += 1
            _log.info("mail refused", way=way, code=read.code, why=read.reason)
            if way != "imap":
                return [Answer(read.code, f"{read.enhanced} {read.reason}")] * count
            # It was accepted elsewhere already, so that nobody would learn of the refusal.
            read = Quarantined(rule="refused", reason=read.reason)
        if isinstance(read, Quarantined):
            return await self._lay_aside(raw, envelope, read, way)
        if read.mail.automatic is Automatic.LOOP:
            self._figures.outcomes["loop"] += 1
            _log.info("mail of our own came back", way=way)
            return [answer.LOOP] * count
        if await self._bounces.take(read.mail, envelope.recipients):
            self._figures.outcomes["bounce"] += 1
            return [answer.TAKEN] * count
        return await self._store(raw, envelope, read, way)

    async def _lay_aside(
        self, raw: bytes, envelope: Envelope, why: Quarantined, way: str
    ) -> list[Answer]:
        await self._quarantine.put(raw, envelope, why)
        self._figures.outcomes["quarantined"] += 1
        self._figures.quarantined[why.rule] += 1
        _log.warning("mail in quarantine", way=way, rule=why.rule, why=why.reason, bytes=len(raw))
        return [answer.TAKEN] * len(envelope.recipients)

    async def _store(
        self, raw: bytes, envelope: Envelope, read: ReadMail, way: str
    ) -> list[Answer]:
        """Store a mail once for each mailbox that it came to."""
        by_box: dict[str, Answer] = {}
        answers: list[Answer] = []
        for recipient in envelope.recipients:
            box = self._boxes.of_address(recipient)
            if box is None:
                # To the return address of one of our mails, but no report: a machine's answer.
                self._figures.outcomes["automatic"] += 1
                answers.append(answer.TAKEN)
                continue
            if box.id not in by_box:
                by_box[box.id] = await self._store_in(box, raw, envelope, read, way)
            answers.append(by_box[box.id])
        return answers

    async def _store_in(
        self, box: MailBox, raw: bytes, envelope: Envelope, read: ReadMail, way: str
    ) -> Answer:
        mail = read.mail
        if mail.sender is None:
            return (await self._lay_aside(raw, envelope, _NOBODY, way))[0]
        client_id = client_id_of(mail.message_id, box.id, raw)
        inbound = await self._letters.inbound(
            read,
            box,
            place_of(box, mail.subject, mail.text),
            client_id=client_id,
            raw=raw,
        )
        try:
            receipt = await self._receive(inbound)
        except LimitExceeded as error:
            _log.warning("mail has to wait", way=way, mailbox=box.id, limit=error.name)
            self._figures.outcomes["later"] += 1
            return answer.QUEUE_FULL
        if receipt.duplicate:
            self._figures.outcomes["duplicate"] += 1
            return answer.TAKEN
        self._figures.taken[way, box.id] += 1
        if inbound.automatic:
            self._figures.outcomes["automatic"] += 1
        await self._confirm(box, envelope, read, receipt)
        return answer.TAKEN

    async def _receive(self, inbound: Inbound) -> Receipt:
        try:
            return await self._conversations.receive(inbound)
        except NotKnown:
            if inbound.conversation_id is None:
                raise
            # The conversation was forgotten; what he writes now begins another one.
            return await self._conversations.receive(replace(inbound, conversation_id=None))

    async def _confirm(
        self, box: MailBox, envelope: Envelope, read: ReadMail, receipt: Receipt
    ) -> None:
        """Tell the customer that his mail is here, where that is wanted; never in its way."""
        try:
            if await self._replies.confirm(box, envelope, read.mail, receipt):
                self._figures.outcomes["auto_reply"] += 1
        except WarmlineError as error:
            _log.warning("mail not confirmed", mailbox=box.id, why=type(error).__name__)
