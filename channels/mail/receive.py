"""The listeners of SMTP and LMTP, in the node's own event loop."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Final, Self

import structlog

from channels.mail.figures import MailFigures
from channels.mail.session import Incoming, Listening, Taker, protocol_of
from channels.mail.sources import Sources
from config.mail import MailReceive, MailSmtp
from domain.errors import ConfigurationError
from domain.ports import Clock

STOP_S: Final = 10.0
"""How long mails whose content is here already may take to be committed after a stop."""

_log = structlog.get_logger(__name__)


class MailServer:
    """Async context manager: while it is entered, mail is taken."""

    def __init__(
        self,
        rules: MailReceive,
        *,
        host: str,
        taker: Taker,
        figures: MailFigures,
        clock: Clock,
        stop_s: float = STOP_S,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            rules: Where to listen, and the limits.
            host: Our name in greetings.
            taker: Who takes the mails.
            figures: Counts.
            clock: The node's.
            stop_s: How long mails may go on while leaving.

        Raises:
            ConfigurationError: Certificate or key cannot be used.
        """
        self._rules = rules
        self._stop_s = stop_s
        sources = Sources(
            all_max=rules.connections_max,
            per_source_max=rules.connections_per_source_max,
            per_source_per_min=rules.connections_per_source_per_min,
        )
        smtp = rules.smtp or MailSmtp()
        self._listening = {
            "smtp": Listening(
                taker=taker,
                rules=rules,
                host=host,
                figures=figures,
                clock=clock,
                sources=sources,
                tls=server_tls(smtp),
                require_tls=smtp.require_tls,
            ),
            "lmtp": Listening(taker=taker, rules=rules, host=host, figures=figures, clock=clock),
        }
        self._servers: list[asyncio.Server] = []
        self._open: set[Incoming] = set()
        self._socket: Path | None = None
        self.smtp_port = 0
        self.lmtp_port = 0

    async def __aenter__(self) -> Self:
        try:
            if self._rules.smtp is not None:
                smtp = self._rules.smtp
                server = await self._listen("smtp", smtp.address, smtp.port)
                self.smtp_port = server.sockets[0].getsockname()[1]
                _log.info("mail is received", way="smtp", port=self.smtp_port)
            if self._rules.lmtp is not None:
                lmtp = self._rules.lmtp
                if lmtp.socket is not None:
                    await self._listen_at(lmtp.socket)
                else:
                    server = await self._listen("lmtp", lmtp.address, lmtp.port)
                    self.lmtp_port = server.sockets[0].getsockname()[1]
                _log.info("mail is received", way="lmtp", port=self.lmtp_port)
        except OSError as error:
            await self._close()
            raise ConfigurationError(f"mail.receive: {error}") from error
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._close()

    async def _listen(self, way: str, address: str, port: int) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(
            lambda: self._accept(way), address, port, backlog=self._rules.connections_max
        )
        self._servers.append(server)
        return server

    async def _listen_at(self, path: Path) -> None:
        await asyncio.to_thread(_clear, path)
        server = await asyncio.get_running_loop().create_unix_server(
            lambda: self._accept("lmtp"), path
        )
        # The mail server runs under its own user and is let in by the group of the folder.
        await asyncio.to_thread(path.chmod, 0o660)
        self._servers.append(server)
        self._socket = path

    def _accept(self, way: str) -> Incoming:
        session = protocol_of(self._listening[way], way, self._open.discard)
        self._open.add(session)
        return session

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for session in tuple(self._open):
            if not session.taking:
                session.close()
        deadline = asyncio.get_running_loop().time() + self._stop_s
        while any(session.taking for session in self._open):
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(0.02)
        for session in tuple(self._open):
            session.close()
        self._open.clear()
        self._servers.clear()
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
            self._socket = None


def server_tls(smtp: MailSmtp) -> ssl.SSLContext | None:
    """Return what STARTTLS needs; None: it is not configured.

    Raises:
        ConfigurationError: Certificate or key cannot be used.
    """
    if smtp.certificate is None or smtp.private_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(smtp.certificate, smtp.private_key)
    except OSError as error:
        raise ConfigurationError(f"mail.receive.smtp: {smtp.certificate}: {error}") from error
    return context


def _clear(path: Path) -> None:
    """Take away the socket of a node that was killed; one that answers is left alone."""
    if path.is_socket() and not _answers(path):
        path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(0.5)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
