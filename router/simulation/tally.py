"""The tally: what a played day was worth, in the figures that contact centres are led by.

Waits, service level and abandonment are those of live contacts, calls and chats, whose customers
are there while they wait; a mail that waits for hours would drown them. Messages and mails have
their own figures in `channels`. What was resolved counts over all.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, pstdev
from typing import Final

from domain.contact import Channel
from router.simulation.case import Case, End
from router.simulation.centre import DAY_S
from router.simulation.world import World

LIVE: Final = frozenset({Channel.VOICE, Channel.CHAT})
STARVED_S: Final = 1_800.0
"""Half an hour: whoever waits longer was forgotten, whatever the load."""
SLOT_S: Final = 1_800.0
"""Waits over the day are told by half hours."""
SLOTS: Final = int(DAY_S / SLOT_S)

Figures = dict[str, float]


def figures_of(world: World) -> Figures:
    """Return the figures of a played world; what nothing can be said about is left out."""
    cases = list(world.cases.values())
    live = [case for case in cases if case.arrival.channel in LIVE]
    figures = _waits(live, world)
    figures |= _outcomes(cases)
    figures |= _agents(world)
    figures |= _calibration(live, world.end_s)
    figures["contacts"] = float(len(cases))
    figures["no_answers"] = float(world.no_answers)
    figures["cut_off"] = float(sum(_dropped(case) for case in cases))
    for end in End:
        figures[f"ended_{end.value}"] = float(sum(case.end is end for case in cases))
    return figures


def channels_of(world: World) -> dict[str, Figures]:
    """Return waits and outcomes by channel, of the channels that were used."""
    found: dict[str, list[Case]] = {}
    for case in world.cases.values():
        found.setdefault(case.arrival.channel.value, []).append(case)
    return {
        name: {"contacts": float(len(found[name]))}
        | _waits(found[name], world)
        | _outcomes(found[name])
        for name in sorted(found)
    }


def course_of(world: World) -> list[list[float]]:
    """Return, for each half hour, the waits of live contacts that came in it and their number.

    The waits are a sum in seconds, so that days can be put together.
    """
    sums = [[0.0, 0.0] for _ in range(SLOTS)]
    for case in world.cases.values():
        if case.arrival.channel in LIVE:
            slot = sums[int(case.arrival.at_s % DAY_S / SLOT_S)]
            slot[0] += case.wait_until(world.end_s)
            slot[1] += 1
    return sums


def _waits(cases: Sequence[Case], world: World) -> Figures:
    if not cases:
        return {}
    queues = {queue_id: queue.service_level.target_s for queue_id, queue in world.queues.items()}
    answered = [case for case in cases if case.end is End.SERVED]
    gone = [case for case in cases if case.end is End.ABANDONED]
    waits = sorted(case.wait_until(world.end_s) for case in cases)
    in_time = sum(case.waited_s <= queues[case.arrival.queue_id] for case in answered)
    gone_early = sum(case.waited_s <= queues[case.arrival.queue_id] for case in gone)
    value = sum(case.value for case in cases)
    figures = {
        "p95_wait_s": quantile(waits, 0.95),
        "max_wait_s": waits[-1],
        "abandon_pct": 100 * len(gone) / len(cases),
        "value_weighted_wait_s": sum(
            case.value * case.wait_until(world.end_s) for case in cases
        ) / value,
        "starved_pct": 100 * sum(wait > STARVED_S for wait in waits) / len(cases),
        "served": float(len(answered)),
    }  # fmt: skip
    if answered:
        figures["asa_s"] = fmean(case.waited_s for case in answered)
        figures["service_level_pct"] = 100 * in_time / len(answered)
    if answered or gone:
        ended = len(answered) + len(gone)
        figures["service_level_abandoned_pct"] = 100 * (in_time + gone_early) / ended
    for tier in (1, 5):
        of_tier = [case.wait_until(world.end_s) for case in cases if case.value == tier]
        if of_tier:
            figures[f"tier_{tier}_wait_s"] = fmean(of_tier)
    return figures


def _outcomes(cases: Iterable[Case]) -> Figures:
    figures: Figures = {}
    finished = [case for case in cases if case.finished_s is not None and case.fate is not None]
    first = [case for case in finished if not case.repeat]
    if first:
        figures["resolution_pct"] = 100 * fmean(_resolved(case) for case in first)
    if finished:
        figures["resolved_pct"] = 100 * fmean(_resolved(case) for case in finished)
        figures["repeat_pct"] = 100 * fmean(case.repeat for case in finished)
        figures["handle_s"] = fmean(case.fate.handle_s for case in finished if case.fate)
    judged = [case.fate.satisfied for case in finished if case.fate is not None]
    judged += [0.0 for case in cases if case.end is End.ABANDONED]
    if judged:
        figures["satisfaction_index"] = 100 * fmean(judged)
    return figures


def _agents(world: World) -> Figures:
    shares = []
    counts = []
    for agent_id, paid_s in world.paid_s.items():
        if paid_s > 0:
            shares.append(min(1.0, world.busy_s[agent_id] / paid_s))
            counts.append(world.served[agent_id] / paid_s)
    return {
        "occupancy_pct": 100 * fmean(shares),
        "occupancy_spread": 100 * pstdev(shares),
        "occupancy_gini": gini(shares),
        "contacts_gini": gini(counts),
    }


def _calibration(cases: Iterable[Case], end_s: float) -> Figures:
    """Return how often a wait was no longer than told, for those told that they have to wait."""
    told = [case for case in cases if case.told is not None and case.told.p50_s > 0]
    figures: Figures = {}
    for name, limits in (
        ("told_p50_pct", [case.told.p50_s for case in told if case.told]),
        ("told_p90_pct", [case.told.p90_s for case in told if case.told and case.told.p90_s]),
    ):
        if limits and len(limits) == len(told):
            ratios = [
                (case.wait_until(end_s) / limit, case.end is End.SERVED)
                for case, limit in zip(told, limits, strict=True)
            ]
            figures[name] = 100 * share_within(ratios, 1.0)
    if told:
        figures["told"] = float(len(told))
    return figures


def share_within(times: Iterable[tuple[float, bool]], limit: float) -> float:
    """Return the share of times that are at most `limit`, where some were only seen in part.

    Args:
        times: Each time, and whether it was seen to its end; else it would have been longer.
        limit: In the unit of the times.

    Source:
        Kaplan, Meier: Nonparametric estimation from incomplete observations, 1958. Customers who
        give up hide how long they would have waited; leaving them out would flatter the estimate.
    """
    ordered = sorted(times, key=lambda one: (one[0], not one[1]))
    left, at_risk = 1.0, len(ordered)
    for time, seen in ordered:
        if time > limit:
            break
        if seen:
            left *= 1 - 1 / at_risk
        at_risk -= 1
    return 1 - left


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of values in order, between two by a straight line."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient of values of 0 or more.

    0 for equal ones, near 1 when one has all; 0 when nobody has anything.
    """
    ordered = sorted(values)
    total, count = sum(ordered), len(ordered)
    if not total:
        return 0.0
    ranked = sum(rank * value for rank, value in enumerate(ordered, 1))
    return 2 * ranked / (count * total) - (count + 1) / count


def _resolved(case: Case) -> bool:
    return case.fate is not None and case.fate.resolved


def _dropped(case: Case) -> bool:
    return case.fate is not None and case.finished_s is not None and case.fate.dropped


def merged(courses: Iterable[Sequence[Sequence[float]]]) -> list[float | None]:
    """Return the mean wait by half hour over several days, None where nobody came."""
    sums = [[0.0, 0.0] for _ in range(SLOTS)]
    for course in courses:
        for slot, (waited_s, number) in zip(sums, course, strict=True):
            slot[0] += waited_s
            slot[1] += number
    return [waited_s / number if number else None for waited_s, number in sums]


def known_names(figures: Iterable[Mapping[str, float]]) -> list[str]:
    """Return the names that all of these figures have, in the order of the first."""
    rows = list(figures)
    return [name for name in rows[0] if all(name in row for row in rows)] if rows else []
