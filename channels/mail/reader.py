"""Reads a mail with care: bounds, parts, sender, conversation; what the intake asks for.

raw bytes -> keys of its signatures (DNS) -> a process of its own -> SPF and DMARC -> thread
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final, Protocol

from channels.mail import guard, signatures
from channels.mail.hints import urgency
from channels.mail.limits import DEFAULT_LIMITS, MailLimits
from channels.mail.origin import OriginCheck
from channels.mail.parsed import Automatic, Envelope, Quarantined, Refused
from channels.mail.pool import ReaderPool
from channels.mail.ports import ReadMail
from channels.mail.thread import KnownIds, Threads, joined_proof
from domain.conversation import Conversation


class Conversations(Protocol):
    """The stored conversations. It may raise `StoreError`."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None: there is none."""
        ...


class MailReading:
    """Reads mails; `channels.mail.ports.MailReader`."""

    def __init__(
        self,
        pool: ReaderPool,
        origin: OriginCheck,
        threads: Threads,
        known: KnownIds,
        conversations: Conversations,
        *,
        own_addresses: Collection[str] = (),
        limits: MailLimits = DEFAULT_LIMITS,
    ) -> None:
        """Join the parts.

        Args:
            pool: Entered by whoever made it.
            origin: Asks about senders.
            threads: Reads tokens.
            known: The Message-IDs of mails that came and went.
            conversations: To see whether a conversation is there, and with whom.
            own_addresses: Ours, and our host; a mail from one of them goes round in a circle.
            limits: Those of the pool.
        """
        self._pool: Final = pool
        self._origin: Final = origin
        self._threads: Final = threads
        self._known: Final = known
        self._conversations: Final = conversations
        self._own: Final = frozenset(address.lower() for address in own_addresses)
        self._limits: Final = limits

    async def read(self, raw: bytes, envelope: Envelope) -> ReadMail | Refused | Quarantined:
        """Return what a mail says and whose it seems to be, or why it was not read.

        Raises:
            LimitExceeded: Too many mails wait to be read.
            ReaderGone: No process that reads can be started.
            StoreError: The Message-IDs or conversations cannot be read.
        """
        refused = guard.refused_by_size(len(raw), self._limits)
        if refused is not None:
            return refused
        names = signatures.key_names(raw, self._limits.header_bytes_max)
        reply = await self._pool.read(
            raw,
            envelope_sender=envelope.sender,
            own_addresses=self._own,
            keys=await self._origin.keys(names),
        )
        mail = reply.mail
        if mail is None:
            verdict = reply.refused or reply.quarantined
            assert verdict is not None, "a reply is one of three"
            return verdict
        if self._threads.message_of(mail.message_id) is not None:
            # It is one of our own, come back: a forwarding rule leads here.
            mail = replace(mail, automatic=Automatic.LOOP)
        evidence = await self._origin.evidence(mail, envelope, reply.signatures)
        proof = evidence.proof()
        conversation_id: str | None = None
        thread = await self._threads.thread(mail, envelope.recipients, self._known)
        if thread is not None:
            conversation = thread.conversation
            if conversation is None:
                conversation = await self._conversations.get(thread.conversation_id)
            if conversation is not None:
                conversation_id = conversation.conversation_id
                sender = mail.sender.address if mail.sender is not None else ""
                proof = joined_proof(proof, sender, conversation.address.value)
        return ReadMail(
            mail=replace(mail, subject=self._threads.plain_subject(mail.subject)),
            proof=proof,
            evidence=evidence.fields(),
            conversation_id=conversation_id,
            priority=urgency(mail.headers, mail.subject, mail.text),
        )
