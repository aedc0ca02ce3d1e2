"""Candidates: the pairs worth a look, a handful for each contact and each agent.

1. A sample of contacts and agents is priced, and from it all agents (`sampled.py`).
2. Every pair that may meet is looked at once. By cost and price, the best few dozen of a contact
   become candidates; how dear these may be is told from some of the agents, which is faster than
   putting all in order. Where very many are as good, as of contacts and agents alike, chance leaves
   each contact others of them. Then the other way round, so that no agent goes without.
3. These are priced again, all contacts together now, and those with the largest shares are left.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.assignment.costs import PairCosts
from router.assignment.groups import Group, groups_of, pieces
from router.assignment.prices import SMALLEST, Pairs, shares_of
from router.assignment.problem import Index, Problem, Seconds
from router.assignment.sampled import first_prices

COST_S_MAX: Final = 1e6
"""What waits for eleven days is as urgent as can be."""
SEED: Final = 20_261_126
"""Of chance: the same problem always has the same candidates."""
SMOOTHING_S: Final = (10.0, 5.0)
ROUNDS: Final = 8
NEAREST: Final = 24
"""Candidates of each contact, about, before they are priced again."""
AGENTS_TOLD_BY: Final = 8
"""One agent of so many is asked how dear the nearest are."""
NEAR_S: Final = 3.0
"""Who is as near as that to the best is a candidate."""
MANY: Final = 96
"""Candidates of each contact on average where chance leaves only some of them."""
CHANCE_ROWS: Final = 32
CHANCE_S: Final = 3.0
"""Of chance in what a pair costs where agents were priced from a sample of them; fewer of those
priced too low are everybody's candidates then."""
AGENTS_EVERY: Final = 4
"""One contact of so many is looked at when agents seek contacts: any will do, not the best."""
PAIRS_OF_CONTACT: Final = 5
PAIRS_OF_AGENT: Final = 5
"""Pairs that are left for each: those with the largest shares."""
PAIRS_WHERE_SCARCE: Final = 10
"""Of each contact where not all can be served: who is served matters as much as by whom."""
UNEQUAL: Final = 0.02
"""By how much of it chance lowers a share, so that contacts alike do not keep the same pairs."""
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
    leave_s = np.minimum(problem.leave_s, COST_S_MAX).astype(np.float32)
    capacity = problem.capacity.astype(np.float32)
    groups = groups_of(problem)
    if not groups:
        nobody = np.zeros(0, dtype=np.int64)
        none = np.zeros(0, dtype=np.float32)
        pairs = Pairs(nobody, nobody, none)
        return pairs, np.zeros(len(capacity), dtype=np.float32), pairs
    scarce = len(leave_s) > int(problem.capacity.sum())
    price = first_prices(groups, leave_s, capacity, scarce=scarce)
    chance = rng.random((CHANCE_ROWS, len(capacity)), dtype=np.float32)
    chance_s = _after_gumbel(chance) if len(groups) > 1 else None
    found = [_looked_at(group, price, chance, chance_s, leave_s) for group in groups]
    personal = problem.personal
    own = PairCosts(problem)(personal.contact, personal.agent)
    found.append(Pairs(personal.contact, personal.agent, own))
    contact = np.concatenate([each.contact for each in found])
    agent = np.concatenate([each.agent for each in found])
    cost = np.concatenate([each.cost for each in found])
    order = np.argsort(contact, kind="stable")
    met = Pairs(contact, agent, cost).only(order)
    met = met.only((met.cost < leave_s[met.contact]) & (capacity[met.agent] > 0))
    pairs, shares, price = shares_of(met, leave_s, capacity, price, SMOOTHING_S, ROUNDS)
    shares *= 1 - np.float32(UNEQUAL) * rng.random(len(shares), dtype=np.float32)
    each = PAIRS_WHERE_SCARCE if scarce else PAIRS_OF_CONTACT
    kept = _best(pairs.contact, shares, each) | _best(pairs.agent, shares, PAIRS_OF_AGENT)
    pairs = pairs.only(kept)
    cost = PairCosts(problem)(pairs.contact, pairs.agent)
    pairs = Pairs(pairs.contact, pairs.agent, cost)
    return pairs.only(cost < leave_s[pairs.contact]), price, met


def _after_gumbel(chance: Seconds) -> Seconds:
    """Return seconds of chance: the cheapest by cost and these is drawn by its share."""
    waits = -np.log1p(-chance)
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


def _looked_at(
    group: Group, price: Seconds, chance: Seconds, chance_s: Seconds | None, leave_s: Seconds
) -> Pairs:
    """Return candidates of a group's contacts and agents, with `chance_s` in what pairs cost."""
    width = len(group.agents)
    own_s = price[group.agents]
    priced = replace(group, base_s=group.base_s + own_s)
    found: list[Index] = []
    costs: list[Seconds] = []
    best_s = np.full(width, np.inf, dtype=np.float32)
    best = np.zeros(width, dtype=np.int64)
    worth_s = np.zeros(len(leave_s), dtype=np.float32)
    begin = 0
    for contacts, piece in pieces(priced):
        cost = piece
        leave = leave_s[contacts]
        worth = np.minimum(cost.min(axis=1), leave)
        if chance_s is not None:
            cost += chance_s[contacts % CHANCE_ROWS, :width]
        near = cost < _limits(cost, worth, leave, own_s)
        count = np.count_nonzero(near)
        if count > MANY * len(contacts):
            share = MANY / np.maximum(np.count_nonzero(near, axis=1), MANY)
            near &= chance[contacts % CHANCE_ROWS, :width] < share[:, np.newaxis]
        place = np.flatnonzero(near)
        found.append(place + begin * width)
        costs.append(cost.ravel()[place])
        few = slice(None, None, AGENTS_EVERY)
        worth_s[contacts[few]] = worth[few]
        seeking = cost[few] - worth[few, np.newaxis]
        least = seeking.min(axis=0)
        # argmin along columns is ten times slower than this.
        hits = np.flatnonzero(seeking == np.where(least < best_s, least, np.nan))
        row, column = np.divmod(hits, width)
        best[column] = contacts[few][row]
        np.minimum(best_s, least, out=best_s)
        begin += len(contacts)
    row, column = np.divmod(np.concatenate(found), width)
    seen = np.concatenate(costs) - own_s[column]
    if chance_s is not None:
        seen -= chance_s[group.contacts[row] % CHANCE_ROWS, column]
        best_s -= chance_s[best % CHANCE_ROWS, np.arange(width)]
    met = np.flatnonzero(best_s < np.inf)
    return Pairs(
        np.concatenate([group.contacts[row], best[met]]),
        np.concatenate([group.agents[column], group.agents[met]]),
        np.concatenate([seen, best_s[met] + worth_s[best[met]] - own_s[met]]),
    )


def _limits(cost: Seconds, least: Seconds, leave: Seconds, price: Seconds) -> Seconds:
    """Return how dear a candidate may be, shape (contacts, 1) or (contacts, agents)."""
    if cost.shape[1] <= NEAREST:
        # All that pay: prices from few pairs are worth little.
        every: Seconds = leave[:, np.newaxis] + price
        return every
    most = leave[:, np.newaxis]
    some = cost[:, AGENTS_TOLD_BY // 2 :: AGENTS_TOLD_BY]
    place = NEAREST // AGENTS_TOLD_BY
    if place >= some.shape[1]:
        return most
    told = np.partition(some, place, axis=1)[:, place]
    limits: Seconds = np.minimum(np.maximum(told, least + np.float32(NEAR_S)), leave)
    return limits[:, np.newaxis]
