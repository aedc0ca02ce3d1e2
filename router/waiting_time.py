"""How long a contact still waits: a predictive distribution from who is ahead and who works.

A contact is next when the agents who may serve it have come free once more often than contacts
are ahead of it. So the time asked for is that of the (ahead + 1)-th relevant departure:

- an agent who works comes free after the rest of his handle time, given how long it has taken
  already, and then again and again (a renewal process; the handle times seen are the distribution);
- contacts ahead leave of themselves, at the rate that waiting customers were seen to leave;
- more urgent contacts arrive and go first.

Mean and variance of these departures over time are exact for the agents and a linear approximation
for the rest; `departures` tells from them when their number reaches the contact's place.

What all contacts share is computed once (`Outlook`), and what differs between them for all of them
in one go. What remains wrong is corrected by `wait_calibration`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.wait_forecast import WaitForecast
from router.departures import GRID, STEPS, first_free, reached, with_leaving
from router.wait_model import SAMPLES_MIN, Array, HandleTimes

STEPS_PER_MEAN: Final = 8
"""Steps of the grid in a mean handle time: it reaches over 6 of them."""
FORECAST_S_MAX: Final = 14_400.0
"""Nobody is told more than four hours: later is not a forecast."""
RENEWALS_EVERY: Final = 16
"""Of the handle times known, one in so many may be new before how an agent goes on is computed
again, which takes half a millisecond."""
AHEAD_MIN: Final = 0.25
"""With fewer ahead a contact is next."""
_OLDEST: Final = 256
"""Steps of the grid, 32 mean handle times: whoever works for longer is treated as if that long."""
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Contacts whose waits are asked for.

    Attributes:
        able: Which places of the crew may serve each kind of contact, shape (kinds, places).
        kind: The row in `able` of each contact, shape (n,).
        ahead: Contacts ahead of it for these agents, not whole where they share only some of
            them; see `departures.shared_ahead`.
        leave_rate_per_s: Of each of those, while they wait.
        urgent_rate_per_s: Contacts that will arrive and go before it.
    """

    able: NDArray[np.bool_]
    kind: NDArray[np.int64]
    ahead: Array
    leave_rate_per_s: Array
    urgent_rate_per_s: Array

    def only(self, chosen: NDArray[np.int64]) -> "Asked":
        """Return some of them."""
        return Asked(
            self.able,
            self.kind[chosen],
            self.ahead[chosen],
            self.leave_rate_per_s[chosen],
            self.urgent_rate_per_s[chosen],
        )


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
        ended = 1.0 - times.survival(STEPS * step_s)
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

    def forecasts(self, asked: Asked, ring_s: float = 0.0) -> list[WaitForecast | None]:
        """Return how long contacts still wait, before any calibration.

        Args:
            asked: What is known of each.
            ring_s: Mean seconds from an offer to its answer.

        Returns:
            None where nothing can be said of a contact: nobody works who may serve it, or the half
            of such contacts would wait longer than four hours.
        """
        steps = np.empty((len(asked.kind), 3))
        next_ = (asked.ahead < AHEAD_MIN) & (asked.urgent_rate_per_s <= 0)
        for kind in np.unique(asked.kind[next_]).tolist():
            steps[next_ & (asked.kind == kind)] = first_free(asked.able[kind] @ self.hazard)
        others = np.flatnonzero(~next_)
        if len(others):
            steps[others] = self._departures(asked.only(others))
        percentiles_s = steps * self.step_s + ring_s
        by_kind = [bool(row.any()) for row in asked.able]
        served = [by_kind[kind] for kind in asked.kind.tolist()]
        return [
            _told(*three) if is_served else None
            for three, is_served in zip(percentiles_s.tolist(), served, strict=True)
        ]

    def _departures(self, asked: Asked) -> Array:
        """Return after how many steps of the grid there were enough departures, shape (n, 3)."""
        able = asked.able.astype(np.float64)
        mean, variance = (able @ self.mean)[asked.kind], (able @ self.variance)[asked.kind]
        times_s = self.step_s * STEPS
        more = np.maximum(asked.urgent_rate_per_s, 0.0)[:, None] * times_s
        mean, variance = mean - more, variance + more
        leaving = np.flatnonzero((asked.leave_rate_per_s > 0) & (asked.ahead > 0))
        if len(leaving):
            left = np.minimum(asked.leave_rate_per_s[leaving, None] * times_s, 50.0)
            mean[leaving], variance[leaving] = with_leaving(
                mean[leaving], variance[leaving], asked.ahead[leaving], left
            )
        return reached(mean, variance, asked.ahead + 0.5)


def _told(p10_s: float, p50_s: float, p90_s: float) -> WaitForecast | None:
    if p50_s > FORECAST_S_MAX:
        return None
    p90_s = min(p90_s, FORECAST_S_MAX)
    # Swanson's rule: the mean of a skewed distribution from three of its percentiles.
    mean_s = 0.3 * p10_s + 0.4 * p50_s + 0.3 * p90_s
    return WaitForecast(p50_s=p50_s, p90_s=max(p50_s, p90_s), mean_s=mean_s)


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
