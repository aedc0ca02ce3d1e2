"""One round of assignment: the problem as it stands, and who is who in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.schema import QueueEntry
from domain.decision import Reason
from router import needs
from router.assignment.problem import Index, Personal, Problem, Seconds, Solution, TeamRule, Term
from router.cost import IDLE_S_MAX, REASONS, CostBook, Row
from router.offers import Pauses
from router.policy import RouterPolicy
from router.roster import Roster
from router.standing import Standing
from router.waiting import WaitingContact, WaitingLine

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
        cost_s: What the pair costs, seconds of waiting.
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
        whole: Everyone who waits and everyone who is free is in it.
    """

    problem: Problem
    contacts: Sequence[WaitingContact]
    agents: Sequence[Standing]
    urgency_s: NDArray[np.float64]
    whole: bool

    def matches(self, solution: Solution) -> list[Match]:
        """Return who serves whom, the most urgent contact first."""
        order = np.argsort(-self.urgency_s[solution.contacts], kind="stable")
        pairs = zip(solution.contacts[order].tolist(), solution.agents[order].tolist(), strict=True)
        return [
            Match(
                self.contacts[row],
                self.agents[column],
                row,
                column,
                float(sum(self.terms(row, column).values())),
            )
            for row, column in pairs
        ]

    def terms(self, row: int, column: int) -> dict[Reason, float]:
        """Return what each reason adds to the cost of a pair, seconds of waiting."""
        problem = self.problem
        terms = {
            term.reason: float(term.table[term.index[row], column])
            for term in problem.terms
            if term.reason is not None
        }
        mine = (problem.personal.contact == row) & (problem.personal.agent == column)
        if mine.any():
            terms[Reason.FAMILIARITY] = float(problem.personal.seconds[mine][0])
        return terms

    def costs_s(self, row: int) -> Seconds:
        """Return what one contact costs by each agent, +inf: never, shape (agents,)."""
        problem = self.problem
        costs = problem.agent_s.astype(np.float32)
        for term in problem.terms:
            costs = costs + term.table[term.index[row]]
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
        # Queues mostly share their weights, so idleness is one row and not one for each queue.
        kinds = dict.fromkeys(self._fairness(queue_id) for queue_id in queues)
        row = {kind: n for n, kind in enumerate(kinds)}
        self._idle_weight = np.array([kind[0] for kind in kinds], dtype=np.float64)
        self._occupancy_weight = np.array([kind[1] for kind in kinds], dtype=np.float64)
        self._fairness_row = {queue_id: row[self._fairness(queue_id)] for queue_id in queues}

    def _fairness(self, queue_id: str) -> tuple[float, float]:
        weights = self._book.weights(queue_id)
        return weights.idle_weight_per_s, weights.occupancy_weight_s

    def pose(
        self,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        *,
        load_factor: NDArray[np.float32] | None,
        now_s: float,
    ) -> Round | None:
        """Return the problem as it stands; None when nobody waits or nobody is free.

        Args:
            line: Who waits.
            roster: Who is free.
            pauses: Pairs to be kept apart.
            load_factor: By which the outcome model counts for each agent of the policy, 0.0 to
                1.0, shape (agents,); None: fully.
            now_s: The injected clock's time.
        """
        contacts, only = self._asking(line, roster, pauses, now_s)
        if not contacts or not roster.free_count:
            return None
        places = line.places(contacts)
        channels = line.channels(places)
        free = roster.free()
        columns = np.fromiter((one.column for one in free), np.int64, len(free))
        # Whoever talks has room for a mail perhaps, but is of no use to those who call.
        wanted = roster.has_slot[np.unique(channels)][:, columns]
        useful = np.flatnonzero(wanted.any(axis=0))[:AGENTS_MAX]
        if not len(useful):
            return None
        whole = len(contacts) <= CONTACTS_MAX and len(free) <= AGENTS_MAX
        del contacts[CONTACTS_MAX:]
        places, channels, columns = places[:CONTACTS_MAX], channels[:CONTACTS_MAX], columns[useful]
        agents = [free[n] for n in useful.tolist()]
        urgency_s = line.urgency_s(places, now_s)
        terms = self._terms(line.rows(places), columns, load_factor)
        terms += self._fairness_terms(contacts, agents, roster, columns, now_s)
        no_slot = ~roster.has_slot[:, columns]
        if no_slot[channels].any():
            shut = np.where(no_slot, np.inf, 0.0).astype(np.float32)
            terms.append(Term(None, shut, channels))
        problem = Problem(
            terms=terms,
            agent_s=np.zeros(len(agents), dtype=np.float32),
            leave_s=np.maximum(0.0, line.unserved_s(places) + urgency_s),
            capacity=np.ones(len(agents), dtype=np.int64),
            personal=self._personal(contacts, agents, pauses, only, now_s),
            rules=self._rules(contacts, agents, roster),
        )
        return Round(problem, contacts, agents, urgency_s, whole)

    def _asking(
        self,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        now_s: float,
    ) -> tuple[list[WaitingContact], dict[str, str]]:
        """Return who may be offered to somebody now, and who to one agent alone."""
        contacts: list[WaitingContact] = []
        only: dict[str, str] = {}
        for contact in line.waiting:
            if contact.profile is not None and needs.is_held(
                contact, self._queues[contact.queue_id], now_s
            ):
                agent_id = self.waited_for(contact, line, roster, pauses, now_s)
                if agent_id is not None:
                    if not roster.is_free(roster.get(agent_id), contact.channel):
                        continue
                    only[contact.contact_id] = agent_id
            contacts.append(contact)
        return contacts, only

    def waited_for(
        self,
        contact: WaitingContact,
        line: WaitingLine,
        roster: Roster,
        pauses: Pauses,
        now_s: float,
    ) -> str | None:
        """Return the agent whom a contact is kept for; None: anybody who is able may take it."""
        if not needs.is_held(contact, self._queues[contact.queue_id], now_s):
            return None
        agent_id = needs.preferred_agent(contact)
        if agent_id is None or agent_id not in roster:
            return None
        agent = roster.get(agent_id)
        present = agent.state.value in PRESENT and agent.column >= 0 and agent.on_shift
        if not present or agent.wished is not None:
            return None
        if agent_id in pauses.agents(contact.contact_id, now_s):
            return None
        (rows,) = line.rows(line.places([contact])).tolist()
        able = all(
            np.isfinite(self._book.tables[row].table[place, agent.column])
            for row, place in zip(Row, rows, strict=True)
        )
        return agent_id if able else None

    def _terms(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        load_factor: NDArray[np.float32] | None,
    ) -> list[Term]:
        """Return the terms that depend on what contacts ask for; those of no effect are left."""
        terms = []
        alone = len(rows) == 1
        for row, reason in REASONS.items():
            index = rows[:, row]
            if not index.any():
                continue
            table = self._book.tables[row].table
            if alone:
                # A new contact mostly finds somebody free at once: one row is enough.
                part, index = table[index[0], columns][np.newaxis], np.zeros(1, dtype=np.int64)
            else:
                part = table[:, columns]
            if row is Row.EXPECTATION and load_factor is not None:
                part = part * load_factor[columns]
            terms.append(Term(reason, part, index))
        return terms

    def _fairness_terms(
        self,
        contacts: Sequence[WaitingContact],
        agents: Sequence[Standing],
        roster: Roster,
        columns: NDArray[np.int64],
        now_s: float,
    ) -> list[Term]:
        """Return the terms that spread the work among agents."""
        since_s = np.array(
            [one.idle_since_s if not one.work else now_s for one in agents], dtype=np.float64
        )
        idle_s = np.clip(now_s - since_s, 0.0, IDLE_S_MAX)
        share = roster.occupancy.share(columns, now_s)
        index: Index = np.fromiter(
            (self._fairness_row[one.queue_id] for one in contacts), np.int64, len(contacts)
        )
        idle = -self._idle_weight[:, np.newaxis] * idle_s
        occupancy = self._occupancy_weight[:, np.newaxis] * share
        return [
            Term(Reason.IDLE, idle.astype(np.float32), index),
            Term(Reason.OCCUPANCY, occupancy.astype(np.float32), index),
        ]

    def _personal(
        self,
        contacts: Sequence[WaitingContact],
        agents: Sequence[Standing],
        pauses: Pauses,
        only: dict[str, str],
        now_s: float,
    ) -> Personal:
        """Return what single pairs cost: whom a customer knows, whom he must not get now."""
        seconds: dict[tuple[int, int], float] = {}
        place: dict[str, int] | None = None
        for row, contact in enumerate(contacts):
            profile = contact.profile
            familiar = () if profile is None else profile.familiar
            apart = pauses.agents(contact.contact_id, now_s)
            kept_for = only.get(contact.contact_id)
            if not familiar and not apart and kept_for is None:
                continue
            if place is None:
                place = {agent.agent_id: n for n, agent in enumerate(agents)}
            weight_s = self._book.weights(contact.queue_id).familiarity_weight_s
            for known in familiar:
                if known.agent_id in place:
                    seconds[row, place[known.agent_id]] = -weight_s * known.strength
            shut: Iterable[str] = apart
            if kept_for is not None:
                shut = (agent_id for agent_id in place if agent_id != kept_for)
            for agent_id in shut:
                if agent_id in place:
                    seconds[row, place[agent_id]] = np.inf
        if not seconds:
            return Personal()
        pairs = np.array(sorted(seconds), dtype=np.int64)
        return Personal(
            pairs[:, 0],
            pairs[:, 1],
            np.array([seconds[row, column] for row, column in pairs.tolist()], dtype=np.float32),
        )

    def _rules(
        self, contacts: Sequence[WaitingContact], agents: Sequence[Standing], roster: Roster
    ) -> list[TeamRule]:
        """Return the rules about teams that could be broken now."""
        rules = []
        for rule in self._policy.weights.team_rules:
            asking = np.array([one.queue_id in rule.queues for one in contacts])
            members = np.array([one.policy.agent.team == rule.team for one in agents])
            if not asking.any() or not members.any():
                continue
            busy = sum(
                any(serving.queue_id in rule.queues for serving in one.work.values())
                for one in roster
                if one.policy.agent.team == rule.team
            )
            left = max(0, rule.serving_max - busy)
            if left < min(int(asking.sum()), int(members.sum())):
                rules.append(TeamRule(asking, members, left))
        return rules
