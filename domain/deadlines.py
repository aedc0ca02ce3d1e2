"""Deadlines by name: a pure core says when it must be woken next."""

import heapq
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

Name = TypeVar("Name", bound=tuple[str, ...])

STALE_SHARE_MAX: Final = 2
"""The heap is rebuilt when it is this many times larger than what is live."""
STALE_FREE: Final = 64
"""Stale entries that are always tolerated, so that small heaps are never rebuilt."""


class Deadlines(Generic[Name]):
    """Times by name. Setting a name again moves it; the heap forgets lazily.

    Names are tuples of strings, so two deadlines of the same instant come in a fixed order.
    """

    def __init__(self) -> None:
        self._live: dict[Name, float] = {}
        self._heap: list[tuple[float, Name]] = []

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, name: object) -> bool:
        return name in self._live

    def set(self, name: Name, at_s: float) -> None:
        """Let `name` be due at `at_s`, wherever it was before."""
        self._live[name] = at_s
        heapq.heappush(self._heap, (at_s, name))
        if len(self._heap) > STALE_SHARE_MAX * len(self._live) + STALE_FREE:
            self._heap = [(due_s, live) for live, due_s in self._live.items()]
            heapq.heapify(self._heap)

    def drop(self, name: Name) -> None:
        """Forget `name`; harmless if there is no such deadline."""
        self._live.pop(name, None)

    def next_s(self) -> float | None:
        """Return the earliest deadline; None when there is none."""
        while self._heap:
            at_s, name = self._heap[0]
            if self._live.get(name) == at_s:
                return at_s
            heapq.heappop(self._heap)
        return None

    def due(self, now_s: float) -> Iterator[Name]:
        """Yield and forget what is due, the earliest first.

        What is set while iterating is yielded too if it is due.
        """
        while (at_s := self.next_s()) is not None and at_s <= now_s:
            _, name = heapq.heappop(self._heap)
            del self._live[name]
            yield name
