"""A mailbox elsewhere: its mail is fetched, stored, and only then marked there.

A connection that breaks is made anew, later each time; a mail that cannot be stored is fetched
again, and does not stop the others.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog
from aioimaplib import IMAP4, IMAP4_SSL, AioImapException

from channels.mail.answer import Answer, of_all
from channels.mail.faults import fault
from channels.mail.figures import MailFigures
from channels.mail.imap_folder import FolderPlace, folder_name
from channels.mail.imap_login import COMMAND_S_MAX, ImapBroken, done, enter
from channels.mail.parsed import Envelope
from channels.mail.ports import ImapPlaces
from config.mail import MailImap
from domain.errors import ConfigurationError, StoreError

FETCH_S_MAX: Final = 300.0
"""For one mail; 35 MiB over a slow line."""
AGAIN_FIRST_S: Final = 5.0
AGAIN_MAX_S: Final = 600.0
"""A server that is gone is tried after 5, 10, 20 s, ... up to ten minutes."""
IDLE_S_MAX: Final = 1_500.0
"""Servers end a connection that idles for 30 minutes (RFC 2177)."""
CANCEL_AGAIN_S: Final = 0.1
LEAVE_S_MAX: Final = 2.0
"""For the goodbye, which a server need not hear."""
FETCH_MAX: Final = 1_000
"""Mails of one look; the rest comes in the next one, at once."""
_VALIDITY: Final = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)", re.IGNORECASE)

BROKEN: Final = (
    *(AioImapException, ImapBroken, OSError, StoreError, TimeoutError),
    # A token that is renewed is gone for a moment.
    ConfigurationError,
)
"""What is tried again."""

# It writes what it receives into its log.
logging.getLogger("aioimaplib.aioimaplib").disabled = True

_log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Takes(Protocol):
    """Takes mails; `channels.mail.intake.Intake` is one."""

    async def take(self, raw: bytes, envelope: Envelope, way: str) -> Sequence[Answer]:
        """Take one mail; an answer for each recipient."""
        ...


class ImapAccount:
    """One folder of one account; `run` is its one task."""

    def __init__(
        self,
        account: MailImap,
        *,
        address: str,
        taker: Takes,
        places: ImapPlaces,
        figures: MailFigures,
        bytes_max: int,
        tls: ssl.SSLContext | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            account: From the configuration.
            address: Of the mailbox that its mail belongs to.
            taker: Who takes the mails.
            places: Where the place is kept.
            figures: Counts.
            bytes_max: A larger mail is left where it is.
            tls: Whose certificates are believed; None: those that the system trusts.
            sleep: Waits for seconds.

        Raises:
            ConfigurationError: The password is not there.
        """
        self._account = account
        self._address = address
        self._taker = taker
        self._places = places
        self._figures = figures
        self._bytes_max = bytes_max
        self._tls = tls
        self._sleep = sleep
        self._place: FolderPlace | None = None
        try:
            account.password.read()
        except ConfigurationError as error:
            raise ConfigurationError(f"mail.imap {account.id}: password: {error}") from None

    async def run(self) -> None:
        """Fetch, for ever; cancel it to stop."""
        failures = 0
        while True:
            try:
                await self._connected()
            except BROKEN as error:
                pause_s = min(AGAIN_MAX_S, AGAIN_FIRST_S * 2.0 ** min(failures, 10))
                failures = failures + 1 if not self._worked else 0
                self._figures.imap_failures[self._account.id] += 1
                _log.warning(
                    "mailbox elsewhere lost",
                    account=self._account.id,
                    why=type(error).__name__,
                    pause_s=pause_s,
                )
                await self._sleep(pause_s)
            except Exception as error:
                _log.error("fetching mail broke", account=self._account.id, **fault(error))
                self._figures.imap_failures[self._account.id] += 1
                await self._sleep(AGAIN_MAX_S)

    _worked = False

    async def _connected(self) -> None:
        """Serve one connection until it breaks."""
        self._worked = False
        if self._place is None:
            kept = await self._places.load()
            validity = kept.get(self._name("validity"))
            self._place = FolderPlace(validity, kept.get(self._name("uid"), 0))
        # The library lets a command wait in vain when the connection is gone.
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        client = self._client(lambda _: None if lost.done() else lost.set_result(None))
        serving = asyncio.ensure_future(self._serve(client))
        try:
            await asyncio.wait({serving, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                raise ImapBroken("connection lost")
            await serving
        finally:
            await _ended(serving)
            await _leave(client, lost)

    async def _serve(self, client: IMAP4) -> None:
        await client.wait_hello_from_server()
        await enter(client, self._account, self._tls)
        while True:
            more = await self.look(client)
            self._worked = True
            if not more:
                await self._wait(client)

    def _client(self, lost: Callable[[Exception | None], None]) -> IMAP4:
        if self._account.tls != "tls":
            return IMAP4(
                self._account.host,
                self._account.port,
                timeout=COMMAND_S_MAX,
                conn_lost_cb=lost,
            )
        return IMAP4_SSL(
            self._account.host,
            self._account.port,
            timeout=COMMAND_S_MAX,
            conn_lost_cb=lost,
            ssl_context=self._tls or ssl.create_default_context(),
        )

    async def look(self, client: IMAP4) -> bool:
        """Fetch what is new; return whether there is more at once.

        Raises:
            ImapBroken: The server refuses.
        """
        place = self._place
        assert place is not None
        lines = await done(client.select(folder_name(self._account.folder)))
        found = next(filter(None, map(_VALIDITY.search, lines)), None)
        if found is None:
            raise ImapBroken("no UIDVALIDITY")
        if place.select(int(found[1])):
            await self._begin(client, place)
        uids = place.found(await _search(client, "UID", f"{place.uid + 1}:*"))
        for uid in uids[:FETCH_MAX]:
            await self._fetch(client, place, uid)
        self._keep(place)
        return len(uids) > FETCH_MAX

    async def _begin(self, client: IMAP4, place: FolderPlace) -> None:
        """A folder that is not known: what somebody has read there is no concern of ours."""
        if self._account.after == "seen":
            seen = await _search(client, "SEEN")
            unseen = await _search(client, "UNSEEN")
            place.found(unseen)
            place.pass_over(seen)
        _log.info("mailbox elsewhere is new", account=self._account.id)
        self._keep(place)

    async def _fetch(self, client: IMAP4, place: FolderPlace, uid: int) -> None:
        lines = await done(client.uid("fetch", str(uid), "(RFC822.SIZE)"))
        size = next(filter(None, map(_SIZE.search, lines)), None)
        if size is None:
            place.done(uid)  # Gone meanwhile: somebody has deleted it.
            return
        if int(size[1]) > self._bytes_max:
            _log.warning("mail elsewhere too large", account=self._account.id, bytes=int(size[1]))
            self._figures.outcomes["refused"] += 1
            place.done(uid)
            return
        async with asyncio.timeout(FETCH_S_MAX):
            response = await client.uid("fetch", str(uid), "(BODY.PEEK[])")
        if response.result != "OK":
            raise ImapBroken("FETCH")
        raw = next((bytes(line) for line in response.lines if isinstance(line, bytearray)), None)
        if raw is None:
            place.done(uid)
            return
        envelope = Envelope(sender=None, recipients=(self._address,))
        answer = of_all(list(await self._taker.take(raw, envelope, "imap")))
        if answer.later:
            return
        self._figures.imap_fetched[self._account.id] += 1
        await self._after(client, uid)
        place.done(uid)
        self._keep(place)

    async def _after(self, client: IMAP4, uid: int) -> None:
        """Mark a mail that is stored."""
        one = str(uid)
        if self._account.after == "seen":
            await done(client.uid("store", one, "+FLAGS.SILENT", r"(\Seen)"))
            return
        if self._account.after == "move":
            target = folder_name(self._account.move_to)
            if client.has_capability("MOVE"):
                await done(client.uid("move", one, target))
                return
            await done(client.uid("copy", one, target))
        await done(client.uid("store", one, "+FLAGS.SILENT", r"(\Deleted \Seen)"))
        if client.has_capability("UIDPLUS"):
            await done(client.uid("expunge", one))
        else:
            await done(client.expunge())

    async def _wait(self, client: IMAP4) -> None:
        """Wait until the server tells of something, or for the time of a poll."""
        if not client.has_capability("IDLE"):
            await self._sleep(self._account.poll_s)
            return
        idle = await client.idle_start(timeout=IDLE_S_MAX)
        pushed = asyncio.ensure_future(client.wait_server_push(IDLE_S_MAX))
        slept = asyncio.ensure_future(self._sleep(self._account.poll_s))
        try:
            await asyncio.wait({idle, pushed, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pushed.cancel()
            slept.cancel()
            await asyncio.gather(pushed, slept, return_exceptions=True)
        if client.has_pending_idle():
            client.idle_done()
        async with asyncio.timeout(COMMAND_S_MAX):
            await idle

    def _keep(self, place: FolderPlace) -> None:
        assert place.validity is not None
        # A kill between the two leaves a place that is too low at worst: mails that are known.
        self._places.save(self._name("uid"), place.uid)
        self._places.save(self._name("validity"), place.validity)

    def _name(self, what: str) -> str:
        return f"imap/{self._account.id}/{what}"


async def _search(client: IMAP4, *criteria: str) -> list[int]:
    lines = await done(client.uid_search(*criteria, charset=None))
    return [int(word) for word in lines[0].split() if word.isdigit()] if lines else []


async def _ended(task: "asyncio.Future[Any]") -> None:
    """Cancel a task until it is over.

    The library waits by `asyncio.wait_for`, which before Python 3.12 forgets that it was cancelled
    when what it waits for comes at the same moment.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)


async def _leave(client: IMAP4, lost: "asyncio.Future[None]") -> None:
    if not lost.done():
        goodbye = asyncio.ensure_future(client.logout())
        try:
            await asyncio.wait({goodbye, lost}, timeout=LEAVE_S_MAX)
        finally:
            goodbye.cancel()
            transport = client.protocol.transport
            if transport is not None:
                # All is said; to close TLS in form would wait for the server once more.
                transport.abort()
        await asyncio.gather(goodbye, return_exceptions=True)
        if transport is not None:
            await asyncio.wait({lost}, timeout=LEAVE_S_MAX)
