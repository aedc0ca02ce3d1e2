"""Tickets: each opens one connection, once, within half a minute.

A browser cannot set a header on a WebSocket, and a token in a URL ends up in logs; so a page
fetches a ticket by POST, where origin and identity are checked, and shows it in its first message.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from channels.chat.identity import Person
from domain.errors import LimitExceeded

TICKET_BYTES: Final = 24
"""192 bits: not guessed within 30 seconds, nor ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a ticket stands for.

    Attributes:
        widget_id: Of the configuration.
        origin: Of the page that fetched it; "" for a program.
    """

    person: Person
    widget_id: str
    origin: str


class Tickets:
    """Those that were handed out and not used yet; bounded, kept by their digests."""

    def __init__(self, *, lifetime_s: float, tickets_max: int) -> None:
        """Prepare an empty store."""
        self._lifetime_s = lifetime_s
        self._tickets_max = tickets_max
        self._open: OrderedDict[bytes, tuple[float, Admission]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def issue(self, admission: Admission, now_s: float) -> str:
        """Return a new ticket.

        Raises:
            LimitExceeded: So many are open that whoever fetches them does not use them.
        """
        self._drop_old(now_s)
        if len(self._open) >= self._tickets_max:
            raise LimitExceeded("chat.tickets_max", len(self._open) + 1, self._tickets_max)
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        self._open[_digest(ticket)] = (now_s + self._lifetime_s, admission)
        return ticket

    def redeem(self, ticket: str, now_s: float) -> Admission | None:
        """Return what a ticket stands for, once; None: not known, used or too old."""
        # Found by its digest, so that the time a search takes tells nothing of the ticket.
        found = self._open.pop(_digest(ticket), None)
        if found is None:
            return None
        until_s, admission = found
        return admission if now_s < until_s else None

    def _drop_old(self, now_s: float) -> None:
        while self._open:
            until_s, _ = next(iter(self._open.values()))
            if now_s < until_s:
                return
            self._open.popitem(last=False)


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()
