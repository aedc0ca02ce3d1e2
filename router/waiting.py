"""Who waits: contacts that no agent has answered, and the columns that the cost is made from.

A contact keeps its row in the columns from joining the queue until it is answered or gone, so a
contact that comes back after ring no answer finds its old place by itself.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.contact import Channel
from domain.customer_profile import VALUE_MIN, CustomerProfile
from domain.decision import Scheme
from domain.events import ContactQueued
from domain.skill import SkillRequirement
from router.cost import CHANNELS, PRIORITY_MAX, CostBook, Needs, Row, Urgency

Places = NDArray[np.int64]
ARRIVAL: Final = attrgetter("queued_at_s", "contact_id")
"""The order of contacts: the longest waiting first."""
_CHANNEL: Final = {channel: n for n, channel in enumerate(CHANNELS)}
_PLACES_MIN: Final = 64


@dataclass(slots=True, eq=False)
class WaitingContact:
    """A contact that no agent has answered yet.

    Attributes:
        queued_at_s: When it first joined a queue; ring no answer and overflow do not change it.
        profile: Who its customer is; None: not known yet.
        distress: How upset he is, 0 to 3.
        scheme, propensity: By which rules it is routed, and with what probability it came to
            that.
        relaxed, ring: Steps of relaxation taken, rings open.
        offered_to: The agent whom it is offered to, else None.
        kept: It waits with nobody on the line, until its customer is called back.
        overdue: The queue's longest wait has passed while it was offered.
        preferred_agent_id: The agent whom it waits for first, whoever its customer is; None: as
            the customer's profile says.
        joined_at_s: When it last joined a queue.
        place: Its row in the columns.
    """

    contact_id: str
    queue_id: str
    channel: Channel
    language: str
    requirements: tuple[SkillRequirement, ...]
    priority: int
    queued_at_s: float
    profile: CustomerProfile | None = None
    distress: int = 0
    scheme: Scheme = Scheme.UNLEARNED
    propensity: float = 1.0
    relaxed: int = 0
    ring: int = 0
    offered_to: str | None = None
    kept: bool = False
    overdue: bool = False
    preferred_agent_id: str | None = None
    joined_at_s: float = 0.0
    place: int = field(default=-1, init=False)

    @classmethod
    def of(cls, queued: ContactQueued, now_s: float) -> "WaitingContact":
        """Return the contact that this event tells of."""
        return cls(
            contact_id=queued.contact_id,
            queue_id=queued.queue_id,
            channel=queued.channel,
            language=queued.language,
            requirements=queued.requirements,
            priority=queued.priority,
            queued_at_s=now_s - max(0.0, queued.waited_s),
            preferred_agent_id=queued.preferred_agent_id,
            joined_at_s=now_s,
        )

    def queued(self, now_s: float) -> ContactQueued:
        """Return the event that it waits, again or in another queue."""
        return ContactQueued(
            contact_id=self.contact_id,
            queue_id=self.queue_id,
            language=self.language,
            priority=self.priority,
            requirements=self.requirements,
            waited_s=self.waited_s(now_s),
            channel=self.channel,
            preferred_agent_id=self.preferred_agent_id,
        )

    def waited_s(self, now_s: float) -> float:
        """Return the seconds since it joined the queue."""
        return now_s - self.queued_at_s

    @property
    def knows_somebody(self) -> bool:
        """Whether it or its customer prefers an agent, or he knows one."""
        if self.preferred_agent_id is not None:
            return True
        profile = self.profile
        return profile is not None and (
            profile.preferred_agent_id is not None or bool(profile.familiar)
        )

    @property
    def value(self) -> int:
        """The customer's value tier, 1 to 5."""
        return VALUE_MIN if self.profile is None else self.profile.value


