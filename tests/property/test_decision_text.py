"""Whatever a decision holds, it is told: in both languages, with the agent's name, in numbers."""

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.decision_text import teller
from domain.decision_trail import Fate, TrailStep
from domain.decision_words import LANGUAGES

NUMBERS = st.floats() | st.floats(-100, 100)
IDS = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
CANDIDATES = st.builds(
    Candidate,
    agent_id=IDS,
    cost_s=NUMBERS,
    terms=st.dictionaries(st.sampled_from(Reason), NUMBERS),
    offered_other=st.none() | IDS,
)
COUNTS = st.integers(0, 10_000)
TIMES = st.none() | st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))
DECISIONS = st.builds(
    Decision,
    offer_id=IDS,
    contact_id=IDS,
    queue_id=IDS,
    chosen=CANDIDATES,
    others=st.lists(CANDIDATES, max_size=5).map(tuple),
    others_count=COUNTS,
    obstacles=st.dictionaries(st.sampled_from(Obstacle), COUNTS),
    waited_s=NUMBERS,
    urgency_s=NUMBERS,
    waiting=COUNTS,
    free=COUNTS,
    scheme=st.sampled_from(Scheme),
    propensity=NUMBERS,
    relaxed=COUNTS,
    ring=COUNTS,
    language=st.sampled_from(["", "en", "es-MX", "zh", "tlh"]),
    skills=st.lists(IDS, max_size=3).map(tuple),
    at=TIMES,
)
STEPS = st.builds(
    TrailStep,
    decision=DECISIONS,
    fate=st.sampled_from(Fate),
    ring_s=st.none() | NUMBERS,
    talk_s=NUMBERS,
    at=TIMES,
)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(STEPS, st.sampled_from(sorted(LANGUAGES)), st.dictionaries(IDS, TEXT, max_size=3))
def test_every_decision_is_told(step, language, names):
    chosen = step.decision.chosen.agent_id
    told = teller(language, {name: text for name, text in names.items() if text} | {chosen: "Zoë"})
    sentences = told.step(step)
    assert "Zoë" in sentences[0]
    assert "Zoë" in sentences[-1]
    for other in step.decision.others:
        called = told.names.get(other.agent_id) or other.agent_id
        assert any(called in sentence for sentence in sentences)
    plain = " ".join(teller(language).step(step))
    words = set(re.findall(r"[a-z]+", plain)) - {*_ids(step.decision)}
    assert not words & {"nan", "inf", "none", "infinity"}
    for sentence in sentences:
        assert sentence[-1] in ".。"
    assert teller(language).step(step) == teller(language).step(step)


def _ids(decision: Decision) -> set[str]:
    texts = [decision.chosen.agent_id, *(other.agent_id for other in decision.others)]
    return set(re.findall(r"[a-z]+", " ".join([*texts, *decision.skills])))
