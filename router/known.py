"""What is known of contacts before they wait and after they were served. Bounded."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from domain.customer_profile import CustomerProfile
from domain.decision import Scheme

KNOWN_MAX: Final = 20_000
"""Contacts of whom something is kept; at the limit the oldest is forgotten, which costs it its
profile or its outcome a part in learning, and nothing else. About 10 MB when full."""

Entry = TypeVar("Entry")


class Kept(Generic[Entry]):
    """Entries by contact_id, the oldest forgotten at the limit."""

    def __init__(self, entries_max: int = KNOWN_MAX) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._entries_max = entries_max

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, contact_id: str) -> Entry | None:
        """Return an entry; None where there is none."""
        return self._entries.get(contact_id)

    def put(self, contact_id: str, entry: Entry) -> None:
        """Keep an entry, in the place of an earlier one."""
        self._entries[contact_id] = entry
        self._entries.move_to_end(contact_id)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def pop(self, contact_id: str) -> Entry | None:
        """Return an entry and forget it."""
        return self._entries.pop(contact_id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownContact:
    """What is known of a contact's customer.

    Attributes:
        distress: How upset he is, 0 to 3, as observed.
        kept: The contact waits with nobody on the line.
    """

    profile: CustomerProfile | None = None
    distress: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedContact:
    """Who served a contact, and under which rules: what an outcome is credited to."""

    agent_id: str
    queue_id: str
    topic: str
    segment: str
    scheme: Scheme


class Connected(NamedTuple):
    """Who talks with a contact, and the queue it came from."""

    agent_id: str
    queue_id: str
