"""A part of a problem: some of its contacts and agents."""

import numpy as np

from router.assignment.problem import Index, Personal, Problem, Term


def part_of(problem: Problem, contacts: Index, agents: Index, room: Index) -> Problem:
    """Return the problem of some contacts and agents, without rules.

    Args:
        problem: The whole.
        contacts: Ascending.
        agents: Ascending.
        room: Capacity left, of all agents.
    """
    personal = problem.personal
    contact_at = np.full(len(problem.leave_s), -1, dtype=np.int64)
    contact_at[contacts] = np.arange(len(contacts))
    agent_at = np.full(len(problem.agent_s), -1, dtype=np.int64)
    agent_at[agents] = np.arange(len(agents))
    own = (contact_at[personal.contact] >= 0) & (agent_at[personal.agent] >= 0)
    return Problem(
        terms=[_part_of_term(term, contacts, agents) for term in problem.terms],
        agent_s=problem.agent_s[agents],
        leave_s=problem.leave_s[contacts],
        capacity=room[agents],
        personal=Personal(
            contact_at[personal.contact[own]],
            agent_at[personal.agent[own]],
            personal.seconds[own],
        ),
    )


def _part_of_term(term: Term, contacts: Index, agents: Index) -> Term:
    used, index = np.unique(term.index[contacts], return_inverse=True)
    return Term(term.reason, term.table[used][:, agents], index)
