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


COMPACT_ABOVE: Final = 1_000
"""Cancelled entries are left in the heap until there are this many more than live ones."""


class Timed(Protocol):
    """Something that wants to be woken.

    Attributes:
        entry: Its place in the agenda; 0: none. The agenda's own.
    """

    entry: int

    def wake(self, now_s: float) -> None:
        """Do what is due and ask for the next time by `Agenda.at`."""
        ...


class Agenda:
    """What is due when; each thing once."""

    def __init__(self) -> None:
        """Make an empty agenda."""
        self._heap: list[tuple[float, int]] = []
        # The heap holds numbers only: what is cancelled must not stay in memory for as
        # long as its timer would have run.
        self._live: dict[int, Timed] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._live)

    def at(self, due_s: float | None, timed: Timed) -> None:
        """Wake it then and at no other time; None: not at all."""
        self._live.pop(timed.entry, None)
        timed.entry = 0
        if due_s is None:
            return
        self._count += 1
        timed.entry = self._count
        self._live[self._count] = timed
        heapq.heappush(self._heap, (due_s, self._count))
        if len(self._heap) > 2 * len(self._live) + COMPACT_ABOVE:
            self._heap = [each for each in self._heap if each[1] in self._live]
            heapq.heapify(self._heap)

    def next_s(self) -> float | None:
        """Return when the next is due; None when nothing is."""
        heap, live = self._heap, self._live
        while heap and heap[0][1] not in live:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def wake(self, now_s: float) -> None:
        """Wake everything that is due."""
        while (due_s := self.next_s()) is not None and due_s <= now_s:
            timed = self._live.pop(heapq.heappop(self._heap)[1])
            timed.entry = 0
            timed.wake(now_s)
