"""All messengers of a node: what comes in by each, and who brings out what is answered."""

import random
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from channels.messenger.figures import MessengerFigures
from channels.messenger.links import is_valid
from channels.messenger.protocol import InboundMark, InboundMessage
from channels.messenger.sender import MessageOf, MessengerSender
from channels.webhooks.poster import Poster
from channels.webhooks.signature import fault_of
from config.messengers import Messenger
from config.webhooks import signing_key
from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation_ports import (
    AttachmentVault,
    Conversations,
    OutgoingStore,
    Outlet,
    Receipt,
)
from domain.customer import Identifier, IdentifierKind
from domain.errors import ConfigurationError, NotKnown
from domain.message import Author, Delivery, Inbound
from domain.ports import Clock
from domain.proof import Proof


class _Joined:
    """One messenger with its key, its sender and what it counts."""

    def __init__(
        self, settings: Messenger, key: bytes, sender: MessengerSender, figures: MessengerFigures
    ) -> None:
        self.settings = settings
        self.key = key
        self.sender = sender
        self.figures = figures


class Messengers:
    """Async context manager: while it is entered, what is written to customers goes out."""

    def __init__(
        self,
        messengers: Sequence[Messenger],
        *,
        conversations: Conversations,
        attachments: AttachmentVault,
        outgoing: OutgoingStore,
        message_of: MessageOf,
        clock: Clock,
        version: str,
        tls: ssl.SSLContext | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            messengers: The section `messengers` of the configuration.
            conversations: Take what customers write.
            attachments: Keep their files.
            outgoing: What waits to go out.
            message_of: Reads a message of the store.
            clock: The node's.
            version: Of Warmline.
            tls: Whose certificates are believed; None: those that the system trusts.
            chance: Where the chance in waiting times comes from; None: the system.

        Raises:
            ConfigurationError: A secret is not there or is no key.
        """
        self._conversations = conversations
        self._attachments = attachments
        self._clock = clock
        self._exits = AsyncExitStack()
        self._joined: dict[str, _Joined] = {}
        self._posters: list[Poster] = []
        if messengers and tls is None:
            tls = ssl.create_default_context()
        for settings in messengers:
            assert tls is not None
            key = _key_of(settings)
            poster = Poster(
                settings.url,
                key=key,
                timeout_s=settings.timeout_s,
                clock=clock,
                tls=tls,
                user_agent=f"Warmline/{version}",
            )
            self._posters.append(poster)
            figures = MessengerFigures(messenger_id=settings.id)
            sender = MessengerSender(
                settings,
                poster,
                key=key,
                outgoing=outgoing,
                message_of=message_of,
                conversations=conversations,
                clock=clock,
                chance=chance or random.SystemRandom(),
                figures=figures,
            )
            self._joined[settings.id] = _Joined(settings, key, sender, figures)

    async def __aenter__(self) -> Self:
        for poster in self._posters:
            await self._exits.enter_async_context(poster)
        for joined in self._joined.values():
            await self._exits.enter_async_context(joined.sender)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._exits.aclose()

    @property
    def outlets(self) -> Mapping[str, Outlet]:
        """The way out of each messenger, by the source of its conversations."""
        return {name: joined.sender for name, joined in self._joined.items()}

    def figures(self) -> Sequence[MessengerFigures]:
        """Return what each messenger has counted, in the order of the configuration."""
        return [joined.figures for joined in self._joined.values()]

    def fault_of(self, messenger_id: str, headers: Mapping[str, str], body: bytes) -> str | None:
        """Return why a request is not from a messenger's adapter; None: it is.

        Raises:
            NotKnown: There is no such messenger.
        """
        joined = self._of(messenger_id)
        fault = fault_of(joined.key, headers, body, self._clock.utc())
        joined.figures.refused += fault is not None
        return fault

    async def receive(self, messenger_id: str, told: InboundMessage) -> Receipt:
        """Commit what a customer has written.

        Raises:
            NotKnown: No such messenger or unused attachment.
            LimitExceeded: See `Conversations.receive`.
            StoreError: It is not committed.
        """
        joined = self._of(messenger_id)
        settings = joined.settings
        receipt = await self._conversations.receive(
            Inbound(
                source=settings.id,
                channel=Channel.MESSAGE,
                # Ids of two messengers are two persons' until somebody says otherwise.
                sender=Identifier(IdentifierKind.APP, f"{settings.id}:{told.user_id}"),
                proof=Proof.PROVED if settings.is_identity_proved else Proof.PRESENTED,
                client_id=told.message_id,
                queue_id=settings.queue_id,
                text=told.text,
                language=told.language or settings.language,
                name=told.user_name,
                attachments=tuple(told.attachments),
            )
        )
        joined.figures.received += 1
        joined.figures.duplicates += receipt.duplicate
        return receipt

    async def mark(self, messenger_id: str, told: InboundMark) -> None:
        """Take how far a message to a customer has come.

        Raises:
            NotKnown: No such messenger, or no such conversation of it, or message.
        """
        joined = self._of(messenger_id)
        conversation = await self._conversations.conversation(told.conversation_id)
        if conversation.source != joined.settings.id:
            raise NotKnown("conversation", told.conversation_id)
        if told.mark == "failed":
            await self._conversations.failed(told.conversation_id, told.sequence, told.reason)
            return
        await self._conversations.mark(
            told.conversation_id, Author.CUSTOMER, Delivery(told.mark), told.sequence
        )

    async def keep(
        self, messenger_id: str, content: AsyncIterator[bytes], *, name: str, claimed_type: str
    ) -> Attachment:
        """Store a file that belongs to a message to come.

        Raises:
            NotKnown: There is no such messenger.
            LimitExceeded: It is too large.
            AttachmentRefused: It is not taken.
        """
        self._of(messenger_id)
        return await self._attachments.put(content, name=name, claimed_type=claimed_type)

    async def file(
        self, messenger_id: str, attachment_id: str, *, expires_s: int, signature: str
    ) -> tuple[Attachment, AsyncIterator[bytes]]:
        """Return a file by a path that was given to the adapter.

        Raises:
            NotKnown: No such messenger or file, or the path is not ours or holds no more.
            AttachmentRefused: Nobody may open it.
        """
        joined = self._of(messenger_id)
        now_s = self._clock.utc().timestamp()
        found: Attachment | None = None
        if is_valid(
            messenger_id,
            joined.key,
            attachment_id,
            expires_s=expires_s,
            signature=signature,
            now_s=now_s,
        ):
            found = await self._attachments.get(attachment_id)
        if found is None:
            raise NotKnown("attachment", attachment_id)
        return found, self._attachments.read(found)

    def _of(self, messenger_id: str) -> _Joined:
        joined = self._joined.get(messenger_id)
        if joined is None:
            raise NotKnown("messenger", messenger_id)
        return joined


def _key_of(settings: Messenger) -> bytes:
    try:
        return signing_key(settings.secret.read())
    except ConfigurationError as error:
        raise ConfigurationError(f"messengers {settings.id}: secret: {error}") from None
