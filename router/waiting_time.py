"""How long a contact still waits: a predictive distribution from who is ahead and who works.

A contact is next when the agents who may serve it have come free once more often than contacts
are ahead of it. So the time asked for is that of the (ahead + 1)-th relevant departure:

- an agent who works comes free after the rest of his handle time, given how long it has taken
  already, and then again and again (a renewal process; the handle times seen are the distribution);
- contacts ahead leave of themselves, at the rate that waiting customers were seen to leave;
- more urgent contacts arrive and go first.

Mean and variance of these departures over time are exact for the agents and a linear approximation
for the rest. Where their number reaches the contact's place with a chance of 50 and 90 % is found
with a Cornish-Fisher correction, for a count of few departures is skewed.

What all contacts share is computed once (`Outlook`), what differs between them takes some tens of
microseconds. What remains wrong is corrected by `wait_calibration`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.wait_forecast import WaitForecast
from router.wait_model import SAMPLES_MIN, Array, HandleTimes

GRID: Final = 49
"""Times at which departures are counted; beyond the last they go on at their last rate."""
STEPS_PER_MEAN: Final = 8
"""Steps of the grid in a mean handle time: it reaches over 6 of them."""
FORECAST_S_MAX: Final = 14_400.0
"""Nobody is told more than four hours: later is not a forecast."""
RENEWALS_EVERY: Final = 16
"""Of the handle times known, one in so many may be new before how an agent goes on is computed
again, which takes half a millisecond."""
AHEAD_MIN: Final = 0.25
"""With fewer ahead a contact is next."""
Z90: Final = 1.2815515655446004
"""The 90th percentile of the standard normal distribution."""
_Z: Final = np.array([-Z90, 0.0, Z90])
_SKEW: Final = (_Z * _Z - 1.0) / 6.0
_LEVELS: Final = tuple(-log(1.0 - chance) for chance in (0.1, 0.5, 0.9))
_OLDEST: Final = 256
"""Steps of the grid, 32 mean handle times: whoever works for longer is treated as if that long."""
_STEPS: Final = np.arange(GRID, dtype=np.float64)
_RENEWED: Final = np.subtract.outer(np.arange(GRID), np.arange(GRID)).T


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody who works, one place for each contact that he may serve at once.

    Attributes:
        age_s: Seconds since the contact that he serves or wraps up was offered to him; below 0
            for who is free, shape (places,).
        queue_ids: The queue of that contact, in the same order; any for who is free.
    """

    age_s: Array
    queue_ids: Sequence[str]


class HandleBook:
    """Handle times of each queue, and of all together for where a queue has too few."""

    def __init__(self) -> None:
        """Begin without any."""
        self.all = HandleTimes()
        self._by_queue: dict[str, HandleTimes] = {}
        self._renewals: tuple[int, _Renewals] | None = None

    def note(self, queue_id: str, seconds: float) -> None:
        """Remember one, from the first ring to the end of the wrap-up."""
        self.all.note(seconds)
        self._by_queue.setdefault(queue_id, HandleTimes()).note(seconds)

    def forget(self, queue_id: str) -> None:
        """Drop a queue that is no more."""
        self._by_queue.pop(queue_id, None)

    def of(self, queue_id: str) -> HandleTimes:
        """Return those of a queue, or of all where it has too few."""
        found = self._by_queue.get(queue_id)
        return self.all if found is None or len(found) < SAMPLES_MIN else found

    def renewals(self) -> "_Renewals":
        """Return how an agent who begins with one contact goes on."""
        known = self._renewals
        due = len(self.all) // RENEWALS_EVERY
        if known is None or self.all.version - known[0] > due:
            known = self._renewals = (self.all.version, _Renewals.of(self.all))
        return known[1]


@dataclass(frozen=True, slots=True)
class _Renewals:
    """Contacts that one agent ends in a time, if he begins one at its start.

    Attributes:
        step_s: Step of the grid.
        mean, square: What is added to the first of them by those after it, moved on to each time
            of the grid at which the first may end, shape (GRID, GRID).
    """

    step_s: float
    mean: Array
    square: Array

    @classmethod
    def of(cls, times: HandleTimes) -> "_Renewals":
        step_s = max(times.mean_s, 1.0) / STEPS_PER_MEAN
        ended = 1.0 - times.survival(_STEPS * step_s)
        weights = _weights(ended[None, :])[0]
        # U = F + W U and Q = F + W (2 U + Q), where W moves a curve on by the first contact.
        moved = np.where(_RENEWED.T >= 0, weights[np.abs(_RENEWED.T)], 0.0)
        solver = np.linalg.inv(np.eye(GRID) - moved)
        mean = solver @ ended
        square = solver @ (ended + 2.0 * (moved @ mean))
        twice = 2.0 * mean + square
        return cls(
            step_s=step_s,
            mean=np.where(_RENEWED >= 0, mean[np.abs(_RENEWED)], 0.0),
            square=np.where(_RENEWED >= 0, twice[np.abs(_RENEWED)], 0.0),
        )


