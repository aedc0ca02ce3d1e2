"""Candidates: the pairs worth a look, a handful for each contact and each agent.

1. A sample of contacts and agents is priced (`prices.py`), and from it all agents.
2. Every pair that may meet is looked at once: agents stand in shuffled blocks, and of each block a
   contact's best one becomes a candidate, by cost and price and some chance, so that contacts alike
   do not all get the same. Then the other way round, so that no agent goes without.
3. These are priced again, all contacts together now, and those with the largest shares are left.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.assignment.costs import PairCosts
from router.assignment.groups import Group, groups_of, pieces
from router.assignment.prices import (
    EXPONENT_MAX,
    EXPONENT_MIN,
    SMALLEST,
    Pairs,
    sampled_prices,
    shares_of,
)
from router.assignment.problem import Index, Problem, Seconds, Term

COST_S_MAX: Final = 1e6
"""What waits for eleven days is as urgent as can be."""
SEED: Final = 20_261_126
"""Of the shuffle and of chance: the same problem always has the same candidates."""
SAMPLE_MIN: Final = 500
SAMPLE_SHARE: Final = 8
"""At least so many contacts and agents are priced first, or one of so many."""
AGENTS_PRICED_MAX: Final = 2_000
"""Up to so many, all agents are priced, by"""
SAMPLE_PAIRS: Final = 500_000
"""pairs about; fewer raise the gap."""
SAMPLE_SMOOTHING_S: Final = (30.0, 10.0)
SMOOTHING_S: Final = (10.0, 5.0)
ROUNDS: Final = 8
BLOCKS: Final = 32
"""Candidates of each contact before they are priced again."""
CHANCE_ROWS: Final = 32
CHANCE_S: Final = 3.0
AGENTS_EVERY: Final = 4
"""One contact of so many is looked at when agents seek contacts: any will do, not the best."""
PAIRS_OF_CONTACT: Final = 5
PAIRS_OF_AGENT: Final = 2
"""Pairs that are left for each: those with the largest shares."""
PAIRS_WHERE_SCARCE: Final = 10
"""Of each contact where not all can be served: who is served matters as much as by whom."""
SHARE_BITS: Final = 16
PAIR_BITS: Final = 24
"""Of the numbers that are sorted to find them; the rest is left for contacts and agents."""


def candidates(problem: Problem) -> Pairs:
    """Return the pairs worth a look, in no order; one may stand there twice."""
    return priced_candidates(problem)[0]


def priced_candidates(problem: Problem) -> tuple[Pairs, Seconds, Pairs]:
    """Return the pairs worth a look, the price of each agent, and all pairs among which they were.

    The last stand in order of their contacts, costs but for rounding.
    """
    rng = np.random.default_rng(SEED)
    shuffle = rng.permutation(np.flatnonzero(problem.capacity > 0))
    leave_s = np.minimum(problem.leave_s, COST_S_MAX).astype(np.float32)
    capacity = problem.capacity.astype(np.float32)
    groups = groups_of(problem, shuffle)
    if not groups:
        nobody = np.zeros(0, dtype=np.int64)
        none = np.zeros(0, dtype=np.float32)
        pairs = Pairs(nobody, nobody, none)
        return pairs, np.zeros(len(capacity), dtype=np.float32), pairs
    price = _first_prices(groups, leave_s, capacity)
    chance = _chance(rng, len(shuffle) + BLOCKS)
    found = [_looked_at(group, price, chance, leave_s) for group in groups]
    contact = np.concatenate([each.contact for each in found])
    agent = np.concatenate([each.agent for each in found])
    cost = np.concatenate([each.cost for each in found]) - price[agent]
    personal = problem.personal
    own = PairCosts(problem)(personal.contact, personal.agent)
    contact = np.concatenate([contact, personal.contact])
    agent = np.concatenate([agent, personal.agent])
    cost = np.concatenate([cost, own])
    pairs = Pairs(contact, agent, cost)
    order = np.argsort(contact, kind="stable")
    met = pairs.only(order[((cost < leave_s[contact]) & (capacity[agent] > 0))[order]])
    pairs, shares, price = shares_of(met, leave_s, capacity, price, SMOOTHING_S, ROUNDS)
    scarce = len(leave_s) > int(problem.capacity.sum())
    each = PAIRS_WHERE_SCARCE if scarce else PAIRS_OF_CONTACT
    kept = _best(pairs.contact, shares, each) | _best(pairs.agent, shares, PAIRS_OF_AGENT)
    pairs = pairs.only(kept)
    cost = PairCosts(problem)(pairs.contact, pairs.agent)
    pairs = Pairs(pairs.contact, pairs.agent, cost)
    return pairs.only(cost < leave_s[pairs.contact]), price, met


def _chance(rng: np.random.Generator, agents: int) -> Seconds:
    """Return chance after Gumbel: the cheapest by cost and chance is drawn by its share."""
    waits = rng.standard_exponential((CHANCE_ROWS, agents), dtype=np.float32)
    return np.float32(CHANCE_S) * np.log(np.maximum(waits, SMALLEST))


def _best(owner: Index, shares: Seconds, each: int) -> NDArray[np.bool_]:
    """Tell which pairs are among those with the largest shares of their contact or agent."""
    assert len(owner) < 1 << PAIR_BITS, f"{len(owner)} pairs"
    # One sort of packed numbers takes a tenth of the time of a sort by two keys.
    small = ((1 - np.clip(shares, 0, 1)) * ((1 << SHARE_BITS) - 1)).astype(np.int64)
    packed = (((owner << SHARE_BITS) | small) << PAIR_BITS) | np.arange(len(owner))
    packed.sort()
    owners = packed >> (SHARE_BITS + PAIR_BITS)
    chosen = np.ones(len(owner), dtype=np.bool_)
    chosen[each:] = owners[each:] != owners[:-each]
    best = np.zeros(len(owner), dtype=np.bool_)
    best[packed[chosen] & ((1 << PAIR_BITS) - 1)] = True
    return best


def _first_prices(groups: list[Group], leave_s: Seconds, capacity: Seconds) -> Seconds:
    """Return prices of all agents, from a sample."""
    agents = np.flatnonzero(capacity > 0)
    contacts_every, agents_every = _sampling(len(leave_s), len(agents))
    sample = agents[agents_every // 2 :: agents_every]
    place = np.full(len(capacity), -1, dtype=np.int64)
    place[sample] = np.arange(len(sample))
    # One contact of so many in the order of groups, so that each group has its share.
    members: list[tuple[Group, Index]] = []
    offset = contacts_every // 2
    for group in groups:
        members.append((group, group.contacts[offset::contacts_every]))
        offset = (offset - len(group.contacts)) % contacts_every
    total = sum(len(contacts) for _, contacts in members)
    cost = np.full((total, len(sample)), np.inf, dtype=np.float32)
    row = 0
    parts: list[Seconds] = []
    for group, contacts in members:
        part = _costs(group, contacts)
        parts.append(part)
        # One group of everybody needs no scatter.
        whole = len(members) == 1 and agents_every > 1 and len(group.agents) == len(agents)
        if whole:
            sample = group.agents[agents_every // 2 :: agents_every]
            cost = np.ascontiguousarray(part[:, agents_every // 2 :: agents_every])
        else:
            here = np.flatnonzero(place[group.agents] >= 0)
            cost[row : row + len(contacts), place[group.agents[here]]] = part[:, here]
        row += len(contacts)
    chosen = np.concatenate([contacts for _, contacts in members])
    leave = leave_s[chosen]
    price = sampled_prices(
        cost,
        leave,
        capacity[sample] * agents_every,
        contacts_every,
        SAMPLE_SMOOTHING_S,
        ROUNDS,
    )
    if agents_every == 1:
        every = np.zeros(len(capacity), dtype=np.float32)
        every[sample] = price
        return every
    smooth_s = np.float32(SAMPLE_SMOOTHING_S[-1])
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


def _looked_at(group: Group, price: Seconds, chance: Seconds, leave_s: Seconds) -> Pairs:
    """Return candidates of a group's contacts and agents, with price and chance in their cost."""
    width = len(group.agents)
    size = -(-width // min(BLOCKS, width))
    blocks = -(-width // size)
    # Agents that fill up the last block are never chosen.
    agents = np.concatenate([group.agents, np.repeat(group.agents[:1], blocks * size - width)])
    columns = np.concatenate([group.columns, np.repeat(group.columns[:1], len(agents) - width)])
    base_s = np.full(len(agents), np.inf, dtype=np.float32)
    base_s[:width] = group.base_s + price[group.agents]
    priced = Group(group.contacts, agents, columns, base_s, group.terms)
    index = np.arange(len(leave_s)) % CHANCE_ROWS
    # Agents are shuffled, so chance may go by place.
    extra = Term(None, np.ascontiguousarray(chance[:, : len(agents)]), index)
    starts = size * np.arange(blocks)
    found: list[Index] = []
    costs: list[Seconds] = []
    best_s = np.full(len(agents), np.inf, dtype=np.float32)
    best = np.zeros(len(agents), dtype=np.int64)
    worth_s = np.zeros(len(leave_s), dtype=np.float32)
    for contacts, cost in pieces(priced, (extra,)):
        place = cost.reshape(len(contacts), blocks, size).argmin(axis=2)
        place += starts
        seen = np.take_along_axis(cost, place, axis=1)
        found.append(place)
        costs.append(seen)
        few = slice(0, None, AGENTS_EVERY)
        worth = np.minimum(seen[few].min(axis=1), leave_s[contacts[few]])
        worth_s[contacts[few]] = worth
        seeking = np.subtract(cost[few], worth[:, np.newaxis])
        least = seeking.min(axis=0)
        better = least < best_s
        # argmin along columns is ten times slower than this.
        hits = np.flatnonzero(seeking == np.where(better, least, np.nan))
        row, column = np.divmod(hits, len(agents))
        best[column] = contacts[few][row]
        np.minimum(best_s, least, out=best_s)
    place = np.concatenate(found)
    seen = np.concatenate(costs)
    seen -= chance[index[group.contacts, np.newaxis], place]
    met = np.flatnonzero(best_s < np.inf)
    best_s[met] -= chance[index[best[met]], met]
    return Pairs(
        np.concatenate([np.repeat(group.contacts, blocks), best[met]]),
        np.concatenate([agents[place.ravel()], agents[met]]),
        np.concatenate([seen.ravel(), best_s[met] + worth_s[best[met]]]),
    )
