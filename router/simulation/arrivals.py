"""Who comes and when: a Poisson process whose rate follows the shape of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from config.workload import Workload, seconds_of
from domain.contact import Channel
from router.simulation.centre import DAY_S
from router.simulation.draws import key_of, weibull

Name = TypeVar("Name")

_PATIENCE: Final = 1
_ARRIVALS: Final = 0x5EED
CROWD_EXPONENT: Final = 2.0
"""Customers differ in how often they come: number x of n is chosen as n * u**2, so that a tenth
of them makes a third of all contacts."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One customer's request.

    Attributes:
        at_s: Seconds since the midnight before the first day.
        key: Of all draws about this contact.
        topic: None: the customer's file does not say; one is drawn.
        value: None: the customer's own.
        attempt: 1 is the first.
    """

    contact_id: str
    at_s: float
    channel: Channel
    queue_id: str
    customer_id: str
    patience_s: float
    key: int
    topic: str
    language: str | None = None
    value: int | None = None
    attempt: int = 1


def arrivals_of(workload: Workload, seed: int, day: int) -> list[Arrival]:
    """Draw the contacts of one day that are not repeated ones, in order of time.

    Their number is of the Poisson distribution and their times are independent with the density
    of the shape: a non-homogeneous Poisson process.
    """
    random = np.random.Generator(np.random.PCG64((_ARRIVALS, seed, day)))
    count = int(random.poisson(workload.contacts_per_day))
    times = np.sort(_times(workload.shape, random.random(count)))
    queues = _choose(random.random(count), [queue.share for queue in workload.queues])
    channel_at, topic_at = random.random(count), random.random(count)
    crowd = workload.customers.count
    customers = (random.random(count) ** CROWD_EXPONENT * crowd).astype(np.int64)
    found = []
    for number in range(count):
        load = workload.queues[queues[number]]
        name = pick(load.channels, channel_at[number])
        key = key_of(seed, day, number)
        way = workload.channel(name)
        found.append(
            Arrival(
                contact_id=f"d{day}-{number}",
                at_s=day * DAY_S + float(times[number]),
                channel=Channel(name),
                queue_id=load.id,
                customer_id=f"c{customers[number]}",
                patience_s=weibull(key, _PATIENCE, way.patience_s, way.patience_shape),
                key=key,
                topic=pick(
                    {topic: entry.share for topic, entry in load.topics.items()}, topic_at[number]
                ),
            )
        )
    return found


def pick(shares: Mapping[Name, float], place: float) -> Name:
    """Return the name at a place from 0 to 1 when all stand side by side, as wide as they are."""
    rest = place * sum(shares.values())
    for name, share in shares.items():
        rest -= share
        if rest < 0:
            return name
    return name


def _choose(places: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.int64]:
    edges = np.cumsum(shares)
    found = np.searchsorted(edges, places * edges[-1], side="right")
    chosen: NDArray[np.int64] = np.minimum(found, len(shares) - 1)
    return chosen


def _times(shape: Mapping[str, float], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the times at which the part `places` of a day's contacts have come.

    Between two times of the shape the rate is a straight line, so what has come is a parabola,
    whose inverse is a square root.
    """
    at = np.array([seconds_of(clock) for clock in shape])
    rate = np.array(list(shape.values()), dtype=np.float64)
    width = np.diff(at)
    mass = width * (rate[:-1] + rate[1:]) / 2
    edges = np.concatenate(([0.0], np.cumsum(mass)))
    wanted = places * edges[-1]
    part = np.clip(np.searchsorted(edges, wanted, side="right") - 1, 0, len(mass) - 1)
    rest = wanted - edges[part]
    slope = (rate[part + 1] - rate[part]) / width[part]
    root = np.sqrt(np.maximum(rate[part] ** 2 + 2 * slope * rest, 0.0))
    # 2 rest / (rate + root) is the root of the parabola that is stable for a slope of 0 too.
    gone = np.where(rest > 0, 2 * rest / np.maximum(rate[part] + root, 1e-300), 0.0)
    times: NDArray[np.float64] = np.minimum(at[part] + gone, at[part + 1])
    return times
