"""The assignment against a dense solver of another kind, and its fast paths against the flow."""

from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from router import solver
from router.cost import NOT_ELIGIBLE
from router.solver import Problem, Solution, dense, objective, solve, solve_flow


@st.composite
def problems(draw, classes: tuple[int, int] = (1, 5), agents: tuple[int, int] = (1, 6)) -> Problem:
    k, m = draw(st.integers(*classes)), draw(st.integers(*agents))
    supply = draw(st.lists(st.integers(1, 4), min_size=k, max_size=k))
    n = sum(supply)
    # Few different numbers make ties, many make none.
    top = draw(st.sampled_from((2, 40, 200_000)))
    urgency = draw(st.lists(st.integers(0, top), min_size=n, max_size=n))
    pair = draw(
        st.lists(
            st.lists(st.just(NOT_ELIGIBLE) | st.integers(0, top), min_size=m, max_size=m),
            min_size=k,
            max_size=k,
        )
    )
    return Problem(
        supply=np.array(supply, dtype=np.int64),
        urgency=np.array(urgency, dtype=np.int64),
        waiting_rank=np.array(draw(st.permutations(range(n))), dtype=np.int64),
        pair=np.array(pair, dtype=np.int64),
    )


def check(problem: Problem, solution: Solution) -> None:
    """An assignment: eligible pairs, each contact and each agent once."""
    assert len(set(solution.contacts.tolist())) == len(solution.contacts)
    assert len(set(solution.agents.tolist())) == len(solution.agents)
    class_of = np.repeat(np.arange(len(problem.supply)), problem.supply)
    assert np.all(problem.pair[class_of[solution.contacts], solution.agents] != NOT_ELIGIBLE)


def dense_optimum(problem: Problem) -> tuple[int, int]:
    """Return the least cost, and how many are served at it."""
    costs, nobody_served = dense(problem)
    chosen = costs[linear_sum_assignment(costs)]
    return nobody_served + int(chosen.sum()), int(np.count_nonzero(chosen))


@given(problems())
@settings(deadline=None, max_examples=300, derandomize=True)
def test_any_problem_is_solved_at_the_least_cost(problem):
    solution = solve(problem)
    check(problem, solution)
    assert solution.exact
    assert (objective(problem, solution), len(solution.contacts)) == dense_optimum(problem)


@given(problems(classes=(1, 1)) | problems(agents=(1, 1)))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_the_fast_paths_cost_what_the_flow_costs(problem):
    fast, flow = solve(problem), solve_flow(problem)
    check(problem, flow)
    assert objective(problem, fast) == objective(problem, flow)
    assert set(fast.contacts.tolist()) == set(flow.contacts.tolist())
    assert set(fast.agents.tolist()) == set(flow.agents.tolist())


@given(problems(classes=(2, 5), agents=(2, 6)))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_candidates_alone_always_serve_someone(problem):
    """So the core, which solves again for the rest, comes to an end."""
    with mock.patch.multiple(solver, CANDIDATES_MIN=2, ARCS_MAX=1):
        solution = solve_flow(problem)
    check(problem, solution)
    assert len(solution.contacts) > 0 or np.all(problem.pair == NOT_ELIGIBLE)


@given(problems())
@settings(deadline=None, max_examples=100, derandomize=True)
def test_the_same_problem_has_the_same_solution(problem):
    first, second = solve(problem), solve(problem)
    assert first.contacts.tolist() == second.contacts.tolist()
    assert first.agents.tolist() == second.agents.tolist()
