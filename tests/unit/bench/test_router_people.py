import numpy as np

from bench.router import measure_small
from bench.router_cost import posed
from bench.router_people import LANGUAGES, scene
from domain.decision import Reason
from router.assignment.costs import dense


def test_the_same_seed_gives_the_same_moment():
    assert scene(20, 30, 1) == scene(20, 30, 1)
    assert scene(20, 30, 1) != scene(20, 30, 2)


def test_people_stand_in_order_of_their_waiting():
    moment = scene(50, 40, 3)
    assert (len(moment.contacts), len(moment.agents)) == (50, 40)
    waited_s = [contact.queued.waited_s for contact in moment.contacts]
    idle_s = [agent.idle_s for agent in moment.agents]
    assert waited_s == sorted(waited_s, reverse=True)
    assert idle_s == sorted(idle_s, reverse=True)


def test_a_centre_has_rare_specialists_and_people_who_want_no_profile():
    moment = scene(400, 400, 4)
    spoken = {
        tag: sum(tag in agent.agent.languages for agent in moment.agents) for tag in LANGUAGES
    }
    assert 0 < min(spoken.values()) < max(spoken.values()) / 3
    assert 0 < sum(not contact.profile.profiling for contact in moment.contacts) < 60


def test_the_problem_is_the_one_that_the_core_poses():
    moment = scene(60, 50, 5)
    problem = posed(moment, 5)()
    reasons = {term.reason for term in problem.terms}
    assert reasons >= {Reason.SKILL, Reason.LANGUAGE, Reason.REGION, Reason.EXPECTATION}
    cost = dense(problem)
    assert cost.shape == (60, 50)
    for number, contact in enumerate(moment.contacts):
        speaks = [contact.queued.language in agent.agent.languages for agent in moment.agents]
        assert not np.any(np.isfinite(cost[number]) & ~np.array(speaks))


def test_a_small_size_is_measured():
    row = measure_small(3, 4)
    assert row["contacts x agents"] == "3 x 4"
    assert row["gap_pct"] == "0.000"
    assert row["on the event loop"] == "yes"
