"""The assignment against every possible one, and its ways of solving against each other."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.assignment.candidates import candidates
from router.assignment.costs import PairCosts, column, dense, objective_s, row
from router.assignment.flow import solve_flow
from router.assignment.greedy import solve_greedy
from router.assignment.groups import groups_of, pieces
from router.assignment.problem import Personal, Problem, TeamRule, Term
from router.assignment.small import solve_dense
from router.assignment.solver import solve, solve_unruled
from tests.property.examples import EXAMPLES
from tests.unit.router.assignment.people import checked

FEW = settings(deadline=None, max_examples=max(60, EXAMPLES), derandomize=True)


@st.composite
def problems(
    draw: st.DrawFn,
    contacts: tuple[int, int] = (0, 4),
    agents: tuple[int, int] = (0, 4),
    ruled: bool = False,
) -> Problem:
    n, m = draw(st.integers(*contacts)), draw(st.integers(*agents))
    # Few different numbers make ties, many make none; below 0 speaks for a pair.
    seconds = draw(st.sampled_from((st.integers(-2, 3), st.integers(-400, 1_000))))
    terms = []
    for _ in range(draw(st.integers(0, 3))):
        rows = draw(st.integers(1, 3))
        cells = draw(
            st.lists(
                st.just(float("inf")) | seconds.map(float), min_size=rows * m, max_size=rows * m
            )
        )
        index = draw(st.lists(st.integers(0, rows - 1), min_size=n, max_size=n))
        table = np.array(cells, dtype=np.float32).reshape(rows, m)
        terms.append(Term(None, table, np.array(index, dtype=np.int64)))
    every = [(i, j) for i in range(n) for j in range(m)]
    known = draw(st.lists(st.sampled_from(every), max_size=4, unique=True)) if every else []
    said = draw(
        st.lists(
            st.just(float("inf")) | seconds.map(float), min_size=len(known), max_size=len(known)
        )
    )
    personal = np.array(known, dtype=np.int64).reshape(-1, 2)
    return Problem(
        terms=terms,
        agent_s=np.array(draw(st.lists(seconds, min_size=m, max_size=m)), dtype=np.float32),
        leave_s=np.array(
            draw(st.lists(st.integers(0, 900), min_size=n, max_size=n)), dtype=np.float64
        ),
        capacity=np.array(
            draw(st.lists(st.integers(0, 2), min_size=m, max_size=m)), dtype=np.int64
        ),
        personal=Personal(personal[:, 0], personal[:, 1], np.array(said, dtype=np.float32)),
        rules=tuple(draw(rules(n, m)) for _ in range(draw(st.integers(1, 2)))) if ruled else (),
    )


@st.composite
def rules(draw: st.DrawFn, contacts: int, agents: int) -> TeamRule:
    return TeamRule(
        np.array(draw(st.lists(st.booleans(), min_size=contacts, max_size=contacts)), dtype=bool),
        np.array(draw(st.lists(st.booleans(), min_size=agents, max_size=agents)), dtype=bool),
        draw(st.integers(0, 2)),
    )


def least_s(problem: Problem) -> float:
    """Return the cost of the best of all assignments, tried one by one."""
    cost = dense(problem).astype(np.float64)
    n, m = cost.shape
    best = np.inf
    for choice in product(range(-1, m), repeat=n):
        pairs = [(i, j) for i, j in enumerate(choice) if j >= 0]
        who = np.array([i for i, _ in pairs], dtype=np.int64)
        where = np.array([j for _, j in pairs], dtype=np.int64)
        if np.any(np.bincount(where, minlength=m) > problem.capacity):
            continue
        if any(
            np.count_nonzero(rule.contacts[who] & rule.agents[where]) > rule.pairs_max
            for rule in problem.rules
        ):
            continue
        left = np.setdiff1d(np.arange(n), who)
        best = min(best, float(cost[who, where].sum()) + float(problem.leave_s[left].sum()))
    return best


@given(problems())
@settings(deadline=None, max_examples=max(100, EXAMPLES), derandomize=True)
def test_no_assignment_is_cheaper(problem: Problem) -> None:
    solution = solve(problem)
    checked(problem, solution.contacts, solution.agents)
    assert objective_s(problem, solution) == least_s(problem)
    assert solution.exact
    assert solution.complete


def scarce() -> Problem:
    """Three contacts want one agent of two places; another one is forbidden to the first alone."""
    never = float("inf")
    table = np.array([[0, 0], [never, 0]], dtype=np.float32)
    forbidden = Personal(np.array([0]), np.array([0]), np.array([never], dtype=np.float32))
    return Problem(
        terms=[Term(None, table, np.array([0, 1, 1]))],
        agent_s=np.zeros(2, dtype=np.float32),
        leave_s=np.array([84.0, 217.0, 83.0]),
        capacity=np.array([1, 2]),
        personal=forbidden,
    )


@given(problems(contacts=(1, 4), agents=(1, 4)))
@example(scarce())
@FEW
def test_the_flow_finds_it_too_where_all_pairs_are_looked_at(problem: Problem) -> None:
    solution = solve_flow(problem)
    checked(problem, solution.contacts, solution.agents)
    assert objective_s(problem, solution) == least_s(problem)


@given(problems(contacts=(1, 4), agents=(1, 4), ruled=True))
@FEW
def test_rules_are_kept_at_the_least_cost(problem: Problem) -> None:
    solution = solve(problem)
    checked(problem, solution.contacts, solution.agents)
    assert objective_s(problem, solution) == least_s(problem)


@given(problems(contacts=(0, 6), agents=(0, 6), ruled=True))
@FEW
def test_a_greedy_assignment_is_one(problem: Problem) -> None:
    solution = solve_greedy(problem)
    checked(problem, solution.contacts, solution.agents)
    assert not solution.complete
    assert objective_s(problem, solution) <= float(problem.leave_s.sum())


@given(problems(contacts=(1, 1), agents=(1, 6)) | problems(contacts=(1, 6), agents=(1, 1)))
@FEW
def test_a_row_and_a_column_are_solved_as_any_problem(problem: Problem) -> None:
    fast, slow = solve_unruled(problem), solve_dense(problem)
    assert fast.contacts.tolist() == slow.contacts.tolist()
    assert fast.agents.tolist() == slow.agents.tolist()


@given(problems(contacts=(1, 5), agents=(1, 5)))
@FEW
def test_costs_are_the_same_however_they_are_asked_for(problem: Problem) -> None:
    cost = dense(problem)
    n, m = cost.shape
    assert np.array_equal(np.stack([row(problem, i) for i in range(n)]), cost)
    assert np.array_equal(np.stack([column(problem, j) for j in range(m)], axis=1), cost)
    contacts, agents = np.divmod(np.arange(n * m), m)
    assert np.array_equal(PairCosts(problem)(contacts, agents).reshape(n, m), cost)


@pytest.mark.parametrize("cut", [False, True])
@given(problems(contacts=(1, 6), agents=(1, 6)))
@FEW
def test_groups_have_every_pair_that_may_meet_at_its_cost(cut: bool, problem: Problem) -> None:
    cost = np.full((len(problem.leave_s), len(problem.agent_s)), np.inf, dtype=np.float32)
    with pytest.MonkeyPatch.context() as limits:
        if cut:
            limits.setattr("router.assignment.groups.PAIRS_MIN", 1)
            limits.setattr("router.assignment.groups.PIECE_PAIRS", 7)
            limits.setattr("router.assignment.groups.CONTACTS_EACH_MIN", 2)
        for group in groups_of(problem):
            for contacts, piece in pieces(group):
                assert np.isinf(cost[np.ix_(contacts, group.agents)]).all()
                cost[np.ix_(contacts, group.agents)] = piece
            for few in (group.contacts[2::-1], group.contacts[3:]):
                parts = [piece.copy() for _, piece in pieces(replace(group, contacts=few))]
                seen = np.concatenate([cost[:0, group.agents], *parts])
                assert np.array_equal(seen, cost[np.ix_(few, group.agents)])
    expected = dense(problem)
    expected[:, problem.capacity <= 0] = np.inf
    assert np.array_equal(cost, expected)


@given(problems(contacts=(1, 6), agents=(1, 6)))
@FEW
def test_candidates_may_meet_and_pay(problem: Problem) -> None:
    pairs = candidates(problem)
    assert np.array_equal(pairs.cost, PairCosts(problem)(pairs.contact, pairs.agent))
    assert np.all(pairs.cost < problem.leave_s[pairs.contact])
    assert np.all(problem.capacity[pairs.agent] > 0)
