"""Who waits to be called back, and how many may. Pure: the time comes in."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from config.callback import Callback as CallbackSettings
from domain.callback import CallbackRefusal
from domain.contact import Contact
from pbx.callback_numbers import may_call, number_to_call, same_caller

MINUTE_S: Final = 60.0


@dataclass(slots=True, eq=False, kw_only=True)
class Callback:
    """One customer who waits to be called back.

    Attributes:
        contact: Its queue, number and trunk stand there.
        requested_at: When he asked for it, UTC.
        expires_s: After this, on the injected clock, nobody expects the call any more.
        attempts: Calls to him that came to nothing.
        in_line: The router lets the contact wait.
        in_call: He is still on the line, or an agent or he himself is being called.
        prefers: The agent who shall make the call if he is present; None: whoever suits.
        joins_s: When the contact joins the line again; None: not by itself.
    """

    contact: Contact
    requested_at: datetime
    expires_s: float
    attempts: int = 0
    in_line: bool = True
    in_call: bool = False
    joins_s: float | None = None
    prefers: str | None = None

    @property
    def due_s(self) -> float:
        """When something is to be done by itself: the contact joins the line, or it expires."""
        return self.expires_s if self.joins_s is None else min(self.joins_s, self.expires_s)


@dataclass(slots=True)
class CallbackBook:
    """All callbacks, by contact and by caller."""

    _by_contact: dict[str, Callback] = field(default_factory=dict)
    _by_caller: dict[tuple[str, str], Callback] = field(default_factory=dict)
    _numbers: Counter[str] = field(default_factory=Counter)
    _dialled: dict[str, deque[float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_contact)

    def __iter__(self) -> Iterator[Callback]:
        return iter(tuple(self._by_contact.values()))

    def get(self, contact_id: str) -> Callback | None:
        """Return the callback of a contact; None: it waits for none."""
        return self._by_contact.get(contact_id)

    def of_caller(self, contact: Contact) -> Callback | None:
        """Return the callback that waits for this contact's caller in its queue."""
        place = _place(contact)
        return None if place is None else self._by_caller.get(place)

    def refusal(
        self,
        contact: Contact,
        settings: CallbackSettings,
        *,
        is_hidden: bool,
        can_dial: bool,
    ) -> CallbackRefusal | None:
        """Return why a caller may not be called back; None: he may.

        Args:
            contact: His.
            settings: Of its queue.
            is_hidden: He has asked that his number be kept private.
            can_dial: The trunk that he came by can dial out.
        """
        number = number_to_call(contact.caller)
        if is_hidden or number is None:
            return CallbackRefusal.HIDDEN
        if not may_call(number, settings.numbers):
            return CallbackRefusal.NUMBER
        if not can_dial:
            return CallbackRefusal.NO_TRUNK
        if self._numbers[same_caller(number)]:
            # In another queue too: one customer is called by one agent.
            return CallbackRefusal.WAITING_ALREADY
        if self.waiting(contact.queue_id) >= settings.waiting_max:
            return CallbackRefusal.QUEUE_LIMIT
        return None

    def waiting(self, queue_id: str) -> int:
        """Return how many callbacks of a queue there are."""
        return sum(one.contact.queue_id == queue_id for one in self._by_contact.values())

    def add(self, callback: Callback) -> None:
        """Take a callback in."""
        self._by_contact[callback.contact.contact_id] = callback
        place = _place(callback.contact)
        if place is not None:
            self._by_caller[place] = callback
            self._numbers[place[1]] += 1

    def remove(self, contact_id: str) -> Callback | None:
        """Forget the callback of a contact, and return it."""
        callback = self._by_contact.pop(contact_id, None)
        if callback is not None:
            place = _place(callback.contact)
            if place is not None:
                self._numbers -= Counter([place[1]])
                if self._by_caller.get(place) is callback:
                    del self._by_caller[place]
        return callback

    def may_dial(self, queue_id: str, settings: CallbackSettings, now_s: float) -> bool:
        """Tell whether one more customer may be called now; if so, he is counted."""
        dialled = self._dialled.setdefault(queue_id, deque())
        while dialled and dialled[0] <= now_s - MINUTE_S:
            dialled.popleft()
        if len(dialled) >= settings.calls_per_min:
            return False
        dialled.append(now_s)
        return True

    def due(self, now_s: float) -> list[Callback]:
        """Return those that nobody calls just now and for which something is to be done."""
        return [one for one in self if not one.in_call and one.due_s <= now_s]

    def next_deadline_s(self) -> float | None:
        """Return when `due` will find something; None: not before something else happens."""
        idle = (one.due_s for one in self._by_contact.values() if not one.in_call)
        return min(idle, default=None)


def _place(contact: Contact) -> tuple[str, str] | None:
    number = number_to_call(contact.caller)
    return None if number is None else (contact.queue_id, same_caller(number))
