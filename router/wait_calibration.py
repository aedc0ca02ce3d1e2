"""What forecasts of waits were worth, and what they are corrected by.

Each percentile has a factor that follows what happened: when more than half of the waits end before
the median that was told, it sinks, else it grows. A customer who leaves before his forecast is over
says only that he was not answered until then; he counts with the chance that the forecast itself
gives to the rest.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from math import exp, log
from typing import Final

from domain.wait_forecast import WaitForecast

TOLD_MAX: Final = 10_000
"""Forecasts that wait for their end; the oldest is forgotten."""
FACTOR_MAX: Final = 4.0
"""A forecast is never stretched or shrunk by more: then it is the model that is wrong."""
RATE_MIN: Final = 0.01
"""Weight of one wait once there are many: about the last hundred matter."""
RATE_FIRST: Final = 0.1
SURE_S: Final = 1.0
"""A forecast of less says "at once", and teaches nothing about longer ones."""


@dataclass(slots=True)
class _Percentile:
    chance: float
    logarithm: float = 0.0
    seen: int = 0

    def follow(self, below: float) -> None:
        """Take in with which chance a wait ended before what was told."""
        self.seen += 1
        rate = max(RATE_MIN, RATE_FIRST / (1.0 + self.seen / 25.0))
        limit = log(FACTOR_MAX)
        moved = self.logarithm + rate * (self.chance - below)
        self.logarithm = min(limit, max(-limit, moved))

    @property
    def factor(self) -> float:
        return exp(self.logarithm)


class Calibration:
    """The correction of one queue's forecasts.

    Attributes:
        answered: Contacts with a forecast that an agent answered.
        within_p50, within_p90: Of those, how many before that percentile.
    """

    def __init__(self) -> None:
        """Begin with the model as it is."""
        self.answered = 0
        self.within_p50 = 0
        self.within_p90 = 0
        self._p50 = _Percentile(0.5)
        self._p90 = _Percentile(0.9)

    @property
    def factors(self) -> tuple[float, float]:
        """What the median and the 90th percentile are multiplied by."""
        return self._p50.factor, self._p90.factor

    def corrected(self, forecast: WaitForecast) -> WaitForecast:
        """Return a forecast as it is to be told."""
        p50_s = forecast.p50_s * self._p50.factor
        p90_s = max(p50_s, forecast.p90_s * self._p90.factor)
        # The mean lies with the median; its tail with the 90th percentile.
        share = 0.5 * (self._p50.factor + self._p90.factor)
        return replace(forecast, p50_s=p50_s, p90_s=p90_s, mean_s=forecast.mean_s * share)

    def answer(self, told: WaitForecast, waited_s: float) -> None:
        """An agent has answered so long after the forecast was told."""
        if told.p50_s < SURE_S:
            return
        self.answered += 1
        self.within_p50 += waited_s <= told.p50_s
        self.within_p90 += waited_s <= told.p90_s
        self._p50.follow(float(waited_s <= told.p50_s))
        self._p90.follow(float(waited_s <= told.p90_s))

    def leave(self, told: WaitForecast, waited_s: float) -> None:
        """The customer has left so long after the forecast was told."""
        if told.p50_s < SURE_S:
            return
        passed = _chance(told, waited_s)
        for percentile, limit_s in ((self._p50, told.p50_s), (self._p90, told.p90_s)):
            chance = percentile.chance
            rest = (chance - passed) / (1.0 - passed) if waited_s < limit_s else 0.0
            percentile.follow(max(0.0, rest))


def _chance(told: WaitForecast, waited_s: float) -> float:
    """Return the chance, by the forecast, of an answer before this; at most 0.9."""
    if waited_s <= told.p50_s:
        return 0.5 * waited_s / told.p50_s
    span_s = told.p90_s - told.p50_s
    return 0.9 if span_s <= 0 else min(0.9, 0.5 + 0.4 * (waited_s - told.p50_s) / span_s)


class ForecastBook:
    """The first forecast of each contact, until it is known how it ended."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._told: OrderedDict[str, tuple[str, WaitForecast, float]] = OrderedDict()
        self._by_queue: dict[str, Calibration] = {}

    def __len__(self) -> int:
        return len(self._told)

    def of(self, queue_id: str) -> Calibration:
        """Return the correction of a queue."""
        return self._by_queue.setdefault(queue_id, Calibration())

    def forget_queue(self, queue_id: str) -> None:
        """Drop a queue that is no more."""
        self._by_queue.pop(queue_id, None)

    def tell(
        self, contact_id: str, queue_id: str, forecast: WaitForecast, now_s: float
    ) -> WaitForecast:
        """Return the forecast as it is to be told, and remember a contact's first one."""
        told = self.of(queue_id).corrected(forecast)
        if contact_id not in self._told:
            self._told[contact_id] = (queue_id, told, now_s)
            if len(self._told) > TOLD_MAX:
                self._told.popitem(last=False)
        return told

    def answered(self, contact_id: str, now_s: float) -> None:
        """An agent has answered; harmless for a contact without a forecast."""
        found = self._told.pop(contact_id, None)
        if found is not None:
            queue_id, told, at_s = found
            self.of(queue_id).answer(told, now_s - at_s)

    def left(self, contact_id: str, now_s: float) -> None:
        """The customer has left, or may wait no longer; harmless as above."""
        found = self._told.pop(contact_id, None)
        if found is not None:
            queue_id, told, at_s = found
            self.of(queue_id).leave(told, now_s - at_s)
