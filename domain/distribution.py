"""A distribution as a part counts it for the metrics: values in buckets, and their sum."""

from bisect import bisect_left
from collections.abc import Sequence
from math import inf


class Distribution:
    """Values counted into buckets with fixed upper edges, each edge included."""

    __slots__ = ("_counts", "_edges", "total")

    def __init__(self, edges: Sequence[float]) -> None:
        """Begin with nothing counted.

        Args:
            edges: Upper edges, rising and finite; what is over the last one is counted too.
        """
        assert list(edges) == sorted(set(edges)), "edges must rise"
        self._edges = tuple(edges)
        self._counts = [0] * (len(self._edges) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._edges, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self._counts)

    def rows(self) -> tuple[tuple[float, int], ...]:
        """Return (upper edge, values within it), cumulative; the last edge is infinite."""
        within = 0
        rows: list[tuple[float, int]] = []
        for edge, count in zip((*self._edges, inf), self._counts, strict=True):
            within += count
            rows.append((edge, within))
        return tuple(rows)
