from dataclasses import replace

import numpy as np
import pytest

from config.routing import Routing
from router.columns import AgentColumns
from router.cost import (
    HEAD_START_S,
    PRIORITY_MAX,
    CostBook,
    Needs,
    Row,
    Urgency,
    starvation_bound_s,
    told_against_mean,
    weights_of,
)
from router.policy import RouterPolicy, requirements_of
from tests.unit.router.people import agent, policy, queue

ANN = agent("ann", skills={"tech": 3}, languages={"en": 5})
BEN = agent(
    "ben", skills={"tech": 5}, languages={"en": 3, "zh": 5}, seniority=5, emotion_handling=5
)
CHEN = agent("chen", languages={"zh": 5}, regions=["north"], products=["phone"])
PLAIN = Needs(
    queue_id="sales", requirements=(), language="en", language_min=1, spoken="en", topic="sales"
)


def book_of(rules: RouterPolicy, expect=None) -> CostBook:
    columns = AgentColumns([entry.agent for entry in rules.agents.values()])
    return CostBook(rules.queues, rules.weights, columns, expect)


def costs(needs: Needs, row: Row, rules: RouterPolicy, expect=None) -> np.ndarray:
    book = book_of(rules, expect)
    place = book.rows(needs)[row]
    return book.tables[row].table[place]


def test_costs_are_told_against_the_mean_of_those_who_are_able():
    cost = told_against_mean(np.array([1, 3, 100], np.float32), np.array([True, True, False]))
    assert cost.tolist() == [-1.0, 1.0, np.inf]
    assert told_against_mean(np.ones(2, np.float32), np.zeros(2, bool)).tolist() == [np.inf] * 2
    assert told_against_mean(np.zeros(0, np.float32)).shape == (0,)


def test_better_agents_cost_less_and_the_unable_may_not():
    rules = policy([ANN, BEN, CHEN], [queue(skills={"tech": 2})], proficiency_weight_s=5)
    needs = replace(PLAIN, requirements=requirements_of(rules.queues["sales"]))
    assert costs(needs, Row.SKILL, rules).tolist() == [5.0, -5.0, np.inf]


def test_the_language_spoken_best_decides_among_those_who_speak_the_one_served():
    rules = policy([ANN, BEN, CHEN], language_weight_s=10)
    assert costs(PLAIN, Row.LANGUAGE, rules).tolist() == [-10.0, 10.0, np.inf]
    needs = replace(PLAIN, spoken="zh")
    assert costs(needs, Row.LANGUAGE, rules).tolist() == [25.0, -25.0, np.inf]
    needs = replace(PLAIN, language_min=4)
    assert costs(needs, Row.LANGUAGE, rules).tolist() == [0.0, np.inf, np.inf]


@pytest.mark.parametrize(
    ("change", "row", "best"),
    [
        ({"region": "north"}, Row.REGION, 2),
        ({"product": "phone"}, Row.PRODUCT, 2),
        ({"seniority": 5}, Row.SENIORITY, 1),
        ({"distress": 1}, Row.EMOTION, 1),
    ],
)
def test_what_a_contact_tells_of_itself_finds_the_agent_for_it(change, row, best):
    rules = policy([ANN, BEN, CHEN])
    found = costs(replace(PLAIN, **change), row, rules)
    assert int(np.argmin(found)) == best
    assert abs(float(found.sum())) < 1e-4
    assert not costs(PLAIN, row, rules).any()


def test_the_angrier_the_more_it_counts_who_can_handle_it():
    rules = policy([ANN, BEN])
    once, thrice = (
        np.ptp(costs(replace(PLAIN, distress=degree), Row.EMOTION, rules)) for degree in (1, 3)
    )
    assert thrice == pytest.approx(3 * once)


def test_who_alone_can_serve_others_is_kept_for_them():
    queues = [queue(), queue("chinese", language="zh")]
    rules = policy([ANN, BEN], queues, reserve_weight_s=20)
    assert costs(PLAIN, Row.RESERVE, rules).tolist() == [-10.0, 10.0]


def test_a_ring_lets_in_its_teams_and_agents_and_the_last_everybody():
    rings = [{"teams": ["blue"]}, {"after_s": 10, "agents": ["chen"]}, {"after_s": 20}]
    blue = agent("dora", team="blue")
    rules = policy([ANN, CHEN, blue], [queue(routing={"rings": rings})])
    inside = [
        np.isfinite(costs(replace(PLAIN, ring=n), Row.RING, rules)).tolist() for n in (1, 2, 3)
    ]
    assert inside == [[False, False, True], [False, True, True], [True, True, True]]


def test_expectations_count_for_those_contacts_alone_that_are_routed_by_them():
    rules = policy([ANN, BEN], expectation_weight_s=100)
    expect = {("sales", "s1"): np.array([0.4, 0.6], np.float32)}
    needs = replace(PLAIN, expected=("sales", "s1"))

    def chances(topic, segment, skills):
        return expect[topic, segment]

    np.testing.assert_allclose(costs(needs, Row.EXPECTATION, rules, chances), [10, -10], atol=1e-4)
    assert not costs(PLAIN, Row.EXPECTATION, rules, chances).any()


def test_a_queue_has_weights_of_its_own():
    rules = policy([ANN], [queue(routing={"weights": {"language_weight_s": 99}}), queue("help")])
    sales, other = (weights_of(rules.weights, one) for one in rules.queues.values())
    assert (sales.language_weight_s, other.language_weight_s) == (99, 10)
    assert sales.wait_weight_per_s == other.wait_weight_per_s


def test_rows_are_made_once_for_contacts_that_ask_the_same():
    book = book_of(policy([ANN, BEN]))
    first = book.rows(PLAIN)
    assert book.rows(replace(PLAIN)) == first
    assert book.rows(replace(PLAIN, language="zh", spoken="zh")) != first
    for n in range(50):
        book.rows(replace(PLAIN, region=f"r{n}"))
    assert len(book) == 51
    assert len(book.tables[Row.REGION].table) == 51


def urgency(waited_s, *, priority=0, value=1, channel=0, **weights) -> float:
    rules = policy([ANN], **weights)
    one = Urgency.of(rules.queues, rules.weights)
    index = np.array([0])
    found = one.urgency_s(
        index, np.array([channel]), *(np.array([float(x)]) for x in (waited_s, priority, value))
    )
    start_s = HEAD_START_S * rules.weights.wait_weight_per_s if channel == 0 else 0.0
    return float(found[0]) - start_s


def test_urgency_grows_with_waiting_and_faster_beyond_the_target():
    assert urgency(10) == 10
    assert urgency(30) == 30 + 10
    assert urgency(30, overdue_weight_per_s=0) == 30


def test_priority_and_value_are_worth_their_seconds():
    assert urgency(0, priority=2) == 120
    assert urgency(0, value=5, value_weight_s=30) == 4 * 30


def test_a_mail_waits_better_than_a_call():
    assert urgency(1_400, channel=3) < HEAD_START_S + urgency(0) < urgency(1_600, channel=3)


def test_the_bound_of_starvation_covers_what_can_differ():
    weights = weights_of(Routing(), queue())
    bound_s = starvation_bound_s(weights)
    assert bound_s > PRIORITY_MAX * weights.priority_weight_s
    assert starvation_bound_s(weights, 0.5) == 2 * bound_s
    assert starvation_bound_s(weights, 0.0) == np.inf
