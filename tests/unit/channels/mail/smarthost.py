"""A mail server that takes our mail, or does not, as a test wants it."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP


@dataclass
class Double:
    """What the server has heard, and how it answers.

    Attributes:
        answers: To the end of a mail, one after the other; then 250.
        recipient: Answers RCPT; None: 250.
        drop: Mails in whose middle the connection breaks.
    """

    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    recipient: Callable[[str], str | None] = lambda address: None
    drop: int = 0
    connections: int = 0
    at_once: int = 0
    at_once_max: int = 0
    options: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        refusal = self.recipient(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.drop:
            self.drop -= 1
            server.transport.abort()
            return "250 never heard"
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        if self.hold is not None:
            await self.hold.wait()
        self.at_once -= 1
        answer = self.answers.pop(0) if self.answers else "250 2.0.0 Taken"
        if answer.startswith("250"):
            self.options = list(envelope.mail_options)
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return answer


async def serve(double: Double, *, tls: ssl.SSLContext | None = None, utf8: bool = True):
    """Return a server and its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(double, hostname="double", enable_SMTPUTF8=utf8, tls_context=tls, loop=loop),
        "127.0.0.1",
        0,
    )
    return server, server.sockets[0].getsockname()[1]
