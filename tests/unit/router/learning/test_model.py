"""The outcome model learns, begins with skills, forgets, and knows of nobody but agents."""

import ast
import inspect
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import router.learning
from config.routing import Learning
from domain.customer_profile import CustomerProfile
from domain.decision import Scheme
from domain.errors import StoreError
from domain.learning import Verdict
from router.learning import model as model_module
from router.learning.model import BATCH, OutcomeModel

IDS = ("anna", "bert", "chen", "dora")
PRIOR = np.array([0.8, 0.7, 0.7, 0.6], dtype=np.float32)


def new(**changes: object) -> OutcomeModel:
    return OutcomeModel(Learning.model_validate(changes))


def learn(
    model: OutcomeModel,
    agent_id: str,
    good: float,
    times: int,
    *,
    at_days: float = 0.0,
    **where: str,
) -> None:
    for _ in range(times):
        model.observe(
            where.get("topic", "billing"), where.get("segment", ""), agent_id, good, at_days
        )


def test_a_new_agent_begins_with_what_his_skills_promise() -> None:
    assert np.allclose(new().expect("billing", "", IDS, PRIOR), PRIOR)


def test_a_record_outweighs_skills_little_by_little() -> None:
    model = new()
    model.expect("billing", "", IDS, PRIOR)
    leads = []
    for _ in range(30):
        for good in (1.0, 1.0, 1.0, 0.0):
            learn(model, "dora", good, 2)
        for good in (1.0, 0.0):
            learn(model, "anna", good, 4)
        row = model.expect("billing", "", IDS, PRIOR)
        leads.append(float(row[3] - row[0]))
    assert leads[0] < 0
    assert 0.15 < leads[-1] < 0.25


def test_a_record_in_one_topic_says_nothing_of_another_agents_lead() -> None:
    model = new()
    learn(model, "dora", 1.0, 200)
    learn(model, "bert", 0.5, 200)
    other = model.expect("delivery", "", IDS, PRIOR)
    assert np.array_equal(np.argsort(-other, kind="stable"), [0, 1, 2, 3])


def test_a_segment_is_learnt_apart_and_drawn_to_the_agents_record() -> None:
    model = new()
    model.expect("billing", "", IDS, PRIOR)
    learn(model, "bert", 0.9, 300, segment="firm")
    learn(model, "bert", 0.4, 300, segment="home")
    learn(model, "chen", 0.65, 600, segment="firm")
    firm, home, other = (
        float(model.expect("billing", segment, IDS, PRIOR)[1])
        for segment in ("firm", "home", "new")
    )
    assert 0.4 < home < other < firm < 0.9


def test_the_old_fades_and_the_new_counts() -> None:
    model = new(half_life_days=30)
    model.expect("billing", "", IDS, PRIOR)
    learn(model, "bert", 0.0, 100, at_days=0)
    learn(model, "bert", 1.0, 100, at_days=300)
    learn(model, "chen", 0.0, 100, at_days=300)
    row = model.expect("billing", "", IDS, PRIOR)
    assert row[1] > 0.8
    fresh = new(half_life_days=3650)
    fresh.expect("billing", "", IDS, PRIOR)
    learn(fresh, "bert", 0.0, 100, at_days=0)
    learn(fresh, "bert", 1.0, 100, at_days=300)
    learn(fresh, "chen", 0.0, 100, at_days=300)
    assert fresh.expect("billing", "", IDS, PRIOR)[1] < 0.65


def test_the_version_grows_by_batches_and_by_hours() -> None:
    model = new()
    learn(model, "anna", 1.0, BATCH - 1)
    assert model.version == 0
    learn(model, "anna", 1.0, 1)
    assert model.version == 1
    learn(model, "anna", 1.0, 1, at_days=1.0)
    assert model.version == 2


def test_a_row_is_the_same_object_until_there_is_news() -> None:
    model = new()
    before = model.expect("billing", "", IDS, PRIOR)
    learn(model, "anna", 0.0, BATCH - 1)
    assert model.expect("billing", "", IDS, PRIOR) is before
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 1.0
    learn(model, "anna", 0.0, 1)
    assert model.expect("billing", "", IDS, PRIOR)[0] < before[0]


