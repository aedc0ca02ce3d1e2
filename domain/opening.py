"""Opening hours of queues: which one is open, and which takes over while another is not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.business_hours import BusinessHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """When a queue is open.

    Attributes:
        hours: When somebody works there.
        other_queue: The queue that serves its customers at other times; None: nobody does.
    """

    hours: BusinessHours
    other_queue: str | None = None


class OpeningHours:
    """The opening hours of every queue that has any; the others are open day and night."""

    def __init__(self, openings: Mapping[str, Opening]) -> None:
        """Take the hours by id of the queue."""
        self._openings = dict(openings)

    def is_open(self, queue_id: str, at: datetime) -> bool:
        """Tell whether a queue is open at an aware time."""
        opening = self._openings.get(queue_id)
        return opening is None or opening.hours.is_open(at)

    def next_open(self, queue_id: str, at: datetime) -> datetime:
        """Return the first moment from an aware time on when a queue is open, as a clock there."""
        opening = self._openings.get(queue_id)
        if opening is None:
            return at
        return opening.hours.next_open(at).astimezone(opening.hours.zone)

    def due(self, queue_id: str, begin: datetime, seconds: float) -> datetime:
        """Return when a queue will have been open for so many seconds since an aware time."""
        opening = self._openings.get(queue_id)
        if opening is None:
            return begin + timedelta(seconds=seconds)
        return opening.hours.due(begin, seconds)

    def serving(self, queue_id: str, at: datetime) -> str | None:
        """Return the queue that serves those who come to a queue at an aware time.

        Queues may take over from each other around the world, and in a ring: each is asked once.

        Returns:
            The queue itself while it is open; None: nobody serves them now.
        """
        asked: set[str] = set()
        current: str | None = queue_id
        while current is not None and current not in asked:
            if self.is_open(current, at):
                return current
            asked.add(current)
            current = self._openings[current].other_queue
        return None


ALWAYS_OPEN: Final = OpeningHours({})
"""Every queue is open day and night."""
