"""A mail that was read becomes a message: its files are stored, its HTML points at them."""

import re
from dataclasses import dataclass
from html import escape
from typing import Final

import structlog

from channels.mail.addresses import BoxPlace
from channels.mail.parsed import Automatic, FileKind, MailFile, ParsedMail
from channels.mail.ports import SOURCE, ReadMail, pieces
from config.mail import MailBox
from domain.contact import Channel
from domain.conversation_ports import AttachmentVault
from domain.customer import Identifier, IdentifierKind
from domain.errors import AttachmentRefused, LimitExceeded
from domain.message import ATTACHMENTS_MAX, TEXT_CHARACTERS_MAX, Inbound

HTML_CHARACTERS_MAX: Final = 1_000_000
"""What is longer is left out: the text says the same, and the whole mail is attached."""
SUBJECT_CHARACTERS_MAX: Final = 998
"""RFC 5322 section 2.1.1: one line."""
CONTENT_PATH: Final = "/api/v1/attachments/{}/content"
_CID: Final = re.compile(
    r"""\b(?:data-)?src=(?P<quote>["'])cid:(?P<id>[^"'<>]{1,998})(?P=quote)""", re.IGNORECASE
)
_LEFT_OUT: Final = {
    "en": "[A file of this mail was not taken: {}]",
    "zh": "[此邮件的一个附件未被接收：{}]",
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Stored:
    ids: tuple[str, ...]
    by_content_id: dict[str, str]
    notes: tuple[str, ...]


class LetterMaker:
    """Makes the message that a channel hands over out of a mail."""

    def __init__(self, attachments: AttachmentVault) -> None:
        """Take where files are stored."""
        self._attachments = attachments

    async def inbound(
        self, read: ReadMail, box: MailBox, place: BoxPlace, *, client_id: str, raw: bytes
    ) -> Inbound:
        """Store the files of a mail and return its message.

        A file that is refused leaves a line in the text, so that the agent knows of it. What has
        no room in one message is kept as the whole mail, attached.

        Args:
            read: The mail; it has a sender.
            box: To which it came.
            place: Where it waits.
            client_id: Under which it is stored once.
            raw: The whole mail.

        Raises:
            StoreError: A file could not be stored.
        """
        mail = read.mail
        language = mail.language or box.language
        too_long = len(mail.text) > TEXT_CHARACTERS_MAX or len(mail.html) > HTML_CHARACTERS_MAX
        stored = await self._store(mail, language, raw, whole=too_long)
        text = mail.text
        if stored.notes:
            text = "\n\n".join((text, "\n".join(stored.notes))).strip()
        sender = mail.sender
        return Inbound(
            source=SOURCE,
            channel=Channel.MAIL,
            sender=Identifier(IdentifierKind.MAIL, sender.address if sender else ""),
            proof=read.proof,
            client_id=client_id,
            queue_id=place.queue_id,
            text=text[:TEXT_CHARACTERS_MAX],
            conversation_id=read.conversation_id,
            language=language,
            name=sender.name if sender else "",
            html=_shown(mail.html, stored.by_content_id),
            quoted=mail.quoted[:TEXT_CHARACTERS_MAX],
            subject=mail.subject[:SUBJECT_CHARACTERS_MAX],
            attachments=stored.ids,
            automatic=mail.automatic is not Automatic.NO,
            priority=place.priority + read.priority,
            headers={
                **mail.headers,
                **read.evidence,
                "message-id": mail.message_id,
                "mailbox": box.id,
                "topic": place.topic,
            },
            mail_id=mail.message_id,
        )

    async def _store(self, mail: ParsedMail, language: str, raw: bytes, *, whole: bool) -> _Stored:
        files = list(mail.files)
        if whole or len(files) > ATTACHMENTS_MAX:
            files = files[: ATTACHMENTS_MAX - 1]
            files.append(MailFile(name="mail.eml", claimed_type="message/rfc822", content=raw))
        ids: list[str] = []
        by_content_id: dict[str, str] = {}
        notes: list[str] = []
        sentence = _LEFT_OUT["zh" if language.startswith("zh") else "en"]
        for file in files:
            inline = file.content_id if file.kind is FileKind.INLINE else ""
            try:
                attachment = await self._attachments.put(
                    pieces(file.content),
                    name=file.name,
                    claimed_type=file.claimed_type,
                    inline_id=inline,
                )
            except (AttachmentRefused, LimitExceeded) as error:
                _log.info("mail file not taken", bytes=len(file.content), why=type(error).__name__)
                notes.append(sentence.format(file.name))
                continue
            ids.append(attachment.attachment_id)
            if file.content_id:
                by_content_id[file.content_id] = attachment.attachment_id
        return _Stored(tuple(ids), by_content_id, tuple(notes))


def _shown(html: str, by_content_id: dict[str, str]) -> str:
    """Let images that came with the mail be shown from where they are stored now."""
    if len(html) > HTML_CHARACTERS_MAX:
        return ""

    def of(match: re.Match[str]) -> str:
        attachment_id = by_content_id.get(match["id"])
        if attachment_id is None:
            return 'src=""'
        return f'src="{escape(CONTENT_PATH.format(attachment_id), quote=True)}"'

    return _CID.sub(of, html)
