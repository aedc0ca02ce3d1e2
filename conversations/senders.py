"""Who writes to us: his newest conversation, and what he has sent already. Bounded.

A message that is sent again is found here without a question to the store, as long as everything
that its sender ever sent was sent in this run.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from domain.customer import Identifier

SENDERS_MAX: Final = 10_000
"""Senders remembered, as many as may be connected, some 700 bytes each; the one who was silent
longest is looked up in the store again."""
SENT_MAX: Final = 128
"""Messages of one sender remembered by his ids, about 250 bytes each; older ones are looked up."""

SenderKey = tuple[str, Identifier]


@dataclass(slots=True, eq=False)
class Sender:
    """One address in one place.

    Attributes:
        lock: Held while a message of his is received, so that one sent twice at a time is one.
        is_known: The store was asked for him.
        conversation_id: His newest conversation; None: he has none.
        is_whole: All that he ever sent is in `sent`.
        sent: Ids of messages by his own ids of them.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_known: bool = False
    conversation_id: str | None = None
    is_whole: bool = False
    sent: dict[str, str] = field(default_factory=dict)

    def note(self, client_id: str, message_id: str) -> None:
        """Remember a message."""
        self.sent[client_id] = message_id
        if len(self.sent) > SENT_MAX:
            del self.sent[next(iter(self.sent))]
            self.is_whole = False


class Senders:
    """Senders by source and address."""

    def __init__(self, senders_max: int = SENDERS_MAX) -> None:
        self._senders: OrderedDict[SenderKey, Sender] = OrderedDict()
        self._senders_max = senders_max

    def __len__(self) -> int:
        return len(self._senders)

    def get(self, source: str, address: Identifier) -> Sender:
        """Return a sender, new where nothing is remembered."""
        key = (source, address)
        sender = self._senders.setdefault(key, Sender())
        self._senders.move_to_end(key)
        if len(self._senders) > self._senders_max:
            idle = (one for one, known in self._senders.items() if not known.lock.locked())
            oldest = next(idle, key)
            if oldest != key:
                del self._senders[oldest]
        return sender

    def forget(self, conversation_ids: Collection[str]) -> None:
        """Ask the store anew for whoever had one of these conversations."""
        for known in self._senders.values():
            if known.conversation_id in conversation_ids:
                known.is_known = known.is_whole = False
                known.conversation_id = None
                known.sent.clear()

    def drop_idle(self) -> None:
        """Drop whoever is not writing now: the store is asked anew."""
        for key in [one for one, known in self._senders.items() if not known.lock.locked()]:
            del self._senders[key]
