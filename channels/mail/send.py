"""The mail server that takes our mail: a few connections, each used for many mails."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import aiosmtplib
import structlog
from aiosmtplib.email import parse_address

from channels.mail.compose import Composed
from config.mail_send import MailSend
from domain.errors import ConfigurationError
from domain.ports import Clock

MAILS_PER_CONNECTION: Final = 100
"""Then it is made anew: servers count, too."""
IDLE_S_MAX: Final = 30.0
"""A connection that was not used for so long is closed: the server would soon do it."""

_log = structlog.get_logger(__name__)


class Fate(StrEnum):
    """What became of a try."""

    SENT = "sent"
    LATER = "later"
    """This mail shall be tried again."""
    DOWN = "down"
    """The server takes none now: neither this mail nor another."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try.

    Attributes:
        cause: Status code of the server, or what went wrong, without an address; "" when sent.
    """

    fate: Fate
    cause: str = ""


@dataclass(slots=True)
class _Line:
    client: aiosmtplib.SMTP
    used_s: float
    mails: int = 0


class SmartHost:
    """Async context manager: hands mails over while it is entered."""

    def __init__(
        self,
        rules: MailSend,
        *,
        host: str,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            rules: Where to, and how many at once.
            host: Our name in EHLO.
            clock: The node's.
            tls: Whose certificates are believed; None: those that the system trusts.

        Raises:
            ConfigurationError: The password is not there.
        """
        self._rules = rules
        self._host = host
        self._clock = clock
        self._tls = tls
        self._password: str | None = None
        if rules.password is not None:
            try:
                self._password = rules.password.read()
            except ConfigurationError as error:
                raise ConfigurationError(f"mail.send: password: {error}") from None
        self._idle: list[_Line] = []
        self._lines = asyncio.Semaphore(rules.connections)

    async def __aenter__(self) -> "SmartHost":
        if self._tls is None and self._rules.tls != "none":
            self._tls = ssl.create_default_context()
        return self

    async def __aexit__(self, *exc: object) -> None:
        lines, self._idle = self._idle, []
        for line in lines:
            await _quit(line.client)

    async def send(self, mail: Composed) -> Outcome:
        """Hand one mail over; never raises but `CancelledError`."""
        try:
            async with self._line() as client:
                return await self._hand_over(client, mail)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Before a mail was spoken of: no connection, no TLS, a wrong password.
            code = getattr(error, "code", None)
            return Outcome(Fate.DOWN, f"{code or ''} {type(error).__name__}".strip())

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[aiosmtplib.SMTP]:
        async with self._lines:
            line = await self._take()
            try:
                yield line.client
            except BaseException:
                line.client.close()
                raise
            line.mails += 1
            line.used_s = self._clock.monotonic_s()
            if line.client.is_connected and line.mails < MAILS_PER_CONNECTION:
                self._idle.append(line)
            else:
                await _quit(line.client)

    async def _take(self) -> _Line:
        now_s = self._clock.monotonic_s()
        while self._idle:
            line = self._idle.pop()
            if line.client.is_connected and now_s - line.used_s < IDLE_S_MAX:
                return line
            line.client.close()
        client = aiosmtplib.SMTP(
            hostname=self._rules.host,
            port=self._rules.port,
            username=self._rules.username,
            password=self._password,
            local_hostname=self._host,
            timeout=self._rules.timeout_s,
            use_tls=self._rules.tls == "tls",
            start_tls=self._rules.tls == "starttls",
            tls_context=self._tls if self._rules.tls != "none" else None,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return _Line(client, now_s)

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: Composed) -> Outcome:
        try:
            fits = (
                parse_address(mail.recipient) == mail.recipient
                and parse_address(mail.return_path) == mail.return_path
            )
        except ValueError:
            fits = False
        if not fits:
            return Outcome(Fate.NEVER, "5.1.3")
        options = ["smtputf8", "body=8bitmime"] if mail.utf8 else []
        try:
            await client.sendmail(
                mail.return_path, [mail.recipient], mail.raw, mail_options=options
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            return _refused(refused.code, refused.message)
        except aiosmtplib.SMTPNotSupported:
            return Outcome(Fate.NEVER, "5.6.7")
        except aiosmtplib.SMTPResponseException as error:
            if error.code == 421:
                client.close()
            return _refused(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            # It broke off in the middle: a mail that makes the server do so must not stop others.
            return Outcome(Fate.LATER, type(error).__name__)
        return Outcome(Fate.SENT)


def _refused(code: int, message: str) -> Outcome:
    """Return what a server's refusal means (RFC 5321 section 4.2.1)."""
    word = message.split(" ", 1)[0]
    enhanced = word if word.replace(".", "").isdigit() and word.count(".") == 2 else ""
    cause = f"{code} {enhanced}".strip()
    return Outcome(Fate.LATER if 400 <= code < 500 else Fate.NEVER, cause)


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        if client.is_connected:
            async with asyncio.timeout(2):
                await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        pass
    finally:
        client.close()
