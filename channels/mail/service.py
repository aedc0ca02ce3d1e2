"""Mail at work: everything that is configured, put together."""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Self

import structlog

from channels.mail.addresses import Boxes
from channels.mail.auto_reply import AutoReplies
from channels.mail.bounces import Bounces
from channels.mail.compose import Composer
from channels.mail.figures import MailFigures
from channels.mail.imap import ImapAccount
from channels.mail.intake import Intake
from channels.mail.letter import LetterMaker
from channels.mail.ports import (
    ImapPlaces,
    MailIds,
    MailReader,
    MailRecords,
    ThreadNames,
)
from channels.mail.quarantine import SWEEP_S, Quarantine
from channels.mail.queue import MailQueue
from channels.mail.receive import MailServer
from channels.mail.send import SmartHost
from channels.mail.sign import Signer
from channels.mail.verp import ReturnPaths
from config.mail import Mail, first_host
from domain.conversation import Conversation
from domain.conversation_ports import AttachmentVault, Conversations, OutgoingStore
from domain.errors import StoreError
from domain.message import Message
from domain.ports import Clock
from domain.quarantine import QuarantineStore

FOLDER: Final = "quarantine"
"""In the data folder."""

_log = structlog.get_logger(__name__)


class MailService:
    """Async context manager and `Outlet`: while it is entered, mail comes in and goes out.

    Enter it after the store, the conversations and the reader.
    """

    def __init__(
        self,
        mail: Mail,
        *,
        queue_names: Mapping[str, str],
        conversations: Conversations,
        records: MailRecords,
        outgoing: OutgoingStore,
        attachments: AttachmentVault,
        mail_ids: MailIds,
        quarantine_store: QuarantineStore,
        places: ImapPlaces,
        reader: MailReader,
        names: ThreadNames,
        key: bytes,
        data_folder: Path,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing listens, fetches or sends yet.

        Args:
            mail: The section `mail` of the configuration, enabled.
            queue_names: What customers see of a queue, by its id.
            conversations: Where messages are committed, and who is told of deliveries.
            records: The stored conversations.
            outgoing: What waits to go out.
            attachments: Files.
            mail_ids: By what answers find their conversation.
            quarantine_store: The list of mails in quarantine.
            places: Up to which mail folders elsewhere were read.
            reader: Reads mails.
            names: Tokens and Message-IDs.
            key: Signs return addresses; 32 bytes that never change.
            data_folder: Of the node.
            clock: The node's.
            tls: Whose certificates are believed when we connect; None: those of the system.

        Raises:
            ConfigurationError: A secret, a key or a certificate cannot be used.
        """
        self.figures: Final = MailFigures()
        host = first_host(mail)
        boxes = Boxes(mail.boxes)
        paths = ReturnPaths(mail.bounces or mail.boxes[0].addresses[0], key)
        self.quarantine: Final = Quarantine(
            data_folder / FOLDER, quarantine_store, clock, days=mail.quarantine_days
        )
        self.intake: Final = Intake(
            boxes,
            reader=reader,
            letters=LetterMaker(attachments),
            conversations=conversations,
            quarantine=self.quarantine,
            bounces=Bounces(
                paths,
                outgoing=outgoing,
                records=records,
                told=conversations,
                figures=self.figures,
            ),
            replies=AutoReplies(conversations, clock),
            clock=clock,
            figures=self.figures,
            parallel_max=mail.receive.parallel_max,
        )
        self.server: Final = MailServer(
            mail.receive, host=host, taker=self.intake, figures=self.figures, clock=clock
        )
        box_of = {box.id: box for box in mail.boxes}
        self._accounts = [
            ImapAccount(
                account,
                address=box_of[account.box].addresses[0],
                taker=self.intake,
                places=places,
                figures=self.figures,
                bytes_max=mail.receive.bytes_max,
                tls=tls,
            )
            for account in mail.imap
        ]
        self._carrier: SmartHost | None = None
        self._queue: MailQueue | None = None
        if mail.send is not None:
            self._carrier = SmartHost(mail.send, host=host, clock=clock, tls=tls)
            self._queue = MailQueue(
                mail.send,
                outgoing=outgoing,
                records=records,
                attachments=attachments,
                mail_ids=mail_ids,
                names=names,
                composer=Composer(
                    boxes, names=names, paths=paths, host=host, queue_names=dict(queue_names)
                ),
                signer=Signer(mail.dkim),
                carrier=self._carrier,
                told=conversations,
                clock=clock,
                figures=self.figures,
            )
        self._exits = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """A message was stored with its place in the queue: look at it now."""
        if self._queue is not None:
            await self._queue.deliver(conversation, message)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            if self._carrier is not None:
                await exits.enter_async_context(self._carrier)
            exits.push_async_callback(self._stop)
            if self._queue is not None:
                self._begin(self._queue.run(), "mail-queue")
            for number, account in enumerate(self._accounts):
                self._begin(account.run(), f"mail-imap-{number}")
            self._begin(self._sweep(), "mail-quarantine")
            # Last in and first out: nobody hands over what cannot be dealt with any more.
            await exits.enter_async_context(self.server)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._exits.aclose()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("mail failed", exc_info=outcome)
        self._tasks.clear()

    async def _sweep(self) -> None:
        """Drop what has been in quarantine for too long, for ever."""
        while True:
            try:
                dropped = await self.quarantine.sweep()
            except StoreError as error:
                _log.warning("quarantine not swept", why=type(error).__name__)
            else:
                if dropped:
                    _log.info("quarantine swept", mails=dropped)
            await asyncio.sleep(SWEEP_S)
