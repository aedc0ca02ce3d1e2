"""The section `mail` of the schema: mailboxes, and where their mail comes in."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from config.mail_send import MailDkim, MailSend
from config.secret import Secret
from config.section import Section
from config.values import Address, FilePath, Host, Identifier, Language, Port, PortOrFree, rule

BOXES_MAX: Final = 200
ADDRESSES_MAX: Final = 100
LOCAL_PART_BYTES_MAX: Final = 64
"""RFC 5321 section 4.5.3.1.1."""
ADDRESS_BYTES_MAX: Final = 254
"""RFC 5321 section 4.5.3.1.3, without the angle brackets."""


def mail_address(value: str) -> str:
    """Return an address as it is kept: the domain in lower case, in Unicode.

    Raises:
        ValueError: It is none.
    """
    local, at, domain = value.rpartition("@")
    if not at or not local or not domain:
        raise ValueError("a mail address has a name, an @ and a domain")
    if not value.isprintable() or any(character in value for character in ' <>()[]\\,;:"'):
        raise ValueError("a character that has no place in a mail address")
    if len(local.encode()) > LOCAL_PART_BYTES_MAX or len(value.encode()) > ADDRESS_BYTES_MAX:
        raise ValueError(f"longer than {LOCAL_PART_BYTES_MAX} bytes before the @, or too long")
    if "@" in local or local[0] == "." or local[-1] == "." or ".." in value:
        raise ValueError("a dot or an @ out of place")
    if domain[0] in ".-" or domain[-1] in ".-":
        raise ValueError("a dot or a hyphen out of place")
    return f"{local}@{domain.lower()}"


def _own_address(value: str) -> str:
    address = mail_address(value)
    if "+" in address:
        raise ValueError("what stands after a + is ours: it names the conversation")
    return address


OwnAddress = Annotated[
    str,
    AfterValidator(_own_address),
    Field(json_schema_extra=rule("a mail address without +, such as support@example.org")),
]


class MailTexts(Section):
    """The same text in both languages; the customer's own is taken."""

    en: Annotated[str, Field(max_length=4_000)] = ""
    """In English."""
    zh: Annotated[str, Field(max_length=4_000)] = ""
    """In Chinese."""

    def of(self, language: str) -> str:
        """Return the text in a language; the other one where this is empty."""
        first, other = (self.zh, self.en) if language.startswith("zh") else (self.en, self.zh)
        return first or other


class MailTopic(Section):
    """What a mail is about, by words in its subject or text."""

    topic: Identifier
    """Name of the topic."""
    words: Annotated[list[Annotated[str, Field(min_length=2, max_length=100)]], Field(min_length=1)]
    """One of them makes the topic; large and small letters are the same."""
    queue: Identifier | None = None
    """Where such mails wait; nothing: where the mailbox says."""
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    """Steps added to the priority of the queue."""


class MailAutoReply(Section):
    """A confirmation that a mail has come in (RFC 3834).

    It answers the first mail of a conversation alone, never a machine, a list or a bounce.
    """

    enabled: bool = False
    """Whether it is sent. Off by default: whoever forges a sender has us write to him."""
    texts: MailTexts = MailTexts()
    """What it says; empty: our own words."""
    every_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    """One address gets at most one in this time."""
    per_hour_max: Annotated[int, Field(ge=1, le=100_000)] = 500
    """All together in an hour; more are left out, so that a flood is not doubled."""


class MailBox(Section):
    """One mailbox: to which addresses customers write, and who answers them."""

    id: Identifier
    """Name of the mailbox in logs and metrics."""
    addresses: Annotated[list[OwnAddress], Field(min_length=1, max_length=ADDRESSES_MAX)]
    """Addresses that are ours. The first is the sender of answers; what stands between a + and
    the @ names the conversation."""
    queue: Identifier
    """The queue in which its mails wait."""
    name: Annotated[str, Field(max_length=100)] = ""
    """The name that customers see as the sender; empty: that of the queue."""
    language: Language = "en"
    """The language where the mail does not tell."""
    signature: MailTexts = MailTexts()
    """Stands under every answer; empty: none."""
    topics: Annotated[list[MailTopic], Field(max_length=100)] = []
    """What mails are about, by their words; the first that fits is taken."""
    auto_reply: MailAutoReply = MailAutoReply()
    """A confirmation that a mail has come in."""


class MailSmtp(Section):
    """Where other mail servers hand over mail (SMTP, RFC 5321)."""

    address: Address = "0.0.0.0"
    """Local address to listen on."""
    port: PortOrFree = 25
    """Port to listen on; 25 is that of mail servers and needs a privilege. 0 takes a free one,
    for tests."""
    certificate: FilePath | None = None
    """PEM file with the certificate and its chain, for STARTTLS; nothing: mail comes in the
    clear."""
    private_key: FilePath | None = None
    """PEM file with the unencrypted private key, for STARTTLS."""
    require_tls: bool = False
    """Whether mail is taken after STARTTLS alone. Servers of the open Internet that cannot do
    it then lose their mail (RFC 3207 section 4)."""


