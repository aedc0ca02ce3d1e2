"""How a customer's message comes in: once, whole, and into the right conversation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from conversations.entries import Entry
from conversations.senders import Sender, Senders
from conversations.shell import PREVIEW_CHARACTERS_MAX, Shell
from conversations.thread import Thread
from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import AttachmentVault, NewMessage, Receipt
from domain.customer import Identifier, IdentifierKind
from domain.errors import LimitExceeded, NotKnown, StoreError
from domain.identity_ports import Identities, Recognition
from domain.message import (
    ATTACHMENTS_MAX,
    CLIENT_ID_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Author,
    Inbound,
    Message,
)
from domain.proof import Proof

MESSAGE_ID_CHARACTERS_MAX: Final = 998
"""Of a mail's Message-ID: the longest line (RFC 5322 section 2.1.1)."""
_CLAIMS: Final[Mapping[str, IdentifierKind]] = {
    "email": IdentifierKind.MAIL,
    "phone_number": IdentifierKind.PHONE,
}
"""What a signed identity may say beside whose it is (OpenID Connect Core 1.0 section 5.1)."""

_log = structlog.get_logger(__name__)


class Receiving(Shell):
    """The part of `Conversations` that takes in what customers write."""

    _vault: AttachmentVault
    _identities: Identities | None
    _senders: Senders

    async def receive(self, inbound: Inbound) -> Receipt:
        """Commit a customer's message; open a contact and let it wait if none is open.

        Raises:
            NotKnown: There is no such queue, conversation or unused attachment.
            LimitExceeded: The text, the attachments or the waiting contacts of the queue: nothing
                is stored then, but for a full queue with a customer who is not present, whose
                message is stored and waits outside the queue until there is room.
            StoreError: It is not committed.
        """
        self._check(inbound)
        if inbound.channel is Channel.CHAT:
            # Who chats is there now, so a queue that is open takes over; letters wait.
            serving = self._rules.serving(inbound.queue_id, self._clock.utc())
            inbound = replace(inbound, queue_id=serving)
        sender = self._senders.get(inbound.source, inbound.sender)
        async with sender.lock:
            known = await self._sent_before(sender, inbound)
            if known is not None:
                return await self._receipt_again(known)
            conversation_id = inbound.conversation_id
            if conversation_id is None and inbound.channel is not Channel.MAIL:
                conversation_id = sender.conversation_id
            attachments = await self.attachments_of(inbound.attachments)
            is_new = conversation_id is None
            if conversation_id is None:
                conversation_id = self.begin(inbound).thread.conversation.conversation_id
            async with self._entries.holding(conversation_id) as entry:
                try:
                    receipt = await self._take_in(entry, inbound, attachments, is_new=is_new)
                except BaseException:
                    if is_new:
                        self._entries.drop(conversation_id)
                    raise
            sender.note(inbound.client_id, receipt.message.message_id)
            if is_new:
                sender.conversation_id = conversation_id
            return receipt

    def _check(self, inbound: Inbound) -> None:
        ids_max = (
            MESSAGE_ID_CHARACTERS_MAX
            if inbound.channel is Channel.MAIL
            else CLIENT_ID_CHARACTERS_MAX
        )
        check_size(inbound.text, len(inbound.attachments), len(inbound.client_id), ids_max)
        if self._rules.queue(inbound.queue_id) is None:
            raise NotKnown("queue", inbound.queue_id)

    async def _sent_before(self, sender: Sender, inbound: Inbound) -> Message | None:
        """Return the message that was stored under this id; None: it is new."""
        await self._look_up(sender, inbound.source, inbound.channel, inbound.sender)
        message_id = sender.sent.get(inbound.client_id)
        if message_id is not None:
            return await self._store.message(message_id)
        return None if sender.is_whole else await self._store.find_duplicate(inbound)

    async def _look_up(
        self, sender: Sender, source: str, channel: Channel, address: Identifier
    ) -> None:
        """Ask the store once what a sender had before."""
        if sender.is_known or channel is Channel.MAIL:
            # A mail begins a conversation, unless it says which one it belongs to.
            return
        newest = await self._store.of_address(source, address)
        sender.conversation_id = None if newest is None else newest.conversation_id
        sender.is_whole = newest is None
        sender.is_known = True

    async def _receipt_again(self, message: Message) -> Receipt:
        entry = self._entries.get(message.conversation_id)
        conversation = (
            await self._store.get(message.conversation_id)
            if entry is None
            else entry.thread.conversation
        )
        if conversation is None:
            raise NotKnown("conversation", message.conversation_id)
        return Receipt(message=message, conversation=conversation, duplicate=True)

    async def attachments_of(self, attachment_ids: tuple[str, ...]) -> tuple[Attachment, ...]:
        """Return what is known of attachments.

        Raises:
            NotKnown: There is no such attachment.
        """
        found: list[Attachment] = []
        for attachment_id in attachment_ids:
            attachment = await self._vault.get(attachment_id)
            if attachment is None:
                raise NotKnown("attachment", attachment_id)
            found.append(attachment)
        return tuple(found)

    async def _recognise(self, inbound: Inbound) -> Recognition | None:
        """Ask whose an address is; None: nobody can say now."""
        if self._identities is None:
            return None
        try:
            recognised = await self._identities.recognise(inbound.sender, inbound.proof)
            if inbound.proof is Proof.PROVED and recognised.member_id is not None:
                await self._link(self._identities, recognised.member_id, inbound)
        except (StoreError, LimitExceeded, NotKnown) as error:
            # His words are stored whoever he is.
            _log.warning("customer not recognised", kind=type(error).__name__)
            return None
        return recognised

    async def _link(self, identities: Identities, customer_id: str, inbound: Inbound) -> None:
        """Let the other addresses be his for which the operator's site vouches too."""
        for name, kind in _CLAIMS.items():
            value = inbound.headers.get(name)
            if value:
                await identities.link(
                    customer_id, Identifier(kind, value), inbound.proof, inbound.source
                )

    def begin(self, inbound: Inbound, customer_id: str | None = None) -> Entry:
        """Return a new conversation, not stored yet; of a customer, where we know whose it is."""
        now = self._clock.utc()
        queue = self._rules.queue(inbound.queue_id)
        assert queue is not None
        conversation = Conversation(
            conversation_id=self._new_id(),
            source=inbound.source,
            channel=inbound.channel,
            queue_id=inbound.queue_id,
            address=inbound.sender,
            language=inbound.language or queue.language,
            opened_at=now,
            last_at=now,
            customer_id=customer_id,
            proof=inbound.proof,
            name=inbound.name,
            subject=inbound.subject,
        )
        entry = self._entries.put(Thread(conversation, rules=self._rules, clock=self._clock))
        entry.is_whole = True
        return entry

    async def _take_in(
        self,
        entry: Entry,
        inbound: Inbound,
        attachments: tuple[Attachment, ...],
        *,
        is_new: bool,
    ) -> Receipt:
        thread, before = entry.thread, entry.thread.conversation
        thread.is_present = before.conversation_id in self._present
        opens = before.state is ConversationState.IDLE and not inbound.automatic
        if opens:
            self._check_room(inbound)
        message = self.message(
            entry,
            author=Author.CUSTOMER,
            text=inbound.text,
            contact_id=self._new_id() if opens else before.contact_id,
            client_id=inbound.client_id,
            html=inbound.html,
            quoted=inbound.quoted,
            subject=inbound.subject,
            attachments=attachments,
            automatic=inbound.automatic,
        )
        after = thread.after_customer(message, inbound)
        shows_more = inbound.proof.strength > before.proof.strength
        recognised = await self._recognise(inbound) if is_new or shows_more else None
        if recognised is not None and recognised.customer_id is not None:
            # Under whose own address it is: an unmerge gives it back to him.
            after = replace(after, customer_id=recognised.member_id or recognised.customer_id)
        await self._store.add(after, message, inbound=inbound, is_new=is_new)
        entry.written = after
        entry.preview = message.text[:PREVIEW_CHARACTERS_MAX]
        entry.recent.note(message)
        actions = thread.customer_wrote(after, message, inbound)
        self._tell(entry, NewMessage(message=message))
        await self._carry_out(entry, actions)
        if recognised is not None and not is_new:
            await self._belong(entry, recognised)
        return Receipt(message=message, conversation=entry.thread.conversation)

    def _check_room(self, inbound: Inbound) -> None:
        """See to it that a new contact may wait, in its queue or outside.

        Raises:
            LimitExceeded: It may not.
        """
        queue = self._rules.queue(inbound.queue_id)
        assert queue is not None
        if self._routing.has_room(queue.id):
            return
        if inbound.present:
            limit = queue.waiting_max
            raise LimitExceeded(f"queue {queue.id} waiting_max", limit + 1, limit)
        outside = sum(len(names) for names in self._outside.values())
        limit = self._rules.settings.backlog_max
        if outside >= limit:
            raise LimitExceeded("conversations.backlog_max", outside + 1, limit)

    async def _belong(self, entry: Entry, recognised: Recognition) -> None:
        """Write whose conversation it is, now that he has shown more of himself."""
        conversation = entry.thread.conversation
        whose = recognised.member_id or recognised.customer_id
        if whose is None:
            return
        try:
            await self._store.assign(conversation.conversation_id, whose, recognised.proof.value)
        except StoreError as error:
            _log.warning("conversation not assigned", kind=type(error).__name__)


def check_size(text: str, attachments: int, client_id: int, client_id_max: int) -> None:
    """See to it that a message is no larger than it may be.

    Raises:
        LimitExceeded: It is.
    """
    for name, value, limit in (
        ("characters of a message", len(text), TEXT_CHARACTERS_MAX),
        ("attachments of a message", attachments, ATTACHMENTS_MAX),
        ("characters of a client id", client_id, client_id_max),
    ):
        if value > limit:
            raise LimitExceeded(name, value, limit)
