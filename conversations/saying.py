"""How an agent's words go out: committed first, then to followers and on their way."""

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import Final

import structlog

from conversations.entries import Entry
from conversations.receiving import Receiving, check_size
from domain.contact import Channel
from domain.conversation import Conversation
from domain.conversation_ports import NewMessage
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown, StoreError
from domain.escalation_ports import CallMaker
from domain.message import CLIENT_ID_CHARACTERS_MAX, Author, Draft, Inbound, Message
from domain.proof import Proof

DELIVER_S_MAX: Final = 10.0
"""How long an outlet may take to queue a message; it is queued in the store already, and is tried
again from there."""
AGENT_SOURCE: Final = "agent"
"""The source under which the client ids of agents are kept apart from those of customers."""
MAIL_SOURCE: Final = "mail"
OWN_SOURCE: Final = "own"
"""The source of client ids that count in all conversations: of what begins one."""

_log = structlog.get_logger(__name__)


class Saying(Receiving):
    """The part of `Conversations` that sends what agents write, and `Escalations`."""

    _calls: CallMaker | None

    @abstractmethod
    async def conversation(self, conversation_id: str) -> Conversation:
        """Return how a conversation stands."""

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        """Commit a message to the customer, or a note, and send it on its way.

        The same agent and client_id again returns the first message.

        Raises:
            NotKnown: No such conversation or unused attachment.
            NotServing: An agent who does not have the conversation; notes are free.
            LimitExceeded: See `Inbound`.
            StoreError: It is not committed.
        """
        check_size(
            draft.text, len(draft.attachments), len(draft.client_id), CLIENT_ID_CHARACTERS_MAX
        )
        async with self._entries.holding(conversation_id) as entry:
            if draft.agent_id is not None and not draft.internal:
                entry.thread.check_has(draft.agent_id, parked=True)
            said = await self._said_before(entry, draft)
            if said is not None:
                return said
            return await self._say(entry, draft, is_new=False)

    async def _said_before(self, entry: Entry, draft: Draft) -> Message | None:
        if not draft.client_id:
            return None
        message_id = entry.said.get((draft.agent_id or "", draft.client_id))
        if message_id is not None:
            return await self._store.message(message_id)
        if entry.is_whole:
            return None
        return await self._store.find_duplicate(_as_inbound(entry, draft))

    async def _say(
        self, entry: Entry, draft: Draft, *, is_new: bool, key: Inbound | None = None
    ) -> Message:
        """Commit a draft; `key` says under what it is said once, None: under its client id here."""
        if key is None and draft.client_id:
            key = _as_inbound(entry, draft)
        thread = entry.thread
        conversation = thread.conversation
        message = self.message(
            entry,
            author=Author.SYSTEM if draft.agent_id is None else Author.AGENT,
            text=draft.text,
            agent_id=draft.agent_id,
            client_id=draft.client_id,
            html=draft.html,
            subject=draft.subject or conversation.subject,
            attachments=await self.attachments_of(draft.attachments),
            internal=draft.internal,
        )
        goes_out = not draft.internal and conversation.source in self._outlets
        after = thread.after_ours(message)
        await self._store.add(
            after,
            message,
            inbound=key,
            is_new=is_new,
            outgoing=goes_out,
        )
        entry.written = after
        if draft.client_id:
            entry.note_said(draft.agent_id or "", draft.client_id, message.message_id)
        entry.recent.note(message)
        actions = thread.we_wrote(after, message)
        self._tell(entry, NewMessage(message=message))
        await self._carry_out(entry, actions)
        if goes_out and not (conversation.channel is Channel.CHAT and thread.is_present):
            await self._send(entry.thread.conversation, message)
        return message

    async def _send(self, conversation: Conversation, message: Message) -> None:
        """Hand a committed message to its outlet; what fails is taken up from the store again."""
        try:
            async with asyncio.timeout(DELIVER_S_MAX):
                await self._outlets[conversation.source].deliver(conversation, message)
        except (StoreError, TimeoutError, OSError) as error:
            _log.warning("message not handed over yet", reason=type(error).__name__)
        except Exception as error:
            # What it says may name the customer.
            _log.error("outlet failed", kind=type(error).__name__, source=conversation.source)

    # From one channel to another.

    async def escalate_to_call(self, conversation_id: str, agent_id: str, number: str) -> str:
        """Call the customer of a conversation; return the contact_id of the call.

        The conversation stays with its agent, who speaks with the customer.

        Raises:
            NotServing: That agent does not have the conversation.
            NotKnown: No calls go out, or not to that number.
            LimitExceeded: More calls than may be made now.
        """
        async with self._entries.holding(conversation_id) as entry:
            entry.thread.check_has(agent_id)
            if self._calls is None:
                raise NotKnown("way to call out of conversation", conversation_id)
            conversation = entry.thread.conversation
            return await self._calls.call_back(
                number=number,
                queue_id=conversation.queue_id,
                language=conversation.language,
                conversation_id=conversation_id,
                agent_id=agent_id,
            )

    async def follow_up_by_mail(
        self, contact_id: str, address: Identifier, draft: Draft, *, queue_id: str, language: str
    ) -> Conversation:
        """Write a mail that follows a call, to an address that its customer has given.

        It begins a conversation with the source "mail" to which the call belongs from now on, or
        goes on with the one that it belongs to already. The same agent and client_id again finds
        the first mail, also where the node died before the call was bound to it.

        Raises:
            NotKnown: There is no such contact or queue, or no mail goes out.
        """
        self._check_way_out(MAIL_SOURCE, queue_id, draft)
        record = await self._ledger.get(contact_id)
        if record is None:
            raise NotKnown("contact", contact_id)
        contact = record.contact
        key = _once(f"{contact_id}/{draft.client_id}", draft.agent_id) if draft.client_id else None
        if contact.conversation_id is not None:
            async with self._entries.holding(contact.conversation_id) as entry:
                if entry.thread.conversation.source == MAIL_SOURCE:
                    if await self._under(key) is None:
                        await self._say(entry, draft, is_new=False, key=key)
                    return entry.thread.conversation
        opening = _opening(MAIL_SOURCE, Channel.MAIL, address, draft, queue_id)
        message = await self._under(key) or await self._begin_with(
            replace(opening, language=language or contact.language), draft, key
        )
        contact.conversation_id = message.conversation_id
        calls = self._calls
        if calls is None or not calls.belongs(contact_id, message.conversation_id):
            await self._ledger.update(contact)
        return await self.conversation(message.conversation_id)

    async def write_to(
        self,
        source: str,
        channel: Channel,
        address: Identifier,
        draft: Draft,
        *,
        queue_id: str,
        language: str,
    ) -> Message:
        """Write to a customer of our own accord: in his newest conversation there, or a new one.

        A mail begins a new one. It opens no contact; his answer does. The same client_id again
        returns the first message, wherever it was written to.

        Raises:
            NotKnown: There is no such queue, and no way out to that source.
            LimitExceeded: See `Inbound`.
        """
        self._check_way_out(source, queue_id, draft)
        sender = self._senders.get(source, address)
        key = _once(draft.client_id) if draft.client_id else None
        async with sender.lock:
            said = await self._under(key)
            if said is not None:
                return said
            await self._look_up(sender, source, channel, address)
            known = None if channel is Channel.MAIL else sender.conversation_id
            if known is not None:
                async with self._entries.holding(known) as entry:
                    return await self._say(entry, draft, is_new=False, key=key)
            opening = _opening(source, channel, address, draft, queue_id)
            message = await self._begin_with(replace(opening, language=language), draft, key)
            sender.conversation_id = message.conversation_id
            return message

    async def said_under(self, client_id: str) -> Message | None:
        """Return what `write_to` has committed under a client_id; None: nothing.

        Raises:
            StoreError: The store cannot be read.
        """
        return await self._under(_once(client_id))

    async def _under(self, key: Inbound | None) -> Message | None:
        return None if key is None else await self._store.find_duplicate(key)

    def _check_way_out(self, source: str, queue_id: str, draft: Draft) -> None:
        check_size(
            draft.text, len(draft.attachments), len(draft.client_id), CLIENT_ID_CHARACTERS_MAX
        )
        if self._rules.queue(queue_id) is None:
            raise NotKnown("queue", queue_id)
        if source not in self._outlets:
            raise NotKnown("outlet", source)

    async def _begin_with(self, opening: Inbound, draft: Draft, key: Inbound | None) -> Message:
        """Begin a conversation with words of ours, on the timeline of whose the address is."""
        recognised = await self._recognise(opening)
        whose = None if recognised is None else recognised.member_id or recognised.customer_id
        conversation_id = self.begin(opening, whose).thread.conversation.conversation_id
        async with self._entries.holding(conversation_id) as entry:
            try:
                return await self._say(entry, draft, is_new=True, key=key)
            except BaseException:
                self._entries.drop(conversation_id)
                raise


