"""What the forecast of waits learns: handle times, patience, ringing, more urgent arrivals.

All of it is fed with what has happened and bounded, and knows no clock of its own.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SAMPLES_MAX: Final = 256
"""Handle times remembered of a queue: enough for its 90th percentile to 2 %, few enough to follow
a day whose mornings differ from its evenings."""
SAMPLES_MIN: Final = 5
"""With fewer the handle times of all queues together speak."""
WAITS_SHARE: Final = 1 / 200
"""Weight of the newest wait in the estimate of patience."""
RATE_HALF_LIFE_S: Final = 900.0
"""An arrival counts half after a quarter of an hour."""
PRIORITIES_MAX: Final = 32
"""Priorities whose arrivals are told apart; higher ones count with the highest."""


class HandleTimes:
    """The newest handle times, as a survival function; from the first ring to the end of wrap-up.

    The times themselves are the distribution, so no shape is assumed. Beyond the longest of them it
    goes on as an exponential one.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.version = 0
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []
        self._array: Array | None = None
        self._table: tuple[float, Array] | None = None

    def __len__(self) -> int:
        return len(self._newest)

    def note(self, seconds: float) -> None:
        """Remember one.

        Args:
            seconds: 0 or more.
        """
        if len(self._newest) >= SAMPLES_MAX:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]
        self._newest.append(seconds)
        insort(self._sorted, seconds)
        self._array = self._table = None
        self.version += 1

    @property
    def mean_s(self) -> float:
        """Mean; 0 without any."""
        return float(self._values().mean()) if self._sorted else 0.0

    @property
    def deviation_s(self) -> float:
        """Standard deviation; 0 without any."""
        return float(self._values().std()) if self._sorted else 0.0

    def survival(self, seconds: Array) -> Array:
        """Return the share of contacts that take longer than this, over 0, at most 1.

        Args:
            seconds: Any shape, 0 or more.
        """
        values = self._values()
        count = len(values)
        levels = 1.0 - np.arange(1, count + 1) / (count + 1)
        # A straight line from (0, 1) through the times in order.
        known = np.interp(seconds, np.append(0.0, values), np.append(1.0, levels))
        tail_s = max(self.deviation_s, 0.5 * self.mean_s, 1e-3)
        beyond = np.maximum(seconds - values[-1], 0.0)
        return np.asarray(known * np.exp(-np.minimum(beyond / tail_s, 300.0)))

    def table(self, step_s: float, length: int) -> Array:
        """Return the survival at so many multiples of a step, from 0 on; the last one is kept."""
        known = self._table
        if known is None or known[0] != step_s or len(known[1]) < length:
            times = np.arange(length, dtype=np.float64) * step_s
            known = self._table = (step_s, self.survival(times))
        return known[1]

    def _values(self) -> Array:
        if self._array is None:
            self._array = np.asarray(self._sorted, dtype=np.float64)
        return self._array


@dataclass(slots=True)
class Patience:
    """How soon waiting customers leave, as one rate.

    The maximum-likelihood estimate with censoring: those who left, divided by all the time that
    anybody waited, of the newest waits most.
    """

    left: float = 0.0
    waited_s: float = 0.0

    def note(self, waited_s: float, *, left: bool) -> None:
        """Take in one wait that has ended.

        Args:
            waited_s: From joining the queue to its end.
            left: By the customer; False: an agent answered.
        """
        self.left += WAITS_SHARE * (left - self.left)
        self.waited_s += WAITS_SHARE * (waited_s - self.waited_s)

    @property
    def rate_per_s(self) -> float:
        """Customers who leave, per second of waiting of each."""
        return self.left / self.waited_s if self.waited_s > 0 else 0.0


@dataclass(slots=True)
class Ringing:
    """Mean seconds from an offer to its answer."""

    seconds: float = 0.0
    _known: bool = False

    def note(self, seconds: float) -> None:
        """Take in one answered offer."""
        if self._known:
            self.seconds += (seconds - self.seconds) / 32
        else:
            self.seconds, self._known = seconds, True


@dataclass(slots=True)
class Arrivals:
    """How many contacts arrive per second, by priority, the newest most."""

    _counts: list[float] = field(default_factory=lambda: [0.0] * PRIORITIES_MAX)
    _at_s: float | None = None
    _begun_s: float = 0.0

    def note(self, priority: int, now_s: float) -> None:
        """Take in one arrival."""
        if self._at_s is None:
            self._begun_s = now_s
        self._decay(now_s)
        self._counts[min(max(priority, 0), PRIORITIES_MAX - 1)] += 1.0

    def rate_above_per_s(self, priority: int, now_s: float) -> float:
        """Return how many of a higher priority arrive per second."""
        if self._at_s is None:
            return 0.0
        self._decay(now_s)
        above = sum(self._counts[max(priority, -1) + 1 :])
        # The weights of all the time that was seen, so that a young estimate is not too low.
        seen_s = now_s - self._begun_s
        weight_s = RATE_HALF_LIFE_S / np.log(2.0) * (1.0 - 0.5 ** (seen_s / RATE_HALF_LIFE_S))
        return above / max(float(weight_s), 60.0)

    def _decay(self, now_s: float) -> None:
        before_s = now_s if self._at_s is None else self._at_s
        if now_s > before_s:
            share = 0.5 ** ((now_s - before_s) / RATE_HALF_LIFE_S)
            self._counts = [count * share for count in self._counts]
        self._at_s = max(now_s, before_s)
