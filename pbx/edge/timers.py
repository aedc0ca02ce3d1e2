"""SIP timers, and a heap of what is due, with no clock of its own."""

import heapq
from typing import Final, Protocol

T1_S: Final = 0.5
"""Round trip assumed (RFC 3261 section 17.1.1.1)."""
T2_S: Final = 4.0
"""Longest pause between two sendings of what is no INVITE."""
T4_S: Final = 5.0
"""How long a message may stay in the network."""
TRANSACTION_S: Final = 64 * T1_S
"""Timers B, F, H: when nobody has answered by then, nobody will."""
RINGING_S: Final = 300.0
"""Timer C (RFC 3261 section 16.6 step 11), more than three minutes: a leg that rings longer
is cancelled."""
LINGER_S: Final = 64 * T1_S + T4_S
"""What is over is remembered this long, for retransmissions still on their way."""


class Timed(Protocol):
    """Something that wants to be woken.

    Attributes:
        due_s: When; None: not at all. The heap wakes it only at this very time, so a
            later `due_s` cancels an earlier one.
    """

    due_s: float | None

    def wake(self, now_s: float) -> None:
        """Do what is due and set the next time by `Agenda.at`."""
        ...


class Agenda:
    """What is due when."""

    def __init__(self) -> None:
        """Make an empty agenda."""
        self._heap: list[tuple[float, int, Timed]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, due_s: float | None, timed: Timed) -> None:
        """Wake it then, and at no other time."""
        timed.due_s = due_s
        if due_s is not None:
            self._count += 1
            heapq.heappush(self._heap, (due_s, self._count, timed))

    def next_s(self) -> float | None:
        """Return when the next is due; None when nothing is."""
        heap = self._heap
        while heap and heap[0][2].due_s != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def wake(self, now_s: float) -> None:
        """Wake everything that is due."""
        while (due_s := self.next_s()) is not None and due_s <= now_s:
            timed = heapq.heappop(self._heap)[2]
            timed.due_s = None
            timed.wake(now_s)