def _opening(
    source: str, channel: Channel, address: Identifier, draft: Draft, queue_id: str
) -> Inbound:
    """Return what a conversation begins with that we begin ourselves."""
    return Inbound(
        source=source,
        channel=channel,
        sender=address,
        proof=Proof.PRESENTED,
        client_id=draft.client_id,
        queue_id=queue_id,
        text="",
        subject=draft.subject,
    )


def _as_inbound(entry: Entry, draft: Draft) -> Inbound:
    """Return the key under which the store keeps that a draft was said, so that it is said once."""
    conversation = entry.thread.conversation
    return Inbound(
        source=AGENT_SOURCE,
        channel=conversation.channel,
        sender=Identifier(IdentifierKind.APP, draft.agent_id or ""),
        proof=Proof.NONE,
        client_id=f"{conversation.conversation_id}:{draft.client_id}",
        queue_id=conversation.queue_id,
        text="",
    )


def _once(client_id: str, agent_id: str | None = None) -> Inbound:
    """Return a key as `_as_inbound` does, of a draft that is said once in all conversations."""
    return Inbound(
        source=OWN_SOURCE,
        channel=Channel.MESSAGE,
        sender=Identifier(IdentifierKind.APP, agent_id or ""),
        proof=Proof.NONE,
        client_id=client_id,
        queue_id="",
        text="",
    )
