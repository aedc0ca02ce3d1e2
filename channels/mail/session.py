"""One connection of SMTP or LMTP: aiosmtpd's, with its doors closed and its gaps filled.

What is ours: who may connect, that nobody has mail relayed, that the content is bounded while it
comes in, that a bare line end is refused, and that the answer waits for the commit.

A bare LF (or CR) in the content is what SMTP smuggling is made of: one server takes LF.LF for the
end of the mail and the next one does not, so that a mail ends up within a mail (RFC 5321 section
2.3.8 forbids either). aiosmtpd ends at CR LF . CR LF alone, and hands the rest on as it is.
"""

import asyncio
import collections
import logging
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, AnyStr, Final, Protocol

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as WireEnvelope
from aiosmtpd.smtp import Session as WireSession

from channels.mail.answer import NO_RECIPIENT, Answer, of_all
from channels.mail.content import END, LINE_BYTES_MAX, Content, may_end
from channels.mail.figures import MailFigures
from channels.mail.parsed import Envelope
from channels.mail.sources import Sources, source_of
from config.mail import MailReceive
from domain.ports import Clock

COMMANDS_MAX: Final = 100
"""Of each kind by one connection, where there is no other limit: a client needs three."""
IDENT: Final = "ESMTP"
"""Behind our name in the greeting: nobody needs to know what answers."""
_PLAIN_PATH: Final = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+)>([^(]*)")
"""A path of RFC 5321 section 4.1.2 without quotes, routes or comments, and what follows it."""
_DOTS: Final = re.compile(r"<\.|\.@|\.\.|@\.|\.>")

# It writes addresses and whole lines into its log; we write our own.
logging.getLogger("mail.log").disabled = True
logging.getLogger("mail.debug").disabled = True


class Taker(Protocol):
    """Takes mails; `channels.mail.intake.Intake` is one."""

    def knows(self, address: str) -> bool:
        """Tell whether mail to an address is taken."""
        ...

    async def take(self, raw: bytes, envelope: Envelope, way: str) -> Sequence[Answer]:
        """Take one mail; an answer for each recipient."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What all connections of one listener have in common.

    Attributes:
        host: Our name in the greeting.
        sources: None for LMTP, where our own mail server hands over.
        tls: For STARTTLS; None: it is not offered.
    """

    taker: Taker
    rules: MailReceive
    host: str
    figures: MailFigures
    clock: Clock
    sources: Sources | None = None
    tls: ssl.SSLContext | None = None
    require_tls: bool = False


class _Hooks:
    """What aiosmtpd asks at each command."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._wrong = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: WireSession,
        envelope: WireEnvelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname[:255]
        # Nobody logs in here, and aiosmtpd offers it without asking.
        offered = [line for line in responses if not line[4:].startswith(("AUTH", "HELP"))]
        offered.append("250 ENHANCEDSTATUSCODES")
        return offered

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: WireSession,
        envelope: WireEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if not _is_text(address):
            return "553 5.6.7 Address is no UTF-8"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: "Incoming",
        session: WireSession,
        envelope: WireEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= self._listening.rules.recipients_max:
            return "452 4.5.3 Too many recipients"
        if not _is_text(address) or not self._listening.taker.knows(address):
            self._listening.figures.refused_recipients += 1
            self._wrong += 1
            if self._wrong >= self._listening.rules.wrong_recipients_max:
                server.end_after_answer()
                return "421 4.7.0 Too many unknown recipients"
            return NO_RECIPIENT.line
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        # Whatever it was, it is not the client's business, and he may try again.
        logging.getLogger(__name__).error("mail session failed: %s", type(error).__name__)
        return "451 4.3.0 Local error, try again"


def _is_text(address: str) -> bool:
    try:
        address.encode()
    except UnicodeEncodeError:
        return False
    return True


class Incoming(SMTP):
    """One connection of SMTP."""

    line_length_limit = LINE_BYTES_MAX
    local_part_limit = 64
    way = "smtp"

    def __init__(self, listening: Listening, gone: Callable[["Incoming"], None]) -> None:
        """Prepare for one client.

        Args:
            listening: Limits and where mail goes.
            gone: Called once when the connection is no more.
        """
        rules = listening.rules
        # aiosmtpd keeps these in a dict that all connections share, and adds to it at each EHLO.
        self.command_size_limits = collections.defaultdict(lambda: 512)
        mails = rules.mails_per_connection_max
        super().__init__(
            _Hooks(listening),
            data_size_limit=rules.bytes_max,
            enable_SMTPUTF8=True,
            hostname=listening.host,
            ident=IDENT,
            tls_context=listening.tls,
            require_starttls=listening.require_tls,
            timeout=rules.idle_s_max,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit={
                "*": COMMANDS_MAX,
                "MAIL": mails,
                "DATA": mails,
                "RSET": mails + COMMANDS_MAX,
                "RCPT": mails * (rules.recipients_max + 1),
            },
            loop=asyncio.get_running_loop(),
        )
        self._listening = listening
        self._gone = gone
        self._source: str | None = None
        self._turned_away = False
        self._was_here = False
        self._ends = False
        self.taking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected, or has finished his TLS handshake."""
        if not self._was_here:
            self._was_here = True
            if not self._let_in(transport):
                return
        super().connection_made(transport)

    def _let_in(self, transport: asyncio.BaseTransport) -> bool:
        sources = self._listening.sources
        if sources is None:
            self._listening.figures.connections += 1
            return True
        peer = transport.get_extra_info("peername")
        source = source_of(str(peer[0]) if isinstance(peer, tuple) else "")
        limit = sources.enter(source, self._listening.clock.monotonic_s())
        if limit is None:
            self._source = source
            self._listening.figures.connections += 1
            return True
        self._turned_away = True
        self._listening.figures.turned_away[limit] += 1
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
        transport.close()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        if self._turned_away:
            return
        if self._source is not None:
            assert self._listening.sources is not None
            self._listening.sources.leave(self._source)
            self._source = None
        if self._was_here:
            self._was_here = False
            self._listening.figures.connections -= 1
            self._gone(self)
            # A second call, after a handshake that failed, finds nothing to do.
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        if not self._turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The client will send no more."""
        if self._turned_away:
            return False
        return super().eof_received()

    def _timeout_cb(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(b"421 4.4.2 Too long without a word\r\n")
        super()._timeout_cb()  # type: ignore[no-untyped-call]

    async def push(self, status: AnyStr) -> None:
        """Answer; the last answer of a connection closes it."""
        await super().push(status)
        if self._ends and self.transport is not None:
            self.transport.close()

    def end_after_answer(self) -> None:
        """Close the connection as soon as the next answer is sent."""
        self._ends = True

    def close(self) -> None:
        """Close it now; the client is told to come again."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(b"421 4.3.2 Going down, try again later\r\n")
            self.transport.close()

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802
        """Whether an address exists is told to nobody."""
        await self.push("502 5.5.1 Not offered")

    async def smtp_EXPN(self, arg: str | None) -> None:  # noqa: N802
        """Lists are told to nobody."""
        await self.push("502 5.5.1 Not offered")

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802
        """Nobody logs in."""
        await self.push("502 5.5.1 Not offered")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802
        """The standard is all the help there is."""
        await self.push("214 2.0.0 RFC 5321")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take the content in, bounded, and answer when it is committed.

        In aiosmtpd's own the pieces of a line that never ends gather without a limit.
        """
        envelope = self.envelope
        if await self.check_helo_needed():
            return
        assert envelope is not None
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self._reset_timeout(self._listening.rules.data_s_max)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content, fault = await self._content()
        if fault is not None:
            self._begin_anew()
            await self._answer([fault] * self._answers(envelope))
            return
        # However long the commit takes, the client is not closed for being silent.
        self._reset_timeout(self._listening.rules.data_s_max)
        self.taking = True
        try:
            answers = await self._listening.taker.take(content, self._letter_of(envelope), self.way)
        finally:
            self.taking = False
        self._reset_timeout()
        self._begin_anew()
        await self._answer(answers)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Return the address of a command and what follows it; (None, None): there is none.

        Nearly all are plain (RFC 5321 section 4.1.2, Dot-string), and aiosmtpd's own reads any
        address of a mail's header, which takes as long as to read the mail.
        """
        found = _PLAIN_PATH.fullmatch(arg)
        if found is None or _DOTS.search(arg, 0, found.start(2)):
            return super()._getaddr(arg)
        if found[1].index("@") > self.local_part_limit:
            return None, None
        return found[1], found[2].lstrip()

    def _begin_anew(self) -> None:
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    def _letter_of(self, envelope: WireEnvelope) -> Envelope:
        session = self.session
        assert session is not None
        peer = session.peer
        sender = envelope.mail_from or ""
        return Envelope(
            sender="" if sender == "<>" else sender,
            recipients=tuple(envelope.rcpt_tos),
            # LMTP's client is our own mail server, whose address says nothing of the sender.
            client_ip=str(peer[0]) if self.way == "smtp" and isinstance(peer, tuple) else "",
            helo=session.host_name or "",
        )

    def _answers(self, envelope: WireEnvelope) -> int:
        return 1

    async def _answer(self, answers: Sequence[Answer]) -> None:
        await self.push(of_all(list(answers)).line)

    async def _content(self) -> tuple[bytes, Answer | None]:
        """Return the content without its transparency dots, or what is wrong with it."""
        content = Content(self._listening.rules.bytes_max)
        tail = await self._reader.readexactly(len(b".\r\n"))
        content.take(tail)
        ended = tail == b".\r\n"
        while not ended:
            # Nothing is read beyond the end: what follows is the next command.
            until = b"\n" if may_end(tail) else END
            try:
                block = await self._reader.readuntil(until)
            except asyncio.LimitOverrunError as overrun:
                block = await self._reader.readexactly(overrun.consumed)
            content.take(block)
            if content.is_far_over:
                self.end_after_answer()
                break
            tail = (tail + block)[-len(END) :]
            ended = tail == END
        whole = content.whole()
        return whole, content.fault


class LocalIncoming(Incoming, LMTP):
    """One connection of LMTP: an answer for each recipient (RFC 2033 section 4.2)."""

    way = "lmtp"

    def _answers(self, envelope: WireEnvelope) -> int:
        return len(envelope.rcpt_tos)

    async def _answer(self, answers: Sequence[Answer]) -> None:
        for one in answers:
            await self.push(one.line)


def protocol_of(listening: Listening, way: str, gone: Callable[[Any], None]) -> Incoming:
    """Return the connection for one client."""
    return (LocalIncoming if way == "lmtp" else Incoming)(listening, gone)
