"""Prices of agents: how much dearer a sought-after agent must be so that not everybody wants him.

The cheapest agents of all contacts are much the same few, so the pairs worth a look cannot be found
by cost alone. With the prices of the optimum (its dual variables) every contact's cheapest agent
would be its own. Here they are approached by entropic smoothing: each contact spreads over the
agents, and over waiting, by exp(-(cost + price) / smoothing), and prices rise until no agent has
more than his capacity. That needs sums of products only, and the spread also tells which pairs may
be part of the optimum.

Source:
    M. Cuturi, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, NIPS 2013.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from router.assignment.problem import Index, Seconds

SMALLEST: Final = np.float32(1e-20)
"""Keeps a logarithm and a quotient finite; no share is as small as this and of any use."""
EXPONENT_MIN: Final = np.float32(-30.0)
"""exp of less is nothing; and numbers so small that processors compute them slowly stay away."""
EXPONENT_MAX: Final = 80.0
"""exp of more is no float32."""


SMOOTHING_S: Final = 10.0
"""Of prices from a sample: finer ones would tell more of the sample than of the whole."""
HALVINGS: Final = 2
HALVINGS_WHERE_SCARCE: Final = 1
"""How often the smoothing was twice as large before. Prices are high where not all contacts can be
served, and what so coarse a smoothing makes of them is not mended later: of 600 contacts and 300
agents the gap falls from 0.19 to 0.04 % (docs/measure/router.md)."""
ROUNDS: Final = 6


def sampled_prices(
    cost: Seconds, leave_s: Seconds, capacity: Seconds, weight: float, *, scarce: bool
) -> Seconds:
    """Return prices of agents, each of whom may serve contacts that stand for several.

    The smoothing is halved from round to round, which squares what is spread: that takes a
    tenth of the time of an exponential.

    Args:
        cost: Shape (contacts, agents).
        leave_s: Shape (contacts,).
        capacity: Shape (agents,).
        weight: For how many contacts each stands.
        scarce: Not all contacts can be served.
    """
    halvings = HALVINGS_WHERE_SCARCE if scarce else HALVINGS
    smooth_s = np.float32(SMOOTHING_S * 2**halvings)
    price = np.zeros(len(capacity), dtype=np.float32)
    least = np.minimum(cost.min(axis=1), leave_s)
    # In place: at this size memory takes longer than arithmetic.
    shares = cost - least[:, np.newaxis]
    shares *= -1 / smooth_s
    np.maximum(shares, EXPONENT_MIN, out=shares)
    np.exp(shares, out=shares)
    waiting = np.exp((least - leave_s) / smooth_s)
    for halving in range(halvings + 1):
        factor = np.ones(len(capacity), dtype=np.float32)
        highest = np.exp(np.minimum(price / smooth_s, EXPONENT_MAX))
        for _ in range(ROUNDS):
            spread = shares @ factor
            spread += waiting
            sought = (np.float32(weight) / np.maximum(spread, SMALLEST)) @ shares
            factor = np.minimum(highest, capacity / np.maximum(sought, SMALLEST))
        price -= smooth_s * np.log(np.maximum(factor, SMALLEST))
        np.maximum(price, 0.0, out=price)
        if halving == halvings:
            break
        each = 1 / np.maximum(shares @ factor + waiting, SMALLEST)
        shares *= factor
        shares *= each[:, np.newaxis]
        np.multiply(shares, shares, out=shares)
        np.maximum(shares, SMALLEST, out=shares)
        waiting = (waiting * each) ** 2
        smooth_s /= np.float32(2)
    return price


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs worth a look; shape of each (pairs,)."""

    contact: Index
    agent: Index
    cost: Seconds

    def only(self, chosen: NDArray[np.bool_] | Index) -> "Pairs":
        """Return some of them."""
        return Pairs(self.contact[chosen], self.agent[chosen], self.cost[chosen])


def shares_of(
    pairs: Pairs,
    leave_s: Seconds,
    capacity: Seconds,
    price: Seconds,
    smoothing_s: Sequence[float],
    rounds: int,
) -> tuple[Pairs, Seconds, Seconds]:
    """Return how contacts and agents are spread over pairs.

    Pairs, in order of their contacts, that are out of the question are dropped on the way.

    Returns:
        The pairs that are left; the share of the contact or, where greater, of the agent's work
        that each makes, shape (pairs,); prices, shape (agents,).
    """
    shares: Seconds = np.ones(len(pairs.cost), dtype=np.float32)
    for smooth_s in smoothing_s:
        scale = np.float32(-1 / smooth_s)
        reduced = pairs.cost + price[pairs.agent]
        counts = np.bincount(pairs.contact, minlength=len(leave_s))
        some = np.flatnonzero(counts)
        begins = np.cumsum(counts[some]) - counts[some]
        least = leave_s.copy()
        if len(some):
            least[some] = np.minimum(least[some], np.minimum.reduceat(reduced, begins))
        reduced -= np.repeat(least, counts)
        near = np.flatnonzero(reduced < UNLIKELY * smooth_s)
        if len(near) < len(reduced):
            pairs, reduced = pairs.only(near), reduced[near]
            counts = np.bincount(pairs.contact, minlength=len(leave_s))
        reduced *= scale
        kernel = _rows(np.exp(reduced, out=reduced), pairs.agent, counts, len(capacity))
        columns = kernel.T
        waiting = np.exp((leave_s - least) * scale)
        factor = np.ones(len(capacity), dtype=np.float32)
        highest = np.exp(np.minimum(price / np.float32(smooth_s), EXPONENT_MAX))
        for _ in range(rounds):
            each = 1 / np.maximum(kernel @ factor + waiting, SMALLEST)
            factor = np.minimum(highest, capacity / np.maximum(columns @ each, SMALLEST))
        each = 1 / np.maximum(kernel @ factor + waiting, SMALLEST)
        shares = reduced * np.repeat(each, counts) * factor[pairs.agent]
        fallen = np.float32(smooth_s) * np.log(np.maximum(factor, SMALLEST))
        price = np.maximum(price - fallen, np.float32(0.0))
    work = np.bincount(pairs.agent, weights=shares, minlength=len(capacity)).astype(np.float32)
    shares = np.maximum(shares, shares / np.maximum(work, SMALLEST)[pairs.agent])
    return pairs, shares, price


def _rows(entries: Seconds, columns: Index, counts: Index, width: int) -> Any:
    """Return a sparse matrix whose rows have so many entries each."""
    begins = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=begins[1:])
    shape = (len(counts), width)
    return csr_array((entries, columns.astype(np.int32), begins), shape=shape)


UNLIKELY: Final = 7.0
"""A pair that is dearer than the best by so many smoothings has a share of a thousandth."""
