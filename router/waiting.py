"""Who waits, in which order.

Contacts of one queue that ask the same of an agent form a group, and a group is kept in
order of urgency. Urgency grows at the same rate for all, so the order never changes by
itself and a contact that comes back after ring no answer finds its old place.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from config.routing import Routing
from domain.events import ContactQueued
from router.cost import urgency_s
from router.eligibility import Profile

OrderKey = tuple[float, float, str]
PRIORITY_MAX: Final = 20
"""Of a contact whose customer is upset: twice the highest of a queue, so that no number of alerts
puts one contact before all others for good."""
_KEY: Final = attrgetter("key")


@dataclass(slots=True, eq=False)
class WaitingContact:
    """A contact that no agent has answered yet.

    Attributes:
        queued_at_s: When it first joined the queue; ring no answer does not change it.
        key: Its place; lower is served earlier.
        offered_to: The agent whose telephone rings for it, else None.
        overdue: The queue's longest wait has passed while a telephone rang.
    """

    contact_id: str
    queue_id: str
    profile: Profile
    priority: int
    queued_at_s: float
    key: OrderKey = field(init=False)
    offered_to: str | None = None
    overdue: bool = False

    @classmethod
    def of(cls, queued: ContactQueued, now_s: float) -> "WaitingContact":
        """Return the contact that this event tells of."""
        return cls(
            contact_id=queued.contact_id,
            queue_id=queued.queue_id,
            profile=Profile(queued.language, queued.requirements),
            priority=queued.priority,
            queued_at_s=now_s - max(0.0, queued.waited_s),
        )

    def waited_s(self, now_s: float) -> float:
        """Return the seconds since it joined the queue."""
        return now_s - self.queued_at_s

    def set_key(self, weights: Routing) -> None:
        """Compute its place: the most urgent first, then the longest waiting.

        Urgency at time zero of the clock orders as urgency now does.
        """
        urgency = urgency_s(-self.queued_at_s, self.priority, weights)
        self.key = (-urgency, self.queued_at_s, self.contact_id)


@dataclass(frozen=True, slots=True)
class Group:
    """Contacts of one queue that ask the same of an agent, the most urgent first."""

    queue_id: str
    profile: Profile
    contacts: list[WaitingContact]


class WaitingLine:
    """All contacts that no agent has answered; those offered have left the groups."""

    def __init__(self, weights: Routing) -> None:
        self._weights = weights
        self._contacts: dict[str, WaitingContact] = {}
        self._groups: dict[tuple[str, Profile], Group] = {}
        self._in_queue: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def __contains__(self, contact_id: object) -> bool:
        return contact_id in self._contacts

    def __iter__(self) -> Iterator[WaitingContact]:
        return iter(self._contacts.values())

    @property
    def groups(self) -> Sequence[Group]:
        """Groups with at least one contact that is not being offered."""
        return tuple(self._groups.values())

    def get(self, contact_id: str) -> WaitingContact | None:
        """Return a contact that waits or is being offered."""
        return self._contacts.get(contact_id)

    def in_queue(self, queue_id: str) -> int:
        """Return how many contacts of this queue wait or are being offered."""
        return self._in_queue.get(queue_id, 0)

    def add(self, contact: WaitingContact) -> None:
        """Let a contact wait."""
        assert contact.contact_id not in self._contacts
        contact.set_key(self._weights)
        self._contacts[contact.contact_id] = contact
        self._in_queue[contact.queue_id] = self.in_queue(contact.queue_id) + 1
        self._enter(contact)

    def remove(self, contact: WaitingContact) -> None:
        """Forget a contact that was answered, has left or may wait no longer."""
        del self._contacts[contact.contact_id]
        self._in_queue[contact.queue_id] -= 1
        if not self._in_queue[contact.queue_id]:
            del self._in_queue[contact.queue_id]
        if contact.offered_to is None:
            self._leave(contact)

    def offer(self, contact: WaitingContact, agent_id: str) -> None:
        """Mark a contact as being offered; it keeps its key."""
        assert contact.offered_to is None
        self._leave(contact)
        contact.offered_to = agent_id

    def take_back(self, contact: WaitingContact) -> None:
        """Let a contact wait again, at its old place."""
        assert contact.offered_to is not None
        contact.offered_to = None
        self._enter(contact)

    def reweigh(self, weights: Routing) -> None:
        """Order all anew by other weights."""
        self._weights = weights
        self._groups.clear()
        for contact in self._contacts.values():
            contact.set_key(weights)
            if contact.offered_to is None:
                self._enter(contact)

    def add_priority(self, contact_id: str, steps: int) -> bool:
        """Let a contact be served earlier, up to PRIORITY_MAX; False: it does not wait."""
        contact = self._contacts.get(contact_id)
        if contact is None:
            return False
        waits = contact.offered_to is None
        if waits:
            self._leave(contact)
        contact.priority = max(contact.priority, min(contact.priority + steps, PRIORITY_MAX))
        contact.set_key(self._weights)
        if waits:
            self._enter(contact)
        return True

    def position(self, contact: WaitingContact) -> int:
        """Return its place among the contacts of its queue that wait, 1 is next."""
        return 1 + sum(
            bisect_left(group.contacts, contact.key, key=_KEY)
            for group in self._groups.values()
            if group.queue_id == contact.queue_id
        )

    def of_queue(self, queue_id: str) -> list[WaitingContact]:
        """Return the contacts of a queue, those being offered too, the most urgent first."""
        mine = [contact for contact in self._contacts.values() if contact.queue_id == queue_id]
        mine.sort(key=_KEY)
        return mine

    def _enter(self, contact: WaitingContact) -> None:
        name = (contact.queue_id, contact.profile)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(contact.queue_id, contact.profile, [])
        insort(group.contacts, contact, key=_KEY)

    def _leave(self, contact: WaitingContact) -> None:
        name = (contact.queue_id, contact.profile)
        group = self._groups[name]
        place = bisect_left(group.contacts, contact.key, key=_KEY)
        assert group.contacts[place] is contact
        del group.contacts[place]
        if not group.contacts:
            del self._groups[name]


def ahead_of(group: Group, key: OrderKey) -> int:
    """Return how many contacts of a group are more urgent than this key."""
    return bisect_left(group.contacts, key, key=_KEY)