class WaitingLine:
    """All contacts that no agent has answered."""

    def __init__(self, book: CostBook, urgency: Urgency) -> None:
        self._book = book
        self._urgency = urgency
        self._contacts: dict[str, WaitingContact] = {}
        self._needs: dict[str, Needs] = {}
        self._in_queue: dict[str, int] = {}
        self._waiting: list[WaitingContact] = []
        self._choosy: dict[str, WaitingContact] = {}
        self._free_places: list[int] = []
        self._columns(_PLACES_MIN)

    def __len__(self) -> int:
        return len(self._contacts)

    def __contains__(self, contact_id: object) -> bool:
        return contact_id in self._contacts

    def __iter__(self) -> Iterator[WaitingContact]:
        return iter(self._contacts.values())

    @property
    def waiting(self) -> Sequence[WaitingContact]:
        """Contacts that are not being offered, the longest waiting first."""
        return self._waiting

    @property
    def choosy(self) -> Collection[WaitingContact]:
        """Contacts, offered ones too, whose customer knows or prefers an agent."""
        return self._choosy.values()

    def get(self, contact_id: str) -> WaitingContact | None:
        """Return a contact that waits or is being offered."""
        return self._contacts.get(contact_id)

    def needs(self, contact: WaitingContact) -> Needs:
        """Return what a contact asks for at this moment."""
        return self._needs[contact.contact_id]

    def in_queue(self, queue_id: str) -> int:
        """Return how many contacts of this queue wait or are being offered."""
        return self._in_queue.get(queue_id, 0)

    def add(self, contact: WaitingContact, needs: Needs) -> None:
        """Let a contact wait."""
        assert contact.contact_id not in self._contacts
        if not self._free_places:
            self._grow()
        contact.place = self._free_places.pop()
        self._contacts[contact.contact_id] = contact
        self._count(contact.queue_id, 1)
        self._fill(contact, needs)
        insort(self._waiting, contact, key=ARRIVAL)

    def remove(self, contact: WaitingContact) -> None:
        """Forget a contact that was answered, has left or may wait no longer."""
        del self._contacts[contact.contact_id]
        del self._needs[contact.contact_id]
        self._choosy.pop(contact.contact_id, None)
        self._count(contact.queue_id, -1)
        self._free_places.append(contact.place)
        if contact.offered_to is None:
            self._leave(contact)

    def offer(self, contact: WaitingContact, agent_id: str) -> None:
        """Mark a contact as being offered."""
        assert contact.offered_to is None
        self._leave(contact)
        contact.offered_to = agent_id

    def take_back(self, contact: WaitingContact) -> None:
        """Let a contact wait again, at its old place."""
        assert contact.offered_to is not None
        contact.offered_to = None
        insort(self._waiting, contact, key=ARRIVAL)

    def move(self, contact: WaitingContact, queue_id: str) -> None:
        """Let a contact wait in another queue; `refresh` must follow."""
        self._count(contact.queue_id, -1)
        contact.queue_id = queue_id
        self._count(queue_id, 1)

    def refresh(self, contact: WaitingContact, needs: Needs) -> None:
        """Something about a contact has changed: priority, customer, mood, what it asks for."""
        self._fill(contact, needs)

    def add_priority(self, contact: WaitingContact, steps: int) -> None:
        """Let a contact be served earlier, up to PRIORITY_MAX."""
        contact.priority = max(contact.priority, min(contact.priority + steps, PRIORITY_MAX))
        self._priority[contact.place] = contact.priority

    def replace_book(self, book: CostBook, urgency: Urgency) -> None:
        """Take other weights or other agents; every contact must be refreshed after that."""
        self._book, self._urgency = book, urgency

    def places(self, contacts: Sequence[WaitingContact]) -> Places:
        """Return the rows of contacts in the columns."""
        return np.fromiter((one.place for one in contacts), dtype=np.int64, count=len(contacts))

    def rows(self, places: Places) -> NDArray[np.int64]:
        """Return where the rows of contacts stand in the cost book, shape (contacts, terms)."""
        return self._rows[places]

    def rows_of(self, contact: WaitingContact) -> list[int]:
        """Return where the rows of one contact stand in the cost book, in the order of `Row`."""
        rows: list[int] = self._rows[contact.place].tolist()
        return rows

    def channels(self, places: Places) -> NDArray[np.int64]:
        """Return the columns of contacts' channels, shape (contacts,)."""
        return self._channel[places]

    def queues(self, places: Places) -> NDArray[np.int64]:
        """Return the columns of contacts' queues in the urgency, shape (contacts,)."""
        return self._queue[places]

    def urgency_s(self, places: Places, now_s: float) -> NDArray[np.float64]:
        """Return how urgent contacts are, seconds of waiting, shape (contacts,)."""
        return self._urgency.urgency_s(
            self._queue[places],
            self._channel[places],
            now_s - self._queued_at_s[places],
            self._priority[places],
            self._value[places],
        )

    def unserved_s(self, places: Places) -> NDArray[np.float64]:
        """Return what serving one contact more is worth beyond its urgency, shape (contacts,)."""
        return self._urgency.unserved[self._queue[places]]

    def position(self, contact: WaitingContact, now_s: float) -> int:
        """Return its place among the contacts of its queue that wait, 1 is next."""
        return 1 + sum(
            other.queue_id == contact.queue_id for other in self.ahead_of(contact, now_s)
        )

    def ahead_of(self, contact: WaitingContact, now_s: float) -> list[WaitingContact]:
        """Return the waiting contacts of all queues that are more urgent than this one."""
        if not self._waiting:
            return []
        urgency_s = self.urgency_s(self.places(self._waiting), now_s)
        own_s = self.urgency_s(self.places([contact]), now_s)[0]
        first = bisect_left(self._waiting, ARRIVAL(contact), key=ARRIVAL)
        before = urgency_s > own_s
        before[:first] |= urgency_s[:first] == own_s
        return [self._waiting[n] for n in np.flatnonzero(before)]

    def of_queue(self, queue_id: str, now_s: float) -> list[WaitingContact]:
        """Return the contacts of a queue, those being offered too, the most urgent first."""
        mine = [contact for contact in self._contacts.values() if contact.queue_id == queue_id]
        mine.sort(key=ARRIVAL)
        if not mine:
            return mine
        urgency_s = self.urgency_s(self.places(mine), now_s)
        return [mine[n] for n in np.argsort(-urgency_s, kind="stable")]

    def _fill(self, contact: WaitingContact, needs: Needs) -> None:
        place = contact.place
        self._needs[contact.contact_id] = needs
        self._rows[place] = self._book.rows(needs)
        self._queue[place] = self._urgency.column[contact.queue_id]
        self._channel[place] = _CHANNEL[contact.channel]
        self._queued_at_s[place] = contact.queued_at_s
        self._priority[place] = contact.priority
        self._value[place] = contact.value
        if contact.knows_somebody:
            self._choosy[contact.contact_id] = contact
        else:
            self._choosy.pop(contact.contact_id, None)

    def _count(self, queue_id: str, more: int) -> None:
        count = self.in_queue(queue_id) + more
        if count:
            self._in_queue[queue_id] = count
        else:
            del self._in_queue[queue_id]

    def _leave(self, contact: WaitingContact) -> None:
        place = bisect_left(self._waiting, ARRIVAL(contact), key=ARRIVAL)
        assert self._waiting[place] is contact
        del self._waiting[place]

    def _columns(self, size: int) -> None:
        self._rows = np.zeros((size, len(Row)), dtype=np.int64)
        self._queue = np.zeros(size, dtype=np.int64)
        self._channel = np.zeros(size, dtype=np.int64)
        self._queued_at_s = np.zeros(size, dtype=np.float64)
        self._priority = np.zeros(size, dtype=np.float64)
        self._value = np.zeros(size, dtype=np.float64)
        self._free_places = list(reversed(range(size)))

    def _grow(self) -> None:
        """Double the columns; what is in them keeps its place."""
        old = (
            self._rows,
            self._queue,
            self._channel,
            self._queued_at_s,
            self._priority,
            self._value,
        )
        size = len(self._queue)
        self._columns(2 * size)
        new = (
            self._rows,
            self._queue,
            self._channel,
            self._queued_at_s,
            self._priority,
            self._value,
        )
        for before, after in zip(old, new, strict=True):
            after[:size] = before
        self._free_places = list(reversed(range(size, 2 * size)))
