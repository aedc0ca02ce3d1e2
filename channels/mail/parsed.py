"""A mail as it has been read: plain values, no byte of MIME left; and why one was not read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class FileKind(StrEnum):
    """What a file of a mail is for."""

    FILE = "file"
    INLINE = "inline"
    """The HTML shows it by its Content-ID."""
    CALENDAR = "calendar"
    MAIL = "mail"
    """A mail within the mail, forwarded or returned; kept whole and not read."""
    TNEF = "tnef"
    """Outlook's winmail.dat; kept whole."""
    ENCRYPTED = "encrypted"
    """S/MIME or PGP; kept whole."""
    SIGNATURE = "signature"
    """Of S/MIME or PGP, beside what it signs."""


class Automatic(StrEnum):
    """How a machine has come to write a mail (RFC 3834); `NO`: as far as one can see, a person."""

    NO = "no"
    REPLY = "reply"
    """An auto-reply: on vacation, received with thanks."""
    BOUNCE = "bounce"
    """It could not, or could, be delivered (RFC 3464)."""
    LIST = "list"
    """A mailing list or bulk mail."""
    NOTICE = "notice"
    """Made by a program without being asked: a monitor, a shop."""
    LOOP = "loop"
    """It comes from us."""

    @property
    def is_answered(self) -> bool:
        """Whether anything may be sent in answer by itself."""
        return self is Automatic.NO


class Failure(StrEnum):
    """What became of a mail for one recipient (RFC 3464 section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """An address with its name, as a header field shows it.

    Attributes:
        address: LOCAL@DOMAIN, the domain in lower case.
        name: "" without.
    """

    address: str = field(repr=False)
    name: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        """What stands behind the last @."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """One file of a mail.

    Attributes:
        name: As the sender calls it, without folders and control characters; never "".
        claimed_type: The sender's word for what it is, such as "image/png".
        content_id: Without angle brackets; "" without.
    """

    name: str = field(repr=False)
    claimed_type: str
    content: bytes = field(repr=False)
    content_id: str = ""
    kind: FileKind = FileKind.FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """What a bounce says of one recipient.

    Attributes:
        address: "" when the bounce does not say.
        status: Enhanced status code such as "5.1.1" (RFC 3463); "" when it does not say.
        diagnostic: What the other server said, at most 500 characters.
    """

    address: str = field(default="", repr=False)
    action: Failure = Failure.FAILED
    status: str = ""
    diagnostic: str = field(default="", repr=False)

    @property
    def is_permanent(self) -> bool:
        """Whether another try is of no use."""
        return self.action is Failure.FAILED and not self.status.startswith("4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report of delivery.

    Attributes:
        message_id: Of the mail that is reported on, with angle brackets; "" when nothing tells.
    """

    message_id: str
    recipients: tuple[RecipientStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    """A mail, read.

    Attributes:
        message_id: With angle brackets; "" when it has none that can be used.
        in_reply_to, references: Message-IDs with angle brackets, oldest first, bounded.
        senders: Of the field From: one as a rule, none or several in a broken mail.
        from_fields: How many From fields there are: anything but one is broken (RFC 5322
            section 3.6), and then nothing vouches for the sender.
        date: As the sender says, aware; None when he does not.
        text: Without what it quotes and the signature; lines end with a line feed.
        html: Cleaned, with remote images shut off; "" without. It still quotes.
        quoted: What `text` leaves out: quotation and signature.
        signature: The signature alone; it is part of `quoted`.
        language: "en", "zh", or "" when it cannot be told.
        protected: "signed" or "encrypted" (S/MIME, PGP); "" for neither.
        headers: Fields that are kept with the mail, by lower-case name: list-id,
            auto-submitted, precedence, authentication-results, ...; each at most 1,000 characters.
        defects: Names of what is wrong with the mail, sorted; none of its content.
    """

    message_id: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    senders: tuple[MailAddress, ...] = field(default=(), repr=False)
    from_fields: int = 1
    reply_to: tuple[MailAddress, ...] = field(default=(), repr=False)
    to: tuple[MailAddress, ...] = field(default=(), repr=False)
    cc: tuple[MailAddress, ...] = field(default=(), repr=False)
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None
    html: str = field(default="", repr=False)
    quoted: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    language: str = ""
    files: tuple[MailFile, ...] = field(default=(), repr=False)
    bounce: Bounce | None = None
    automatic: Automatic = Automatic.NO
    protected: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    defects: tuple[str, ...] = ()

    @property
    def sender(self) -> MailAddress | None:
        """The one who has written it; None when the mail names nobody, or several."""
        if self.from_fields == 1 and len(self.senders) == 1:
            return self.senders[0]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How a mail has come in: what SMTP says of it, not the mail itself.

    Attributes:
        sender: Of MAIL FROM; "" for a bounce; None when it came by IMAP and nobody knows.
        recipients: Of RCPT TO; of a mail from IMAP, the mailbox's address.
        client_ip: Whose connection it was; "" when unknown, and SPF is not asked.
        helo: As the client called itself.
    """

    sender: str | None = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    client_ip: str = field(default="", repr=False)
    helo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mail that is not taken.

    Attributes:
        code: Of SMTP: 552 too large, 554 otherwise.
        enhanced: RFC 3463, such as "5.3.4".
        reason: For the sender and for the log: names the limit, no content.
    """

    code: int
    enhanced: str
    reason: str

    @property
    def answer(self) -> str:
        """The line that SMTP answers."""
        return f"{self.code} {self.enhanced} {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A mail that is taken, laid aside unread and shown to an operator.

    Attributes:
        reason: For the operator and for the log: names the limit, no content.
        rule: One word of it, for a metric's label: "depth", "parts", "crash", ...
    """

    rule: str
    reason: str
