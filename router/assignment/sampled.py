"""First prices of agents, from a sample of contacts and agents."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from router.assignment.groups import Group, pieces
from router.assignment.prices import (
    EXPONENT_MAX,
    EXPONENT_MIN,
    SMOOTHING_S,
    sampled_prices,
)
from router.assignment.problem import Index, Seconds

SAMPLE_MIN: Final = 500
SAMPLE_SHARE: Final = 8
"""At least so many contacts and agents are priced first, or one of so many."""
AGENTS_PRICED_MAX: Final = 2_000
"""Up to so many, all agents are priced, by"""
SAMPLE_PAIRS: Final = 250_000
"""pairs about; fewer raise the gap."""


def first_prices(
    groups: Sequence[Group], leave_s: Seconds, capacity: Seconds, *, scarce: bool
) -> Seconds:
    """Return prices of all agents, from a sample; `scarce`: not all contacts can be served."""
    agents = np.flatnonzero(capacity > 0)
    contacts_every, agents_every = _sampling(len(leave_s), len(agents))
    sample = agents[agents_every // 2 :: agents_every]
    place = np.full(len(capacity), -1, dtype=np.int64)
    place[sample] = np.arange(len(sample))
    # One contact of so many in the order of groups, so that each group has its share.
    members: list[tuple[Group, Index]] = []
    offset = contacts_every // 2
    for group in groups:
        contacts = group.contacts
        if len(groups) == 1 and group.terms:
            contacts = contacts[np.argsort(group.terms[0].index[contacts], kind="stable")]
        members.append((group, contacts[offset::contacts_every]))
        offset = (offset - len(contacts)) % contacts_every
    parts = [_costs(group, contacts) for group, contacts in members]
    if len(groups) == 1:
        sample = groups[0].agents[agents_every // 2 :: agents_every]
        cost = np.ascontiguousarray(parts[0][:, agents_every // 2 :: agents_every])
    else:
        total = sum(len(contacts) for _, contacts in members)
        cost = np.full((total, len(sample)), np.inf, dtype=np.float32)
        row = 0
        for (group, contacts), part in zip(members, parts, strict=True):
            here = np.flatnonzero(place[group.agents] >= 0)
            cost[row : row + len(contacts), place[group.agents[here]]] = part[:, here]
            row += len(contacts)
    chosen = np.concatenate([contacts for _, contacts in members])
    leave = leave_s[chosen]
    places = capacity[sample] * agents_every
    price = sampled_prices(cost, leave, places, contacts_every, scarce=scarce)
    if agents_every == 1:
        every = np.zeros(len(capacity), dtype=np.float32)
        every[sample] = price
        return every
    smooth_s = np.float32(SMOOTHING_S)
    cost += price
    least = np.minimum(cost.min(axis=1), leave)
    cost -= least[:, np.newaxis]
    cost /= -smooth_s
    np.maximum(cost, EXPONENT_MIN, out=cost)
    spread = np.exp(cost, out=cost).sum(axis=1) * agents_every
    spread += np.exp((least - leave) / smooth_s)
    worth = least - smooth_s * np.log(spread)
    sought = np.zeros(len(capacity), dtype=np.float32)
    row = 0
    for (group, contacts), part in zip(members, parts, strict=True):
        share = worth[row : row + len(contacts), np.newaxis] - part
        share /= smooth_s
        np.clip(share, EXPONENT_MIN, EXPONENT_MAX, out=share)
        sought[group.agents] += np.exp(share, out=share).sum(axis=0)
        row += len(contacts)
    sought *= contacts_every
    return smooth_s * np.log(np.maximum(sought / np.maximum(capacity, 1), 1.0))


def _sampling(contacts: int, agents: int) -> tuple[int, int]:
    """Tell of how many contacts and agents one each is in the sample."""
    if agents <= AGENTS_PRICED_MAX:
        return max(1, min(SAMPLE_SHARE, contacts * agents // SAMPLE_PAIRS)), 1
    return _every(contacts), _every(agents)


def _every(count: int) -> int:
    return max(1, min(SAMPLE_SHARE, count // SAMPLE_MIN))


def _costs(group: Group, contacts: Index) -> Seconds:
    """Return what some contacts of a group cost by each of its agents."""
    few = replace(group, contacts=contacts)
    parts = [cost.copy() for _, cost in pieces(few)]
    return np.concatenate(parts) if parts else np.zeros((0, len(group.agents)), np.float32)
