"""Policies beside each other: means over seeds, intervals, and differences in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from scipy.special import stdtrit

from config.workload import Workload
from router.simulation.arrivals import Arrival, arrivals_of
from router.simulation.centre import Centre
from router.simulation.policies import LEARNING, dispatcher
from router.simulation.referee import Referee
from router.simulation.tally import (
    Figures,
    channels_of,
    course_of,
    figures_of,
    known_names,
    merged,
)
from router.simulation.world import World

CONFIDENCE: Final = 0.95
REQUIRED: Final[tuple[str, ...]] = (
    "asa_s",
    "p95_wait_s",
    "service_level_pct",
    "abandon_pct",
    "resolution_pct",
    "value_weighted_wait_s",
    "max_wait_s",
    "occupancy_spread",
)
"""Figures that stand first in every report."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one policy made of the days of one seed.

    Attributes:
        course: By half hour of the day: sum of waits in seconds, contacts.
    """

    policy: str
    seed: int
    figures: Figures
    channels: dict[str, Figures]
    course: list[list[float]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds.

    Attributes:
        low, high: Ends of the confidence interval; equal to the mean with a single seed.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Interval":
        """Return the mean of independent values with Student's interval of 95 %."""
        mean, count = fmean(values), len(values)
        if count < 2:
            return cls(mean, mean, mean)
        t = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
        half = t * stdev(values) / sqrt(count)
        return cls(mean, mean - half, mean + half)

    def plain(self) -> dict[str, float | list[float]]:
        """Return it as JSON has it."""
        return {"mean": _short(self.mean), "ci95": [_short(self.low), _short(self.high)]}


def play(
    centre: Centre, policy: str, *, days: int = 1, arrivals: Sequence[Arrival] | None = None
) -> Played:
    """Play the days of one seed with one policy.

    Args:
        centre: Drawn from the seed.
        policy: One of `policies.ALL`.
        days: How many.
        arrivals: Who comes on the first day; None: they are drawn from the workload.

    Raises:
        SimulationError: The policy broke a rule.
    """
    world = world_of(centre, policy, days=days, arrivals=arrivals).run()
    return Played(policy, centre.seed, figures_of(world), channels_of(world), course_of(world))


def world_of(
    centre: Centre, policy: str, *, days: int = 1, arrivals: Sequence[Arrival] | None = None
) -> World:
    """Return a world that is ready to be played; see `play`."""
    learning = LEARNING.get(policy, False)
    faults = centre.workload.faults
    policies = [centre.policy(learning=learning)]
    if faults.reloads:
        policies.append(centre.policy(learning=learning, without=faults.removed))
    if arrivals is None:
        arrivals = [
            arrival
            for day in range(days)
            for arrival in arrivals_of(centre.workload, centre.seed, day)
        ]
    return World(
        centre,
        dispatcher(policy, centre, now_s=0.0),
        Referee(policy, policies[0]),
        policies=policies,
        arrivals=arrivals,
        days=days,
    )


def intervals(played: Sequence[Played]) -> dict[str, Interval]:
    """Return the means of one policy over its seeds, the required figures first."""
    names = known_names(one.figures for one in played)
    ordered = [name for name in REQUIRED if name in names]
    ordered += [name for name in names if name not in REQUIRED]
    return {name: Interval.of([one.figures[name] for one in played]) for name in ordered}


def differences(played: Sequence[Played], against: Sequence[Played]) -> dict[str, Interval]:
    """Return the means of the differences in pairs of equal seeds.

    Both were played with the same customers, so a difference is known far better than the two
    figures are.
    """
    other = {one.seed: one.figures for one in against}
    pairs = [(one.figures, other[one.seed]) for one in played if one.seed in other]
    names = known_names(side for pair in pairs for side in pair)
    return {
        name: Interval.of([mine[name] - theirs[name] for mine, theirs in pairs]) for name in names
    }


def report(workload: Workload, played: Sequence[Played], *, baseline: str) -> dict[str, object]:
    """Return everything as JSON has it, in the order in which policies were first played."""
    by_policy: dict[str, list[Played]] = {}
    for one in played:
        by_policy.setdefault(one.policy, []).append(one)
    seeds = sorted({one.seed for one in played})
    policies: dict[str, object] = {}
    for name, rows in by_policy.items():
        figures: dict[str, object] = {
            key: interval.plain() for key, interval in intervals(rows).items()
        }
        figures["channels"] = _channels(rows)
        if name != baseline and baseline in by_policy:
            figures["difference"] = {
                key: interval.plain()
                for key, interval in differences(rows, by_policy[baseline]).items()
            }
        figures["wait_s_by_half_hour"] = [
            None if mean is None else _short(mean) for mean in merged(one.course for one in rows)
        ]
        policies[name] = figures
    return {
        "seeds": len(seeds),
        "first_seed": seeds[0],
        "workload": workload.name,
        "baseline": baseline,
        "policies": policies,
    }


def _channels(rows: Sequence[Played]) -> dict[str, object]:
    names = [name for name in rows[0].channels if all(name in one.channels for one in rows)]
    return {
        name: {
            key: Interval.of([one.channels[name][key] for one in rows]).plain()
            for key in known_names(one.channels[name] for one in rows)
        }
        for name in names
    }


def _short(value: float) -> float:
    return round(value, 4)


def mean_of(figures: Mapping[str, object], name: str) -> tuple[float, float, float] | None:
    """Return mean, low and high of a figure of a report; None where it is not known."""
    entry = figures.get(name)
    if not isinstance(entry, dict):
        return None
    low, high = entry["ci95"]
    return entry["mean"], low, high