def _weights(ended: Array) -> Array:
    """Return the chance that something ends at each time of the grid, shape as `ended`.

    What ends within a step is put half on its begin and half on its end.
    """
    within = np.diff(ended, axis=1)
    weights = np.zeros_like(ended)
    weights[:, :-1] += 0.5 * within
    weights[:, 1:] += 0.5 * within
    weights[:, 0] += ended[:, 0]
    return weights


@dataclass(frozen=True, slots=True)
class Outlook:
    """When agents come free, as it looks at one moment.

    Attributes:
        step_s: Step of the grid.
        mean, variance: Of how often each has come free by each time of the grid, shape
            (places, GRID).
        hazard: Minus the logarithm of the chance that each has not come free even once.
    """

    step_s: float
    mean: Array
    variance: Array
    hazard: Array

    @classmethod
    def of(cls, crew: Crew, book: HandleBook) -> "Outlook | None":
        """Return the outlook for everybody who works; None while no handle time is known."""
        if not len(book.all):
            return None
        renewals = book.renewals()
        ended = _first_ends(crew, book, renewals.step_s)
        weights = _weights(ended)
        mean = ended + weights @ renewals.mean
        square = ended + weights @ renewals.square
        hazard = -np.log(np.maximum(1.0 - ended, 1e-12))
        return cls(renewals.step_s, mean, np.maximum(square - mean * mean, 0.0), hazard)

    def forecast(
        self,
        able: NDArray[np.bool_],
        *,
        ahead: float,
        leave_rate_per_s: float = 0.0,
        urgent_rate_per_s: float = 0.0,
        ring_s: float = 0.0,
    ) -> WaitForecast | None:
        """Return how long a contact still waits, before any calibration.

        Args:
            able: Which places may serve it, shape (places,).
            ahead: Contacts ahead of it for these agents, not whole where they share only some
                of them; see `shared_ahead`.
            leave_rate_per_s: Of each of those, while they wait.
            urgent_rate_per_s: Contacts that will arrive and go before it.
            ring_s: Mean seconds from an offer to its answer.

        Returns:
            None where nothing can be said: nobody works, or the half of them would wait longer
            than four hours.
        """
        if not able.any():
            return None
        reached = (
            _first(able @ self.hazard)
            if ahead < AHEAD_MIN and urgent_rate_per_s <= 0
            else self._departures(able, ahead, leave_rate_per_s, urgent_rate_per_s)
        )
        p10_s, p50_s, p90_s = (steps * self.step_s + ring_s for steps in reached)
        if p50_s > FORECAST_S_MAX:
            return None
        p90_s = min(p90_s, FORECAST_S_MAX)
        # Swanson's rule: the mean of a skewed distribution from three of its percentiles.
        mean_s = 0.3 * p10_s + 0.4 * p50_s + 0.3 * p90_s
        return WaitForecast(p50_s=p50_s, p90_s=max(p50_s, p90_s), mean_s=mean_s)

    def _departures(
        self, able: NDArray[np.bool_], ahead: float, leave_rate_per_s: float, urgent_per_s: float
    ) -> list[float]:
        """Return after how many steps of the grid there were enough departures."""
        mean, variance = able @ self.mean, able @ self.variance
        if urgent_per_s > 0:
            more = urgent_per_s * self.step_s * _STEPS
            mean, variance = mean - more, variance + more
        if leave_rate_per_s > 0 and ahead > 0:
            left = np.minimum(leave_rate_per_s * self.step_s * _STEPS, 50.0)
            mean, variance = _with_leaving(mean, variance, ahead, left)
        return _reached(mean, variance, ahead + 0.5)


def _first(hazard: Array) -> list[float]:
    """Return after how many steps of the grid somebody has come free, for each percentile.

    Nobody is ahead, so this is exact: that nobody has come free is the product of their chances.
    """
    rate = max(float(hazard[-1] - hazard[-9]) / 8, 1e-9)
    steps = []
    for level in _LEVELS:
        if level <= hazard[-1]:
            steps.append(float(np.interp(level, hazard, _STEPS)))
        else:
            steps.append(GRID - 1 + (level - float(hazard[-1])) / rate)
    return [0.0, 0.0, 0.0] if hazard[0] > 1.0 else steps