def test_who_is_asked_for_changes_nothing_for_the_others() -> None:
    model = new()
    model.expect("billing", "", IDS, PRIOR)
    learn(model, "anna", 1.0, 60)
    learn(model, "dora", 0.3, 60)
    whole = model.expect("billing", "", IDS, PRIOR)
    part = model.expect("billing", "", ("dora", "anna"), PRIOR[[3, 0]])
    assert np.array_equal(part, whole[[3, 0]])


@pytest.mark.parametrize(
    ("prior", "told"),
    [
        (np.zeros(3, dtype=np.float32), r"shape \(3,\) for 4 agents"),
        (np.full(4, 1.5, dtype=np.float32), "from 0 to 1"),
        (np.full(4, np.nan, dtype=np.float32), "from 0 to 1"),
    ],
)
def test_a_prior_that_is_none_is_refused(prior: np.ndarray, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        new().expect("billing", "", IDS, prior)


@pytest.mark.parametrize(
    ("good", "at_days", "weight", "told"),
    [
        (1.1, 0.0, 1.0, "1.1 is not from 0 to 1"),
        (float("nan"), 0.0, 1.0, "nan is not from 0 to 1"),
        (0.5, float("inf"), 1.0, "inf is not finite"),
        (0.5, 0.0, 0.0, "0.0 is not over 0"),
    ],
)
def test_an_outcome_that_is_none_is_refused(
    good: float, at_days: float, weight: float, told: str
) -> None:
    model = new()
    with pytest.raises(ValueError, match=told):
        model.observe("billing", "", "anna", good, at_days, weight)
    assert model.observed == 0


def test_switched_off_nobody_is_drawn() -> None:
    model = new(enabled=False)
    assert model.draw("c1") == (Scheme.UNLEARNED, 1.0)
    model.reload(Learning())
    assert model.draw("c1")[0] in {Scheme.LEARNED, Scheme.CONTROL}


def test_another_half_life_holds_from_now_on() -> None:
    model = new(half_life_days=10)
    model.expect("billing", "", IDS, PRIOR)
    learn(model, "bert", 0.0, 100, at_days=0)
    learn(model, "chen", 1.0, 100, at_days=20)
    before = model.view().topics[0].outcomes
    model.reload(Learning(half_life_days=1000))
    assert model.view().topics[0].outcomes == pytest.approx(before)
    learn(model, "chen", 1.0, 1, at_days=30)
    assert model.view().topics[0].outcomes == pytest.approx(before * 2**-0.01 + 1)


def test_a_restart_goes_on_where_it_stopped() -> None:
    model = new()
    rng = np.random.default_rng(3)
    model.expect("billing", "", IDS, PRIOR)

    def outcomes(one: OutcomeModel, seed: int) -> None:
        drawn = np.random.default_rng(seed)
        for _ in range(400):
            topic, segment = drawn.choice(["billing", "delivery"]), drawn.choice(["", "firm"])
            good, at_days = float(drawn.random()), float(drawn.uniform(0, 50))
            one.observe(str(topic), str(segment), str(drawn.choice(IDS)), good, at_days)
            one.note(Scheme.LEARNED if drawn.random() < 0.5 else Scheme.CONTROL, "billing", "",
                     "anna", good)  # fmt: skip

    outcomes(model, 1)
    again = new()
    again.restore(model.state())
    for one in (model, again):
        outcomes(one, int(rng.integers(1)) + 2)
    for topic in ("billing", "delivery", "unknown"):
        for segment in ("", "firm"):
            rows = [one.expect(topic, segment, IDS, PRIOR) for one in (model, again)]
            assert np.array_equal(rows[0], rows[1])
    assert again.view() == model.view()
    assert again.uplift() == model.uplift()
    assert [again.draw(f"c{n}") for n in range(50)] == [model.draw(f"c{n}") for n in range(50)]


@pytest.mark.parametrize("state", [b"", b"nonsense", new().state()[:-1], b"\x81\xa4form\x02"])
def test_a_broken_state_changes_nothing(state: bytes) -> None:
    model = new()
    learn(model, "anna", 1.0, 60)
    before = model.view()
    with pytest.raises(StoreError, match="what was learnt"):
        model.restore(state)
    assert model.view() == before


def test_the_view_names_who_is_known_to_do_better() -> None:
    model = new()
    model.expect("billing", "", IDS, PRIOR)
    learn(model, "dora", 0.9, 300)
    learn(model, "anna", 0.5, 300)
    learn(model, "bert", 1.0, 2)
    view = model.view()
    assert (view.outcomes, view.agents, view.control_share) == (602, 3, 0.1)
    (topic,) = view.topics
    assert topic.good == pytest.approx((300 * 0.9 + 300 * 0.5 + 2) / 602)
    assert topic.best[0].agent_id == "dora"
    assert topic.best[0].outcomes == pytest.approx(300)
    assert all(agent.expected > topic.good for agent in topic.best)
    assert view.uplift.verdict is Verdict.NOT_YET


def test_true_differences_are_recovered_and_their_effect_is_shown() -> None:
    rng = np.random.default_rng(7)
    ids = tuple(f"agent-{number}" for number in range(20))
    topics = [f"topic-{number}" for number in range(4)]
    prior = np.clip(0.7 + rng.normal(0, 0.05, 20), 0, 1).astype(np.float32)
    true = np.clip(prior[:, None] - 0.1 + rng.normal(0, 0.12, (20, 4)), 0.05, 0.95)
    model = new(control_share=0.3, half_life_days=3650)
    for number in range(6_000):
        topic = number % 4
        scheme, _ = model.draw(f"contact-{number}")
        row = model.expect(topics[topic], "", ids, prior)
        # Ten of the twenty are free.
        free = rng.permutation(20)[:10]
        agent = int(free[np.argmax(row[free])]) if scheme is Scheme.LEARNED else int(free[0])
        good = float(rng.random() < true[agent, topic])
        model.observe(topics[topic], "", ids[agent], good, number / 500)
        model.note(scheme, topics[topic], "", ids[agent], good)
    rows = np.stack([model.expect(topic, "", ids, prior) for topic in topics], axis=1)
    error = float(np.sqrt(np.mean((rows - true) ** 2)))
    skills_error = float(np.sqrt(np.mean((prior[:, None] - 0.1 - true) ** 2)))
    assert error < 0.7 * skills_error
    assert np.corrcoef(rows.ravel(), true.ravel())[0, 1] > 0.75
    uplift = model.uplift()
    assert uplift.verdict is Verdict.BETTER
    assert uplift.low is not None
    assert uplift.high is not None
    # The best of ten by what is true is the most that could be gained.
    assert 0.05 < uplift.low < uplift.high < 0.35


SOURCES = sorted(Path(router.learning.__file__).parent.glob("*.py"))


def test_nothing_of_a_customer_but_topic_and_segment_has_a_way_in() -> None:
    allowed = {"self", "topic", "segment", "agent_id", "agent_ids", "prior", "good", "at_days",
               "weight", "contact_id", "occupancy", "scheme", "learning", "state"}  # fmt: skip
    for name, method in inspect.getmembers(OutcomeModel, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(method).parameters.keys() <= allowed, name
    profile = {field.name for field in fields(CustomerProfile)} - {"topic", "segment"}
    for source in SOURCES:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        imported = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
        }
        assert not {each for each in imported if "customer" in each or "consent" in each}
        read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        assert not (read | named) & profile, source.name
    assert Path(model_module.__file__) in SOURCES


def test_expectations_have_no_part_before_the_first_outcome_or_when_switched_off() -> None:
    for switched_on in (True, False):
        model = OutcomeModel(Learning(enabled=switched_on))
        assert not model.enabled
        model.observe("topic", "segment", "ann", 1.0, 0.0)
        assert model.enabled is switched_on