class MailLmtp(Section):
    """Where your own mail server hands over mail (LMTP, RFC 2033): it checks and filters before.

    Nobody else may reach it: whoever does is believed as the mail server is.
    """

    socket: FilePath | None = None
    """Path of a Unix socket; nothing: address and port."""
    address: Address = "127.0.0.1"
    """Local address to listen on."""
    port: PortOrFree = 24
    """Port to listen on; 0 takes a free one, for tests."""


class MailReceive(Section):
    """How mail comes in by SMTP and LMTP."""

    smtp: MailSmtp | None = None
    """Where other mail servers hand over mail; nothing: nowhere."""
    lmtp: MailLmtp | None = None
    """Where your own mail server hands over mail; nothing: nowhere."""
    authserv_id: Annotated[str, Field(max_length=255)] = ""
    """Name under which your own mail server before this one writes its Authentication-Results
    (RFC 8601), and takes away what others write under it; then it is believed. Nothing: SPF, DKIM
    and DMARC are checked here."""
    bytes_max: Annotated[int, Field(ge=65_536, le=157_286_400)] = 36_700_160
    """A larger mail is refused with 552, announced by SIZE: 35 MiB hold attachments of 25 MB in
    Base64."""
    recipients_max: Annotated[int, Field(ge=1, le=1_000)] = 100
    """Recipients of one mail; more are put off with 452 (RFC 5321 section 4.5.3.1.8 wants 100)."""
    connections_max: Annotated[int, Field(ge=1, le=5_000)] = 200
    """Connections at once; one more is answered with 421."""
    connections_per_source_max: Annotated[int, Field(ge=1, le=5_000)] = 20
    """Connections at once from one address (of IPv6: one /64)."""
    connections_per_source_per_min: Annotated[int, Field(ge=1, le=100_000)] = 120
    """New connections from one address in a minute."""
    mails_per_connection_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Mails by one connection; then the client is asked to connect anew."""
    wrong_recipients_max: Annotated[int, Field(ge=1, le=1_000)] = 10
    """Unknown recipients by one connection; then it is closed: somebody tries names."""
    parallel_max: Annotated[int, Field(ge=1, le=256)] = 16
    """Mails that are read and stored at once; others wait, in memory, for their turn."""
    idle_s_max: Annotated[float, Field(ge=1, le=900)] = 300.0
    """A client that says nothing for so long is closed (RFC 5321 section 4.5.3.2.7)."""
    data_s_max: Annotated[float, Field(ge=1, le=3_600)] = 600.0
    """How long the content of one mail may take on its way."""


class MailImap(Section):
    """A mailbox elsewhere whose mail is fetched (IMAP, RFC 9051)."""

    id: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
            json_schema_extra=rule("1 to 40 of the characters a-z, 0-9, - and _"),
        ),
    ]
    """Name in logs, metrics, and of the place up to which it was read."""
    box: Identifier
    """The mailbox to which its mail belongs."""
    host: Host
    """The server."""
    port: Port = 993
    """Its port: 993 with TLS from the start, 143 with STARTTLS."""
    tls: Literal["tls", "starttls", "none"] = "tls"
    """`tls` and `starttls` want a valid certificate; with `none` the password can be read on the
    way, which is refused but to an address of this machine or a private network."""
    username: Annotated[str, Field(min_length=1, max_length=255)]
    """Name to log in with."""
    login: Literal["password", "xoauth2"] = "password"
    """`xoauth2`: an access token of OAuth 2.0 stands where the password would. It is read at each
    login; whoever renews it writes the new one into the same file."""
    password: Secret
    """Where the password or the token stands."""
    folder: Annotated[str, Field(min_length=1, max_length=255)] = "INBOX"
    """The folder that is read."""
    poll_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    """Seconds between two looks; a server with IDLE tells us at once besides."""
    after: Literal["seen", "move", "delete"] = "seen"
    """What is done with a mail when it is stored: marked as seen, moved to `move_to`, deleted."""
    move_to: Annotated[str, Field(min_length=1, max_length=255)] = "Archive"
    """The folder for `move`; it must be there."""


class Mail(Section):
    """Mail: customers write to mailboxes, agents answer."""

    enabled: bool = False
    """Whether mail is received and sent."""
    host: Host | None = None
    """Our name as a mail server, in greetings and Message-IDs; nothing: the domain of the first
    mailbox."""
    boxes: Annotated[list[MailBox], Field(max_length=BOXES_MAX)] = []
    """The mailboxes."""
    receive: MailReceive = MailReceive()
    """How mail comes in by SMTP and LMTP."""
    imap: Annotated[list[MailImap], Field(max_length=50)] = []
    """Mailboxes elsewhere whose mail is fetched."""
    send: MailSend | None = None
    """The mail server that takes our mail; nothing: agents cannot answer mail."""
    dkim: Annotated[list[MailDkim], Field(max_length=50)] = []
    """Keys that sign what we send, for a domain each."""
    bounces: OwnAddress | None = None
    """Where reports about mails that could not be delivered go; it gets a token after a + that
    names the mail. It must reach this node as the mailboxes do. Nothing: the first address of the
    mailbox."""
    quarantine_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """So long a mail that was not read because it is dangerous is kept for an operator."""


def first_host(mail: Mail) -> str:
    """Return our name as a mail server."""
    if mail.host is not None:
        return mail.host
    return mail.boxes[0].addresses[0].rpartition("@")[2] if mail.boxes else "localhost"
