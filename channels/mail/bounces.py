"""Reports about our own mails: what could not be delivered has failed, and the agent is told."""

from typing import Final, Protocol

import structlog

from channels.mail.figures import MailFigures
from channels.mail.parsed import Automatic, Bounce, Failure, ParsedMail
from channels.mail.ports import SOURCE, MailRecords
from channels.mail.verp import ReturnPaths
from domain.conversation_ports import OutgoingStore
from domain.message import Author, Delivery

STATUS_CHARACTERS_MAX: Final = 11
"""RFC 3463: 1, 3 and 3 digits with dots between; no words of the other side are repeated, for they
name the address."""

_log = structlog.get_logger(__name__)


class DeliveryTold(Protocol):
    """Who is told what became of a message; `domain.conversation_ports.Conversations` is one."""

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        """The system marks what the next system has taken over (`SENT`)."""
        ...

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        """It could not be delivered."""
        ...


class Bounces:
    """Finds the mail that a bounce is about."""

    def __init__(
        self,
        paths: ReturnPaths,
        *,
        outgoing: OutgoingStore,
        records: MailRecords,
        told: DeliveryTold,
        figures: MailFigures,
    ) -> None:
        """Take where our mails are kept, and who is told."""
        self._paths = paths
        self._outgoing = outgoing
        self._records = records
        self._told = told
        self._figures = figures

    def names(self, address: str) -> bool:
        """Tell whether an address is the return address of one of our mails."""
        return self._paths.message_of(address) is not None

    async def take(self, mail: ParsedMail, recipients: tuple[str, ...]) -> bool:
        """Take a mail that may be a report about one of ours; False: it is none.

        Raises:
            StoreError: What it says could not be written.
        """
        returned = next(filter(None, map(self._paths.message_of, recipients)), None)
        if mail.bounce is None and mail.automatic is not Automatic.BOUNCE:
            return False
        message_id = returned or await self._by_mail_id(mail.bounce)
        if message_id is None:
            return False
        message = await self._records.message(message_id)
        if message is None:
            return True  # Forgotten meanwhile.
        status = _final_status(mail.bounce)
        if status is None:
            _log.info("mail reported on", message_id=message_id)
            return True
        reason = f"bounced {status}".strip()
        await self._outgoing.settle(message_id, Delivery.FAILED, error=reason)
        await self._told.failed(message.conversation_id, message.sequence, reason)
        self._figures.bounced += 1
        _log.info("mail bounced", message_id=message_id, status=status)
        return True

    async def _by_mail_id(self, bounce: Bounce | None) -> str | None:
        if bounce is None or not bounce.message_id:
            return None
        out = await self._outgoing.by_remote_id(SOURCE, bounce.message_id)
        return out.message_id if out is not None else None


def _final_status(bounce: Bounce | None) -> str | None:
    """Return the status of a recipient who will not get it, "" when unknown.

    None: nobody has failed for good: it was delayed, or even delivered.
    """
    if bounce is None or not bounce.recipients:
        return ""
    for recipient in bounce.recipients:
        if recipient.action is Failure.FAILED and recipient.is_permanent:
            return recipient.status[:STATUS_CHARACTERS_MAX]
    for recipient in bounce.recipients:
        if recipient.action is Failure.FAILED:
            # "Failed" with a status of 4: the other server has given up trying.
            return recipient.status[:STATUS_CHARACTERS_MAX]
    return None
