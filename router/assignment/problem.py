"""One assignment problem, as sums of small tables.

The cost of a pair is a sum of terms, and each term depends on the contact through a few values
only (its language, its product, its queue's requirements), so it is a small table of values by
agents. A problem of 10,000 contacts and 10,000 agents is then a few hundred rows and not a hundred
million pairs, and each pair can be explained by its terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.decision import Reason

Seconds = NDArray[np.float32]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the cost.

    Attributes:
        reason: What it is for; None where it only says who may not serve whom.
        table: Seconds of waiting, shape (rows, agents); +inf: never. Not below -1e6 or, where
            finite, above 1e6.
        index: The row of each contact, shape (contacts,).
    """

    reason: Reason | None
    table: Seconds
    index: Index


@dataclass(frozen=True, slots=True)
class Personal:
    """What single pairs cost on top of the terms: whom a customer knows, whom he may not get.

    Attributes:
        contact, agent: Positions of each pair, shape (pairs,); a pair stands there once at most.
        seconds: Seconds of waiting, +inf: never, shape (pairs,).
    """

    contact: Index = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    agent: Index = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    seconds: Seconds = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class TeamRule:
    """At most so many of these pairs may be made together.

    Attributes:
        contacts: Which contacts it looks at, shape (contacts,).
        agents: Which agents it looks at, shape (agents,).
        pairs_max: Pairs of such a contact and such an agent in one assignment, 0 or more.
    """

    contacts: NDArray[np.bool_]
    agents: NDArray[np.bool_]
    pairs_max: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Who waits, who is free, and what each pair costs.

    Contacts and agents stand in a canonical order (who waited longest first, who was idle longest
    first), so that equal inputs give equal decisions; ties go to the earlier.

    Attributes:
        terms: Their sum, with `agent_s` and `personal`, is the cost of a pair.
        agent_s: What an agent costs whoever the contact is (idleness, occupancy), shape (agents,).
        leave_s: Price of leaving a contact waiting, 0 or more, shape (contacts,). A pair that
            costs more than that is not made.
        capacity: Contacts an agent may get in this assignment, shape (agents,).
    """

    terms: Sequence[Term]
    agent_s: Seconds
    leave_s: NDArray[np.float64]
    capacity: Index
    personal: Personal = field(default_factory=Personal)
    rules: Sequence[TeamRule] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """Who serves whom.

    Attributes:
        contacts, agents: Positions, shape (pairs,); `contacts[x]` goes to `agents[x]`; in order
            of `contacts`, each of which stands there once at most.
        exact: The optimum; False: only the best candidates of each contact were looked at.
        complete: False: the time was up, and this is the best found so far.
    """

    contacts: Index
    agents: Index
    exact: bool = True
    complete: bool = True