def _reached(mean: Array, variance: Array, aim: float) -> list[float]:
    """Return after how many steps of the grid the aim is reached, for each percentile.

    Args:
        mean: Departures by each time of the grid, shape (GRID,).
        variance: Of these.
        aim: The contact's place less a half, as the count is whole.
    """
    # A count of few departures is skewed as a binomial one, by its dispersion.
    skew = 1.0 - 2.0 * np.minimum(variance / np.maximum(mean, 1e-9), 1.5)
    needed = aim + _SKEW[:, None] * skew + _Z[:, None] * np.sqrt(variance)
    there = mean >= needed
    found = there.argmax(axis=1).tolist()
    steps = []
    for row, first in enumerate(found):
        beyond = not there[row, first]
        if first == 0 and not beyond:
            steps.append(0.0)
            continue
        last, span = (GRID - 1, 8) if beyond else (first - 1, 1)
        begin, end = (last - span, last) if beyond else (last, first)
        rate = float(mean[end] - mean[begin]) / span
        growth = max(0.0, float(variance[end] - variance[begin])) / span
        short = aim + float(_SKEW[row] * skew[end]) - float(mean[last])
        more = max(0.0, _steps_until(short, rate, float(variance[last]), growth, float(_Z[row])))
        steps.append(last + (more if beyond else min(more, 1.0)))
    return steps


def _steps_until(short: float, rate: float, variance: float, growth: float, z: float) -> float:
    """Return u with rate u - short = z sqrt(variance + growth u), inf where there is none."""
    if rate <= 1e-9:
        return float("inf")
    if z == 0.0:
        return short / rate
    half = rate * short + 0.5 * z * z * growth
    inner = half * half - rate * rate * (short * short - z * z * variance)
    root = sqrt(max(inner, 0.0))
    return (half + root if z > 0 else half - root) / (rate * rate)


def _with_leaving(mean: Array, variance: Array, ahead: float, left: Array) -> tuple[Array, Array]:
    """Add those ahead who leave of themselves.

    A' = theta (ahead - N - A), solved with its integrating factor; noise fades as those whom it
    has spared leave later.

    Args:
        mean: Departures at each time of the grid.
        variance: Of these.
        ahead: At the start.
        left: theta times each time of the grid.
    """
    waiting = np.maximum(ahead - mean, 0.0)
    rising = np.exp(left)
    step = float(left[1])
    integrand = rising * waiting
    gone = np.zeros(GRID)
    np.cumsum(integrand[1:] + integrand[:-1], out=gone[1:])
    gone *= 0.5 * step / rising
    np.minimum(gone, ahead, out=gone)
    still = np.maximum(waiting - gone, 0.0)
    noise = np.zeros(GRID)
    # In the middle of a step the factor is the product of those at its ends.
    added = np.diff(variance) + (0.5 * step) * (still[1:] + still[:-1])
    np.cumsum(rising[1:] * rising[:-1] * added, out=noise[1:])
    return mean + gone, variance[0] + noise / (rising * rising)


def shared_ahead(counts: Array, able: Array, shared: Array) -> float:
    """Return how many contacts stand before one for its agents.

    Others may be served by agents who cannot serve it, and then are not in its way: of each group
    only the share counts that its own agents have in common with it.

    Args:
        counts: Contacts ahead in each group, shape (groups,).
        able: Agents who may serve the group, shape (groups,).
        shared: Of those, who may serve the contact too, shape (groups,).
    """
    return float(np.sum(counts * shared / np.maximum(able, 1.0)))


def _first_ends(crew: Crew, book: HandleBook, step_s: float) -> Array:
    """Return the chance that each has come free by each time of the grid, shape (places, GRID)."""
    ended = np.ones((len(crew.age_s), GRID))
    busy = np.flatnonzero(crew.age_s >= 0)
    by_queue: dict[str, list[int]] = {}
    for place in busy.tolist():
        by_queue.setdefault(crew.queue_ids[place], []).append(place)
    for queue_id, places in by_queue.items():
        times = book.of(queue_id)
        # Looked up in a table with the grid's step, which serves all agents of the queue.
        whole, part = np.divmod(np.minimum(crew.age_s[places] / step_s, _OLDEST), 1.0)
        start = whole.astype(np.int64)
        table = times.table(step_s, _OLDEST + GRID + 1)
        index = start[:, None] + np.arange(GRID)
        share = part[:, None]
        left = table[index] * (1.0 - share) + table[index + 1] * share
        ended[places] = 1.0 - left / np.maximum(left[:, :1], 1e-300)
    return ended
