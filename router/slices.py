"""What is solved in one go: a problem small enough to keep the event loop waiting 5 ms at most.

Two reductions cost nothing. Contacts of one class differ in urgency alone, so of a class
only as many are looked at as there are agents who may serve it. And whoever nobody free may
serve is left out. What is then still larger than the limits is cut: the most urgent classes
and the longest idle agents come first, the rest in the next go.

A thread would not help with larger problems, as OR-Tools keeps the interpreter lock while it
solves (measured: a solve of 376 ms stopped a second thread for 376 ms).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.routing import Routing
from router.cost import NOT_ELIGIBLE, idleness_s, pair_units, urgency_units
from router.eligibility import AgentTable
from router.offers import Pauses
from router.roster import Standing
from router.solver import Problem, Solution
from router.waiting import Group, WaitingContact

CLASSES_MAX: Final = 20
AGENTS_MAX: Final = 160
CONTACTS_MAX: Final = 320
"""Limits of one go. So large a problem, its costs random and six pairs of ten eligible, is
solved in 3 ms (docs/measure/router.md)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One problem and the people in it.

    Attributes:
        contacts, agents: By index of the problem.
        whole: Everyone who waits and could be served now is in it.
    """

    problem: Problem
    contacts: Sequence[WaitingContact]
    agents: Sequence[Standing]
    whole: bool

    def matches(self, solution: Solution) -> Iterator[tuple[WaitingContact, Standing, int]]:
        """Yield who serves whom, and what each pair costs, milliseconds of waiting."""
        class_of = np.repeat(np.arange(len(self.problem.supply)), self.problem.supply)
        costs = self.problem.pair[class_of[solution.contacts], solution.agents]
        indices = zip(
            solution.contacts.tolist(), solution.agents.tolist(), costs.tolist(), strict=True
        )
        for contact, agent, cost in indices:
            yield self.contacts[contact], self.agents[agent], cost


@dataclass(slots=True)
class _Class:
    """Contacts that the same agents may serve at the same cost, the most urgent first.

    Attributes:
        able: Which of the free agents may serve them.
        suitability_s: What their proficiency costs.
    """

    contacts: list[WaitingContact]
    able: NDArray[np.bool_]
    suitability_s: NDArray[np.float64]


def next_slice(
    groups: Sequence[Group],
    free: Sequence[Standing],
    *,
    table: AgentTable,
    pauses: Pauses,
    weights: Routing,
    now_s: float,
) -> Slice | None:
    """Return what to solve next; None when nobody who is free may serve anybody who waits.

    Args:
        groups: Who waits.
        free: Agents who can be offered a contact, the longest idle first.
        table: The free agents among all, with their proficiencies.
        pauses: Pairs to be kept apart.
        weights: Of the cost.
        now_s: The injected clock's time.
    """
    classes, whole = _classes(groups, free, table, pauses, now_s)
    if not classes:
        return None
    useful = np.flatnonzero(np.any([one.able for one in classes], axis=0))
    whole = whole and len(useful) <= AGENTS_MAX
    useful = useful[:AGENTS_MAX]
    for one in classes:
        one.able = one.able[useful]
        one.suitability_s = one.suitability_s[useful]
        del one.contacts[int(one.able.sum()) :]
    whole = _cut_contacts(classes) and whole
    classes = [one for one in classes if one.contacts]
    agents = [free[int(column)] for column in useful]
    idle_s = np.array([now_s - agent.idle_since_s for agent in agents])
    pair = pair_units(
        np.array([one.suitability_s for one in classes]),
        idleness_s(idle_s, weights.idle_weight_per_s),
    )
    pair[~np.array([one.able for one in classes])] = NOT_ELIGIBLE
    contacts = [contact for one in classes for contact in one.contacts]
    queued_at_s = np.array([contact.queued_at_s for contact in contacts])
    priority = np.array([contact.priority for contact in contacts])
    urgency = (
        weights.wait_weight_per_s * (now_s - queued_at_s) + weights.priority_weight_s * priority
    )
    rank = np.empty(len(contacts), dtype=np.int64)
    rank[np.argsort(queued_at_s, kind="stable")] = np.arange(len(contacts))
    problem = Problem(
        supply=np.array([len(one.contacts) for one in classes], dtype=np.int64),
        urgency=urgency_units(urgency),
        waiting_rank=rank,
        pair=pair,
    )
    return Slice(problem, contacts, agents, whole)


def _classes(
    groups: Sequence[Group],
    free: Sequence[Standing],
    table: AgentTable,
    pauses: Pauses,
    now_s: float,
) -> tuple[list[_Class], bool]:
    """Return the most urgent classes that someone free may serve, and whether these are all.

    A contact that must be kept apart from some free agents is a class with those who must
    be kept apart from the same.
    """
    columns = np.array([table.column[agent.agent_id] for agent in free], dtype=np.intp)
    place = {agent.agent_id: n for n, agent in enumerate(free)}
    classes: list[_Class] = []
    for group in sorted(groups, key=lambda group: group.contacts[0].key):
        row = table.row(group.profile)
        able = row.eligible[columns]
        enough = min(int(able.sum()), AGENTS_MAX)
        if not enough:
            continue
        suitability_s = row.suitability_s[columns]
        by_pause: dict[frozenset[str], _Class] = {}
        for contact in group.contacts:
            apart = pauses.agents(contact.contact_id, now_s)
            if apart:
                apart = frozenset(apart & place.keys())
            one = by_pause.get(apart)
            if one is None:
                if len(classes) >= CLASSES_MAX:
                    return classes, False
                left = able.copy()
                left[[place[agent_id] for agent_id in apart]] = False
                one = by_pause[apart] = _Class([], left, suitability_s)
                if left.any():
                    classes.append(one)
            one.contacts.append(contact)
            # Whom nothing is kept apart from could take every place left.
            if not apart and len(one.contacts) >= enough:
                break
    return classes, True


def _cut_contacts(classes: Sequence[_Class]) -> bool:
    """Leave the most urgent CONTACTS_MAX contacts; return whether that was all of them."""
    keys = sorted(contact.key for one in classes for contact in one.contacts)
    if len(keys) <= CONTACTS_MAX:
        return True
    last = keys[CONTACTS_MAX - 1]
    for one in classes:
        one.contacts = [contact for contact in one.contacts if contact.key <= last]
    return False
