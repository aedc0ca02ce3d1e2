import numpy as np
import pytest

from domain.agent import Agent
from domain.customer_profile import CustomerProfile
from domain.decision import Scheme
from router import lessons
from router.columns import AgentColumns
from router.inputs import OutcomeKnown
from router.known import ServedContact
from router.lessons import DAY_S, Lessons

PLAIN = CustomerProfile(customer_id="k", profiling=False)


class Model:
    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.version = 0
        self.priors: list[np.ndarray] = []
        self.seen: list[tuple] = []
        self.noted: list[tuple] = []

    def expect(self, topic, segment, agent_ids, prior):
        self.priors.append(prior)
        return prior

    def observe(self, *seen):
        self.seen.append(seen)

    def draw(self, contact_id):
        return Scheme.LEARNED, 0.9

    def note(self, *noted):
        self.noted.append(noted)

    def load_factor(self, occupancy):
        return (1 - occupancy).astype(np.float32)


def columns(**levels: int) -> AgentColumns:
    return AgentColumns(
        [
            Agent(agent_id=name, name=name, extension="1", skills={"tech": level}, languages={})
            for name, level in levels.items()
        ]
    )


def served(scheme: Scheme = Scheme.LEARNED) -> ServedContact:
    return ServedContact(
        agent_id="ann", queue_id="sales", topic="offer", segment="s", scheme=scheme
    )


def test_without_a_model_nothing_is_drawn_expected_or_learnt():
    empty = Lessons(None)
    assert empty.scheme_of("c1", None) == (Scheme.UNLEARNED, 1.0)
    assert empty.expect(columns(ann=3), "offer", "", []).tolist() == [0.0]
    assert empty.load_factor(lambda: np.ones(1)) is None
    assert not empty.have_changed()
    empty.served("c1", served())
    empty.learn(OutcomeKnown("c1", resolved=True), 0.0)


@pytest.mark.parametrize(
    ("enabled", "profile", "expected"),
    [
        (True, None, (Scheme.LEARNED, 0.9)),
        (True, CustomerProfile(customer_id="k"), (Scheme.LEARNED, 0.9)),
        (True, PLAIN, (Scheme.PLAIN, 1.0)),
        (False, None, (Scheme.UNLEARNED, 1.0)),
        (False, PLAIN, (Scheme.PLAIN, 1.0)),
    ],
)
def test_by_which_rules_a_contact_is_routed(enabled, profile, expected):
    assert Lessons(Model(enabled=enabled)).scheme_of("c1", profile) == expected


def test_a_change_of_the_model_is_told_once():
    model = Model()
    taught = Lessons(model)
    assert taught.have_changed()
    assert not taught.have_changed()
    model.version += 1
    assert taught.have_changed()


def test_an_outcome_teaches_once_with_the_day_it_came_from():
    model = Model()
    taught = Lessons(model)
    taught.served("c1", served())
    taught.served("c2", served(Scheme.CONTROL))
    taught.learn(OutcomeKnown("c1"), 0.0)
    taught.learn(OutcomeKnown("c1", resolved=True, satisfied=0.5), 3 * DAY_S)
    taught.learn(OutcomeKnown("c1", resolved=False), 3 * DAY_S)
    taught.learn(OutcomeKnown("c2", resolved=False, at_days=20_000.5), 4 * DAY_S)
    assert model.seen == [("offer", "s", "ann", 0.75, 3.0), ("offer", "s", "ann", 0.0, 20_000.5)]
    assert model.noted == [
        (Scheme.LEARNED, "offer", "s", "ann", 0.75), (Scheme.CONTROL, "offer", "s", "ann", 0.0),
    ]  # fmt: skip


def test_who_wants_no_profile_teaches_nothing():
    model = Model()
    taught = Lessons(model)
    taught.served("c1", served(Scheme.PLAIN))
    taught.learn(OutcomeKnown("c1", resolved=True), 0.0)
    assert model.seen == model.noted == []


def test_what_skills_promise_is_worked_out_once_and_anew_for_other_agents():
    model = Model()
    taught = Lessons(model)
    few = columns(ann=5, ben=1)
    for segment in ("a", "b"):
        taught.expect(few, "offer", segment, ["tech"])
    assert model.priors[0] is model.priors[1]
    assert model.priors[0][0] > model.priors[0][1]
    taught.expect(columns(ann=1, ben=5, chen=3), "offer", "a", ["tech"])
    assert model.priors[2].shape == (3,)
    assert model.priors[2][0] < model.priors[2][1]


def test_what_is_kept_of_promises_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lessons, "PROMISED_MAX", 3)
    taught = Lessons(Model())
    few = columns(ann=5)
    for n in range(10):
        taught.expect(few, f"t{n}", "", ["tech"])
        assert len(taught._promised) <= 3
