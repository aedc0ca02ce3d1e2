"""A message becomes a mail: its header, its parts, its files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from channels.mail.addresses import Boxes
from channels.mail.client_id import read_client_id
from channels.mail.fields import (
    address_value,
    checked,
    ids_value,
    in_ascii,
    is_mail_id,
    one_line,
    text_value,
)
from channels.mail.fields import field as header_field
from channels.mail.ports import ThreadNames
from channels.mail.verp import ReturnPaths
from config.mail import MailBox
from domain.attachment import Attachment
from domain.conversation import Conversation
from domain.message import Author, Message

REFERENCES_MAX: Final = 20
"""Message-IDs of earlier mails: enough to keep the thread in any mail program."""
LOOP_FIELD: Final = "X-Warmline-Loop"
"""By it we know our own mail when it comes back to us."""
OUTREACH: Final = "outreach/"
"""Beginning of the client id of a message that we send without having been asked."""
_REPLY: Final = re.compile(r"^\s*(re|aw|sv|antw|回复|答复|回覆)\s*[:：]", re.IGNORECASE)
_SHOWN: Final = re.compile(r"/api/v1/attachments/(?P<id>[0-9a-f]{32})/content")
_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=76)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A mail on its way.

    Attributes:
        return_path: Of MAIL FROM.
        recipient: Of RCPT TO.
        utf8: It needs SMTPUTF8 (RFC 6531).
        mail_id: Its Message-ID.
        domain: Of its sender, for DKIM.
    """

    raw: bytes = field(repr=False)
    return_path: str = field(repr=False)
    recipient: str = field(repr=False)
    utf8: bool
    mail_id: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A file that goes with a mail."""

    attachment: Attachment
    content: bytes = field(repr=False)


class Composer:
    """Writes mails in the name of our mailboxes."""

    def __init__(
        self,
        boxes: Boxes,
        *,
        names: ThreadNames,
        paths: ReturnPaths,
        host: str,
        queue_names: dict[str, str],
    ) -> None:
        """Take who we are.

        Args:
            boxes: Our mailboxes.
            names: Tokens and Message-IDs.
            paths: Return addresses.
            host: Our name as a mail server.
            queue_names: What customers see of a queue, by its id.
        """
        self._boxes = boxes
        self._names = names
        self._paths = paths
        self._host = host
        self._queue_names = queue_names

    def compose(
        self,
        conversation: Conversation,
        message: Message,
        *,
        earlier: Sequence[Message],
        files: Sequence[Enclosed],
        now: datetime,
    ) -> Composed:
        """Return the mail of a message.

        Args:
            conversation: Its conversation; the mail goes to its address.
            message: From an agent or from us.
            earlier: Messages before it, in order.
            files: Its files with their content.
            now: Wall time, UTC.

        Raises:
            AddressUnusable: The customer's address is none.
        """
        box = self._box_of(conversation, earlier)
        sender = in_ascii(box.addresses[0])
        recipient = in_ascii(conversation.address.value)
        checked(recipient)
        mail_id = self._names.message_id(message.message_id)
        utf8 = not recipient.isascii() or not sender.isascii()
        answers = [read_client_id(one.client_id).mail_id for one in earlier]
        reply_to = self._names.reply_to(box.addresses[0], conversation.conversation_id)
        subject = _subject(conversation, message, any(answers))
        if reply_to == box.addresses[0]:
            subject = self._names.subject(subject, conversation.conversation_id)
        lines = [
            header_field(
                "From", address_value(sender, box.name or self._queue_names.get(box.queue, ""))
            ),
            header_field("To", address_value(recipient, conversation.name)),
            header_field("Subject", text_value(subject)),
            header_field("Date", format_datetime(now)),
            header_field("Message-ID", mail_id),
            header_field("Reply-To", in_ascii(reply_to)),
            *self._thread(earlier, answers),
            *_machine(message, bool(any(answers))),
            header_field(LOOP_FIELD, self._host),
        ]
        if message.client_id.startswith(OUTREACH):
            lines.append(header_field("List-Unsubscribe", f"<mailto:{sender}?subject=unsubscribe>"))
        body = _body(_text(message, box, conversation.language), message, files, self._host)
        header = "".join(lines).encode("utf-8" if utf8 else "ascii")
        return Composed(
            raw=header + body,
            return_path=in_ascii(self._paths.of(message.message_id)),
            recipient=recipient,
            utf8=utf8,
            mail_id=mail_id,
            domain=sender.rpartition("@")[2],
        )

    def _box_of(self, conversation: Conversation, earlier: Sequence[Message]) -> MailBox:
        """Return the mailbox that the customer wrote to last."""
        for one in reversed(earlier):
            box = self._boxes.get(read_client_id(one.client_id).box_id)
            if box is not None:
                return box
        return self._boxes.of_queue(conversation.queue_id)

    def _thread(self, earlier: Sequence[Message], answers: Sequence[str]) -> list[str]:
        """Return In-Reply-To and References (RFC 5322 section 3.6.4)."""
        ids = [
            theirs
            or ("" if one.author is Author.CUSTOMER else self._names.message_id(one.message_id))
            for one, theirs in zip(earlier, answers, strict=True)
        ]
        known = [mail_id for mail_id in ids if mail_id and is_mail_id(mail_id)]
        if not known:
            return []
        asked = next((one for one in reversed(answers) if is_mail_id(one)), known[-1])
        return [
            header_field("In-Reply-To", asked),
            header_field("References", ids_value(known[-REFERENCES_MAX:])),
        ]


def _subject(conversation: Conversation, message: Message, answers: bool) -> str:
    subject = one_line(message.subject or conversation.subject)
    if not answers or _REPLY.match(subject):
        return subject
    return f"Re: {subject}"


def _machine(message: Message, answers: bool) -> list[str]:
    """Return what keeps other machines from answering ours (RFC 3834 section 5)."""
    if message.author is not Author.SYSTEM:
        return []
    return [
        header_field("Auto-Submitted", "auto-replied" if answers else "auto-generated"),
        header_field("X-Auto-Response-Suppress", "All"),
    ]


def _text(message: Message, box: MailBox, language: str) -> str:
    signature = box.signature.of(language).strip()
    if not signature:
        return message.text
    return f"{message.text.rstrip()}\n\n-- \n{signature}\n"


def _body(text: str, message: Message, files: Sequence[Enclosed], host: str) -> bytes:
    """Return the parts, their header fields first."""
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(_plain(text), charset="utf-8")
    shown: set[str] = set()
    if message.html:
        ids = {enclosed.attachment.attachment_id for enclosed in files}
        shown = {match["id"] for match in _SHOWN.finditer(message.html)} & ids
        html = _SHOWN.sub(
            lambda match: f"cid:{match['id']}@{host}" if match["id"] in shown else "",
            message.html,
        )
        mail.add_alternative(_plain(html), subtype="html", charset="utf-8")
        page = mail.get_payload()[1]  # type: ignore[index]
        for enclosed in files:
            if enclosed.attachment.attachment_id in shown:
                _add(page, enclosed, "related", f"<{enclosed.attachment.attachment_id}@{host}>")  # type: ignore[arg-type]
    for enclosed in files:
        if enclosed.attachment.attachment_id not in shown:
            _add(mail, enclosed, "attachment", "")
    return mail.as_bytes()


def _add(mail: EmailMessage, enclosed: Enclosed, way: str, content_id: str) -> None:
    main, _, sub = enclosed.attachment.media_type.partition("/")
    if main in {"message", "multipart"} or not sub.replace("-", "").isascii():
        # A mail within the mail would have to be parsed; as a file it stays as it is.
        main, sub = "application", "octet-stream"
    name = one_line(enclosed.attachment.name) or "file"
    if way == "related":
        mail.add_related(
            enclosed.content, maintype=main, subtype=sub, cid=content_id, filename=name
        )
    else:
        mail.add_attachment(enclosed.content, maintype=main, subtype=sub, filename=name)


def _plain(text: str) -> str:
    """Return a text with line feeds alone, and without what no mail may hold."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return clean.encode("utf-8", errors="replace").decode()
