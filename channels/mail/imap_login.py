"""Into a mailbox elsewhere: STARTTLS where it begins in the open, then a password or a token."""

import asyncio
import base64
import ssl
from collections.abc import Awaitable
from typing import Any, Final

from aioimaplib import IMAP4
from aioimaplib.aioimaplib import AUTH, Command, IMAP4ClientProtocol

from channels.mail.imap_folder import quoted
from config.mail import MailImap
from domain.errors import ConfigurationError

COMMAND_S_MAX: Final = 30.0


class ImapBroken(Exception):
    """The server does not do what was asked; the connection is given up."""


async def done(command: Awaitable[Any]) -> list[bytes]:
    """Return the lines of an answer.

    Raises:
        ImapBroken: It is not OK.
    """
    async with asyncio.timeout(COMMAND_S_MAX):
        response = await command
    if response.result != "OK":
        raise ImapBroken("command refused")
    return [bytes(line) for line in response.lines]


async def enter(client: IMAP4, account: MailImap, tls: ssl.SSLContext | None) -> None:
    """Log in once the server has said hello.

    The secret is read at each login: a token lasts for an hour or so, and whoever renews it writes
    the new one where the old one stood.

    Raises:
        ImapBroken: The server does not let us in, or knows no STARTTLS.
        ConfigurationError: The secret is gone.
    """
    if account.tls == "starttls":
        await _starttls(client, account.host, tls or ssl.create_default_context())
    try:
        secret = account.password.read()
    except ConfigurationError as error:
        raise ConfigurationError(f"mail.imap {account.id}: password: {error}") from None
    if account.login == "xoauth2":
        await _xoauth2(client.protocol, account.username, secret)
    else:
        await done(client.login(quoted(account.username), secret))


async def _starttls(client: IMAP4, host: str, context: ssl.SSLContext) -> None:
    """Begin TLS (RFC 9051 section 6.2.1), before anything that nobody else may read is said."""
    protocol = client.protocol
    if not client.has_capability("STARTTLS"):
        raise ImapBroken("no STARTTLS")
    await done(protocol.execute(Command("STARTTLS", protocol.new_tag(), loop=protocol.loop)))
    if protocol.incomplete_line:
        raise ImapBroken("more than an answer before TLS")
    async with asyncio.timeout(COMMAND_S_MAX):
        protocol.transport = await asyncio.get_running_loop().start_tls(
            protocol.transport, protocol, context, server_hostname=host
        )
        # What it said before may have been said by somebody on the way.
        protocol.capabilities = set()
        await protocol.capability()


class _Authenticate(Command):  # type: ignore[misc]  # The library has no types.
    """AUTHENTICATE, whose refusal comes as a challenge that wants an empty answer."""

    def __init__(self, protocol: IMAP4ClientProtocol, mechanism: str, initial: str) -> None:
        super().__init__("AUTHENTICATE", protocol.new_tag(), mechanism, initial, loop=protocol.loop)
        self._transport = protocol.transport

    def append_to_resp(self, line: bytes, result: str = "Pending") -> None:
        if line.startswith(b"+"):
            self._transport.write(b"\r\n")
        else:
            super().append_to_resp(line, result)


async def _xoauth2(protocol: IMAP4ClientProtocol, username: str, token: str) -> None:
    """Log in with an OAuth 2.0 access token, as Google and Microsoft have it, without a challenge.

    Source:
        SASL XOAUTH2; the initial response of RFC 4959.
    """
    if "AUTH=XOAUTH2" not in {one.upper() for one in protocol.capabilities}:
        raise ImapBroken("no XOAUTH2")
    said = f"user={username}\1auth=Bearer {token}\1\1".encode()
    command = _Authenticate(protocol, "XOAUTH2", base64.b64encode(said).decode())
    await done(protocol.execute(command))
    protocol.state = AUTH
    async with asyncio.timeout(COMMAND_S_MAX):
        await protocol.capability()
