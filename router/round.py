"""One round of assignment: the problem as it stands, and who is who in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.schema import QueueEntry
from domain.decision import Reason
from router import needs
from router.assignment.problem import Personal, Problem, Seconds, Solution, Term
from router.changes import Changes
from router.cost import CHANNELS, IDLE_S_MAX, REASONS, CostBook, Row
from router.offers import Pauses
from router.policy import RouterPolicy
from router.roster import Roster
from router.standing import Standing
from router.team_rules import rules_of
from router.waiting import ARRIVAL, WaitingContact, WaitingLine

CONTACTS_MAX: Final = 20_000
AGENTS_MAX: Final = 20_000
"""Limits of one round, beyond which the longest waiting and the longest idle come first; twice
what is measured (`bench/router.py`)."""
PRESENT: Final = frozenset({"ready", "busy", "wrap_up"})


@dataclass(frozen=True, slots=True)
class Match:
    """A contact and the agent that the assignment gave it.

    Attributes:
        row, column: Their places in the round.
        cost_s: What the pair costs without familiarity, seconds of waiting.
    """

    contact: WaitingContact
    agent: Standing
    row: int
    column: int
    cost_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """A problem and the people in it.

    Attributes:
        contacts, agents: By index of the problem.
        urgency_s: Of each contact, shape (contacts,).
        whole: Everyone who could be served and everyone who could serve is in it.
        waiting: Contacts that waited, those too that were not looked at.
        free: Agents who could be offered something, those too who were not looked at.
    """

    problem: Problem
    contacts: Sequence[WaitingContact]
    agents: Sequence[Standing]
    urgency_s: NDArray[np.float64]
    whole: bool
    waiting: int
    free: int

    def matches(self, solution: Solution) -> list[Match]:
        """Return who serves whom, the most urgent contact first."""
        order = np.argsort(-self.urgency_s[solution.contacts], kind="stable")
        rows, columns = solution.contacts[order], solution.agents[order]
        costs_s = self.problem.agent_s[columns].astype(np.float64)
        for term in self.problem.terms:
            costs_s += term.table[term.index[rows], columns]
        return [
            Match(self.contacts[row], self.agents[column], row, column, cost_s)
            for row, column, cost_s in zip(
                rows.tolist(), columns.tolist(), costs_s.tolist(), strict=True
            )
        ]

    def terms(self, row: int, columns: NDArray[np.int64]) -> list[dict[Reason, float]]:
        """Return what each reason adds to the cost of a contact by agent, seconds of waiting.

        Args:
            row: The contact's place.
            columns: Those of the agents.
        """
        problem = self.problem
        told: list[dict[Reason, float]] = [{} for _ in columns]
        for term in problem.terms:
            if term.reason is not None:
                costs_s = term.table[term.index[row]][columns].tolist()
                for each, cost_s in zip(told, costs_s, strict=True):
                    each[term.reason] = cost_s
        mine = np.flatnonzero(problem.personal.contact == row)
        if len(mine):
            agents = problem.personal.agent[mine].tolist()
            known = dict(zip(agents, problem.personal.seconds[mine].tolist(), strict=True))
            for each, column in zip(told, columns.tolist(), strict=True):
                if column in known:
                    each[Reason.FAMILIARITY] = known[column]
        return told

    def costs_s(self, row: int) -> Seconds:
        """Return what one contact costs by each agent, +inf: never, shape (agents,)."""
        problem = self.problem
        costs = problem.agent_s.astype(np.float32)
        for term in problem.terms:
            costs += term.table[term.index[row]]
        mine = problem.personal.contact == row
        costs[problem.personal.agent[mine]] += problem.personal.seconds[mine]
        return costs


class Rounds:
    """Builds rounds from the people as they stand."""

    def __init__(
        self,
        policy: RouterPolicy,
        queues: Mapping[str, QueueEntry],
        book: CostBook,
    ) -> None:
        """Prepare for one policy; `queues` holds those too that are about to be removed."""
        self._policy = policy
        self._queues = queues
        self._book = book
        self._held: set[str] = set()
        # Queues mostly share their weights, so idleness is one row and not one for each queue.
        kinds = dict.fromkeys(self._fairness(queue_id) for queue_id in queues)
        row = {kind: n for n, kind in enumerate(kinds)}
        self._idle_weight = np.array([kind[0] for kind in kinds], dtype=np.float64)
        self._occupancy_weight = np.array([kind[1] for kind in kinds], dtype=np.float64)
        self._fairness_row = np.array(
            [row[self._fairness(queue_id)] for queue_id in queues], dtype=np.int64
        )

    def _fairness(self, queue_id: str) -> tuple[float, float]:
        weights = self._book.weights(queue_id)
        return weights.idle_weight_per_s, weights.occupancy_weight_s

    def pose(
        self,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        *,
        changes: Changes,
        load_factor: Callable[[], NDArray[np.float32] | None],
        now_s: float,
    ) -> Round | None:
        """Return the problem as it stands; None when nobody who waits may go to anybody free.

        Args:
            line: Who waits.
            changes: What is new since the last time; the rest is left out.
            roster: Who is free.
            pauses: Pairs to be kept apart.
            load_factor: Gives by how much the outcome model counts for each agent of the policy,
                0.0 to 1.0, shape (agents,); None: fully.
            now_s: The injected clock's time.
        """
        if not changes and not self._held:
            return None
        kept_for = self._kept(line, roster, pauses, changes, now_s)
        contacts = self._asking(line, changes)
        if not contacts:
            return None
        places = line.places(contacts)
        channels = line.channels(places)
        # Whoever talks has room for a mail perhaps, but is of no use to those who call.
        wanted = np.flatnonzero(np.bincount(channels, minlength=len(CHANNELS)))
        columns = changes.among(roster.free_columns(wanted))
        if not len(columns):
            return None
        whole = len(contacts) <= CONTACTS_MAX and len(columns) <= AGENTS_MAX
        columns = columns[:AGENTS_MAX]
        chosen = self._not_kept(contacts, kept_for, roster)[:CONTACTS_MAX]
        if not len(chosen):
            return None
        if len(chosen) < len(contacts):
            contacts = [contacts[row] for row in chosen.tolist()]
            places, channels = places[chosen], channels[chosen]
        agents = roster.at(columns)
        urgency_s = line.urgency_s(places, now_s)
        terms = self._terms(line.rows(places), columns, load_factor)
        terms += self._fairness_terms(line.queues(places), roster, columns, now_s)
        no_slot = ~roster.has_slot[:, columns]
        if no_slot[wanted].any():
            shut = np.where(no_slot, np.inf, 0.0).astype(np.float32)
            terms.append(Term(None, shut, channels))
        if kept_for:
            terms += _kept_term(contacts, columns, kept_for)
        problem = Problem(
            terms=terms,
            agent_s=np.zeros(len(agents), dtype=np.float32),
            leave_s=np.maximum(0.0, line.unserved_s(places) + urgency_s),
            capacity=np.ones(len(agents), dtype=np.int64),
            personal=self._personal(contacts, columns, roster, line, pauses, now_s),
            rules=rules_of(self._policy.weights.team_rules, contacts, agents, roster),
        )
        free = int(np.count_nonzero(roster.has_slot.any(axis=0)))
        return Round(problem, contacts, agents, urgency_s, whole, len(line.waiting), free)

    def _asking(self, line: WaitingLine, changes: Changes) -> list[WaitingContact]:
        """Return the waiting contacts that are to be looked at, the longest waiting first."""
        if not changes.contacts_alone:
            return list(line.waiting)
        found = [line.get(contact_id) for contact_id in changes.contacts]
        contacts = [one for one in found if one is not None and one.offered_to is None]
        contacts.sort(key=ARRIVAL)
        return contacts

    def _kept(
        self,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        changes: Changes,
        now_s: float,
    ) -> dict[str, Standing]:
        """Return the agents whom contacts are kept for, by contact_id.

        Whoever is no longer kept is new to everybody else.
        """
        kept: dict[str, Standing] = {}
        for contact in line.choosy:
            agent_id = self.waited_for(contact, line, roster, pauses, now_s)
            if agent_id is not None:
                kept[contact.contact_id] = roster.get(agent_id)
        changes.contacts |= self._held - kept.keys()
        self._held = set(kept)
        return kept

    @staticmethod
    def _not_kept(
        contacts: Sequence[WaitingContact], kept_for: Mapping[str, Standing], roster: Roster
    ) -> NDArray[np.int64]:
        """Return which contacts may be offered to somebody, by position."""
        if not kept_for:
            return np.arange(len(contacts))
        agents = [kept_for.get(contact.contact_id) for contact in contacts]
        asking = [
            agent is None or roster.is_free(agent, contact.channel)
            for contact, agent in zip(contacts, agents, strict=True)
        ]
        return np.flatnonzero(asking)

    def waited_for(
        self,
        contact: WaitingContact,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        now_s: float,
    ) -> str | None:
        """Return the agent whom a contact is kept for; None: anybody who is able may take it."""
        agent_id = needs.held_for(contact, self._queues[contact.queue_id], now_s)
        if agent_id is None or agent_id not in roster:
            return None
        agent = roster.get(agent_id)
        present = agent.state.value in PRESENT and agent.column >= 0 and agent.on_shift
        if not present or agent.wished is not None or not agent.reaches(contact.channel):
            return None
        if agent_id in pauses.agents(contact.contact_id, now_s):
            return None
        tables = self._book.tables
        able = all(
            isfinite(tables[row].table[place, agent.column])
            for row, place in zip(Row, line.rows_of(contact), strict=True)
        )
        return agent_id if able else None

    def costs_s(
        self, contact: WaitingContact, line: WaitingLine, roster: Roster, now_s: float
    ) -> Seconds:
        """Return what a contact would cost with each agent of the policy, +inf: never."""
        places = line.places([contact])
        columns = np.arange(roster.has_slot.shape[1])
        terms = self._terms(line.rows(places), columns, lambda: None)
        terms += self._fairness_terms(line.queues(places), roster, columns, now_s)
        costs = np.zeros(len(columns), dtype=np.float32)
        for term in terms:
            costs = costs + term.table[term.index[0]]
        weight_s = self._book.weights(contact.queue_id).familiarity_weight_s
        for known in () if contact.profile is None else contact.profile.familiar:
            if known.agent_id in roster and (agent := roster.get(known.agent_id)).column >= 0:
                costs[agent.column] -= weight_s * known.strength
        return costs

    def _terms(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        load_factor: Callable[[], NDArray[np.float32] | None],
    ) -> list[Term]:
        """Return the terms that depend on what contacts ask for; those of no effect are left."""
        terms = []
        everyone = np.arange(len(rows))
        for row in np.flatnonzero(rows.any(axis=0)).tolist():
            index = rows[:, row]
            table = self._book.tables[Row(row)].table
            few = len(rows) < len(table)
            # Few wait, as mostly: a row for each is less than every row there is.
            part = table[index[:, np.newaxis], columns] if few else table[:, columns]
            factor = load_factor() if row == Row.EXPECTATION else None
            if factor is not None:
                # Who is occupied beyond the bound has no lead over the least of all.
                worst = table.max(axis=1, keepdims=True, initial=0.0)
                worst = worst[index] if few else worst
                part = worst + (part - worst) * factor[columns]
            terms.append(Term(REASONS[Row(row)], part, everyone if few else index))
        return terms

    def _fairness_terms(
        self,
        queues: NDArray[np.int64],
        roster: Roster,
        columns: NDArray[np.int64],
        now_s: float,
    ) -> list[Term]:
        """Return the terms that spread the work among agents."""
        idle_s = np.minimum(roster.idle_s(columns, now_s), IDLE_S_MAX)
        share = roster.occupancy.share(columns, now_s)
        index = self._fairness_row[queues]
        idle = -self._idle_weight[:, np.newaxis] * idle_s
        occupancy = self._occupancy_weight[:, np.newaxis] * share
        return [
            Term(Reason.IDLE, idle.astype(np.float32), index),
            Term(Reason.OCCUPANCY, occupancy.astype(np.float32), index),
        ]

    def _personal(
        self,
        contacts: Sequence[WaitingContact],
        columns: NDArray[np.int64],
        roster: Roster,
        line: WaitingLine,
        pauses: Pauses,
        now_s: float,
    ) -> Personal:
        """Return what single pairs cost: whom a customer knows, whom he must not get now."""
        some_paused = len(pauses) > 0
        if not line.choosy and not some_paused:
            return Personal()
        seconds: dict[tuple[int, int], float] = {}
        # Of each agent of the policy, the position here; -1: he is not asked.
        positions = np.full(roster.has_slot.shape[1], -1, dtype=np.int64)
        positions[columns] = np.arange(len(columns))
        place: list[int] = positions.tolist()

        def place_of(agent_id: str) -> int:
            column = roster.get(agent_id).column if agent_id in roster else -1
            return place[column] if column >= 0 else -1

        for row, contact in enumerate(contacts):
            profile = contact.profile
            if profile is not None and profile.familiar:
                weight_s = self._book.weights(contact.queue_id).familiarity_weight_s
                for known in profile.familiar:
                    at = place_of(known.agent_id)
                    if at >= 0:
                        seconds[row, at] = -weight_s * known.strength
            if some_paused:
                for agent_id in pauses.agents(contact.contact_id, now_s):
                    at = place_of(agent_id)
                    if at >= 0:
                        seconds[row, at] = np.inf
        if not seconds:
            return Personal()
        ordered = sorted(seconds)
        pairs = np.array(ordered, dtype=np.int64)
        costs_s = np.array([seconds[pair] for pair in ordered], dtype=np.float32)
        return Personal(pairs[:, 0], pairs[:, 1], costs_s)


def _kept_term(
    contacts: Sequence[WaitingContact],
    columns: NDArray[np.int64],
    kept_for: Mapping[str, Standing],
) -> list[Term]:
    """Return the term that shuts all agents but one out for contacts kept for him."""
    kept = [kept_for.get(contact.contact_id) for contact in contacts]
    agents = dict.fromkeys(agent.column for agent in kept if agent is not None)
    if not agents:
        return []
    row = {column: 1 + number for number, column in enumerate(agents)}
    table = np.full((1 + len(row), len(columns)), np.inf, dtype=np.float32)
    table[0] = 0.0
    table[1:][np.array(list(row))[:, np.newaxis] == columns] = 0.0
    index = [0 if agent is None else row[agent.column] for agent in kept]
    return [Term(None, table, np.array(index, dtype=np.int64))]
