"""Groups: contacts that the same agents may serve, and their costs in pieces that fit the cache.

Of 10,000 contacts and 10,000 agents most pairs can never meet, for want of a skill or a language.
Contacts that may meet the same agents are looked at together, and these agents alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.assignment.problem import Index, Personal, Problem, Seconds, Term

PIECE_PAIRS: Final = 1 << 17
"""Pairs looked at in one go: half a megabyte of costs, which stays in the second cache."""
PAIRS_MIN: Final = 1 << 22
"""Fewer pairs than this are looked at sooner than groups are made."""
CONTACTS_EACH_MIN: Final = 8
"""Contacts that a group should have on average; each group costs some 50 us whatever its size."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contacts that the same agents may serve.

    Attributes:
        contacts: Positions, ascending, shape (g,).
        agents: Who may serve them, unless a later term forbids it, shape (e,).
        columns: Where these agents stand in the tables, ascending, shape (e,).
        base_s: What they all cost by each of these agents, shape (e,).
        terms: What is to be added for each contact.
        personal: What is to be added for single pairs; its agents are places in `agents`.
    """

    contacts: Index
    agents: Index
    columns: Index
    base_s: Seconds
    terms: Sequence[Term]
    personal: Personal


def keys_of(terms: Sequence[Term], contacts: int) -> Index:
    """Return a number for each contact; equal where all its rows are, shape (contacts,)."""
    keys = np.zeros(contacts, dtype=np.int64)
    span = 1
    for term in terms:
        rows = len(term.table)
        if span * rows >= 1 << 62:
            _, keys = np.unique(keys, return_inverse=True)
            span = contacts
        keys = keys * rows + term.index
        span *= rows
    return keys


def groups_of(problem: Problem) -> list[Group]:
    """Return all contacts in groups, with those agents alone who have a capacity."""
    contacts = len(problem.leave_s)
    able = np.flatnonzero(problem.capacity > 0)
    agents = len(able)
    if not agents:
        return []
    terms = list(problem.terms)
    if agents < len(problem.capacity):
        terms = [Term(None, np.take(term.table, able, axis=1), term.index) for term in terms]
    base_s = problem.agent_s[able].astype(np.float32)
    if contacts * agents < PAIRS_MIN:
        own = _among(problem.personal, able)
        return [Group(np.arange(contacts), able, np.arange(agents), base_s, terms, own)]
    hard = [term for term in terms if not np.isfinite(term.table).all()]
    hard.sort(key=lambda term: -int(np.isinf(term.table).sum() * 1_000 // term.table.size))
    soft = [term for term in terms if not any(term is one for one in hard)]
    while True:
        keys = keys_of(hard, contacts)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        if not hard or len(starts) <= max(1, contacts // CONTACTS_EACH_MIN):
            break
        # It only forbids, and does so as well when it is added for each contact.
        soft.append(hard.pop())
    groups = []
    personal = _by_group(problem.personal, order, starts)
    for members, own in zip(np.split(order, starts[1:]), personal, strict=True):
        cost = base_s.copy()
        for term in hard:
            cost += term.table[term.index[members[0]]]
        columns = np.flatnonzero(np.isfinite(cost))
        if len(columns):
            known = _among(own, able[columns])
            groups.append(Group(members, able[columns], columns, cost[columns], soft, known))
    return groups


def _by_group(personal: Personal, order: Index, starts: Index) -> list[Personal]:
    """Return what single pairs cost, group by group.

    Args:
        personal: Of all contacts.
        order: Contacts, group by group.
        starts: Where in it each group begins.
    """
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    place = place[personal.contact]
    by_place = np.argsort(place, kind="stable")
    cuts = np.searchsorted(place[by_place], starts[1:])
    return [_only(personal, own) for own in np.split(by_place, cuts)]


def _among(personal: Personal, agents: Index) -> Personal:
    """Return what pairs with some agents cost, these by their places."""
    place = np.minimum(np.searchsorted(agents, personal.agent), len(agents) - 1)
    known = _only(personal, agents[place] == personal.agent)
    return Personal(known.contact, np.searchsorted(agents, known.agent), known.seconds)


def _only(personal: Personal, chosen: Index | NDArray[np.bool_]) -> Personal:
    return Personal(personal.contact[chosen], personal.agent[chosen], personal.seconds[chosen])


def pieces(group: Group, extra: Sequence[Term] = ()) -> Iterator[tuple[Index, Seconds]]:
    """Yield the costs of a group, some contacts at a time.

    Args:
        group: The contacts.
        extra: Terms beside those of the group, for the group's agents already.

    Yields:
        Contacts, and what they cost by each of the group's agents; overwritten by the next.
    """
    if not len(group.contacts):
        return
    width = len(group.agents)
    terms = [_of_group(group, term) for term in group.terms]
    terms += [Term(None, one.table, one.index[group.contacts]) for one in extra]
    height = max(1, PIECE_PAIRS // width)
    rows, columns, seconds = _by_row(group)
    whole = np.empty((2, min(height, len(group.contacts)), width), dtype=np.float32)
    for begin in range(0, len(group.contacts), height):
        contacts = group.contacts[begin : begin + height]
        cost, part = whole[:, : len(contacts)]
        cost[:] = group.base_s
        for term in terms:
            index = term.index[begin : begin + height]
            cost += np.take(term.table, index, axis=0, out=part, mode="clip")
        own = slice(*np.searchsorted(rows, (begin, begin + height)))
        cost[rows[own] - begin, columns[own]] += seconds[own]
        yield contacts, cost


def _by_row(group: Group) -> tuple[Index, Index, Seconds]:
    """Return rows, columns and costs of single pairs, in order of rows."""
    personal = group.personal
    order = np.argsort(group.contacts, kind="stable")
    place = np.searchsorted(group.contacts, personal.contact, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    # Of a group that was made smaller, some contacts are gone.
    here = np.flatnonzero(group.contacts[rows] == personal.contact)
    here = here[np.argsort(rows[here], kind="stable")]
    return rows[here], personal.agent[here], personal.seconds[here]


def _of_group(group: Group, term: Term) -> Term:
    """Return a term for the group's agents and contacts alone."""
    index = term.index[group.contacts]
    table = term.table
    used = np.bincount(index, minlength=len(table)) > 0
    if len(index) and not used.all():
        table, index = table[used], (np.cumsum(used) - 1)[index]
    if len(group.columns) == table.shape[1] and group.columns[-1] == table.shape[1] - 1:
        return Term(None, table, index)
    return Term(None, np.take(table, group.columns, axis=1), index)
