"""Whatever is observed, expectations stay between what is promised and what was seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from config.routing import Learning
from router.learning.evidence import Evidence
from router.learning.load import load_factor
from router.learning.model import OutcomeModel
from router.learning.shrinkage import Strengths, base, expected, strengths_of, topic_sums

IDS = ("a", "b", "c")
OUTCOMES = st.lists(
    st.tuples(
        st.sampled_from(["t", "u"]),
        st.sampled_from(["", "s", "r"]),
        st.sampled_from(IDS),
        st.floats(0, 1),
        st.floats(0, 400),
        st.floats(0.1, 5),
    ),
    max_size=60,
)
PRIORS = st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3).map(
    lambda values: np.array(values, dtype=np.float32)
)
STRENGTHS = st.builds(
    Strengths,
    agents=st.floats(4, 2_000),
    segments=st.floats(4, 2_000),
    slope=st.floats(0, 2),
    mean=st.floats(0, 1),
    centre=st.floats(0, 1),
)


def evidence_of(outcomes: list[tuple[str, str, str, float, float, float]]) -> Evidence:
    evidence = Evidence(90.0)
    evidence.seat(IDS)
    evidence.make_topic("t")
    for outcome in outcomes:
        evidence.add(*outcome)
    return evidence


@settings(deadline=None, max_examples=150, derandomize=True)
@given(OUTCOMES, PRIORS, STRENGTHS)
def test_shrinkage_stays_between_promise_and_record(outcomes, prior, strengths):
    evidence = evidence_of(outcomes)
    topic = evidence.topics["t"]
    places = np.array([evidence.places[each] for each in IDS])
    topic.prior[places] = prior
    sums = topic_sums(topic, evidence.used(), evidence.scale, strengths)
    promised = base(prior.astype(np.float64), sums, strengths)
    for segment in ("", "s", "r", "never seen", None):
        found = expected(topic, segment, places, promised, evidence.scale, strengths)
        for position, agent_id in enumerate(IDS):
            goods = [one[3] for one in outcomes if one[0] == "t" and one[2] == agent_id]
            span = [float(promised[position]), *goods]
            assert min(span) - 1e-9 <= found[position] <= max(span) + 1e-9


@settings(deadline=None, max_examples=150, derandomize=True)
@given(OUTCOMES, st.integers(0, 59), st.floats(0, 1), PRIORS, STRENGTHS)
def test_a_better_outcome_never_lowers_an_expectation(outcomes, which, better, prior, strengths):
    """As long as it is not estimated anew how much to believe the outcomes."""
    if not outcomes:
        return
    which %= len(outcomes)
    raised = list(outcomes)
    raised[which] = (*raised[which][:3], max(better, raised[which][3]), *raised[which][4:])
    places = np.arange(1, 4)
    rows = []
    for each in (outcomes, raised):
        evidence = evidence_of(each)
        rows.append(
            expected(
                evidence.topics["t"],
                "s",
                places,
                prior.astype(np.float64),
                evidence.scale,
                strengths,
            )
        )
    assert np.all(rows[1] >= rows[0] - 1e-12)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(OUTCOMES, PRIORS, st.randoms(use_true_random=False))
def test_the_order_of_outcomes_does_not_matter_to_the_sums(outcomes, prior, random):
    shuffled = list(outcomes)
    random.shuffle(shuffled)
    rows = []
    for each in (outcomes, shuffled):
        evidence = evidence_of(each)
        topic = evidence.topics["t"]
        topic.prior[1:4] = prior
        sums = topic_sums(topic, evidence.used(), evidence.scale, Strengths())
        strengths = strengths_of([sums])
        promised = base(prior.astype(np.float64), sums, strengths)
        rows.append(expected(topic, "s", np.arange(1, 4), promised, evidence.scale, strengths))
    assert np.allclose(rows[0], rows[1], atol=1e-6)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(OUTCOMES, OUTCOMES, PRIORS)
def test_a_restart_in_the_middle_changes_nothing(before, after, prior):
    whole, stopped = OutcomeModel(Learning()), OutcomeModel(Learning())
    for outcome in before:
        whole.observe(*outcome)
        stopped.observe(*outcome)
    for one in (whole, stopped):
        one.expect("t", "s", IDS, prior)
    state = whole.state()
    again = OutcomeModel(Learning())
    again.restore(stopped.state())
    assert again.state() == state
    for outcome in after:
        whole.observe(*outcome)
        again.observe(*outcome)
    # A row that is kept is older than the news; another one asked for is not.
    rows = [one.expect("u", "r", IDS, prior) for one in (whole, again)]
    assert np.array_equal(rows[0], rows[1])
    assert np.all((rows[0] >= 0) & (rows[0] <= 1))


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 1))
def test_the_load_factor_is_bounded_and_falls_with_occupancy(busy, gain_max):
    occupancy = np.array(busy)
    factor = load_factor(occupancy, gain_max)
    assert np.all((factor >= 0) & (factor <= 1))
    order = np.argsort(occupancy, kind="stable")
    assert np.all(np.diff(factor[order]) <= 1e-6)
    assert factor[order[0]] == 1.0
