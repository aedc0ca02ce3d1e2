"""Whatever a customer goes through, his summary stays bounded and his profile makes sense."""

from dataclasses import replace
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Disposition
from domain.customer import Customer
from domain.customer_derivation import FAMILIAR_MAX, profile_of
from domain.customer_history import (
    AGENTS_MAX,
    MATTERS_MAX,
    TOPICS_MAX,
    Summary,
    with_contact,
    with_outcome,
    with_topic,
    without_moods,
)
from domain.mood import Mood
from tests.customer_support import past
from tests.store_support import START

TOPICS = st.integers(0, 40).map("t{}".format)
CONTACTS = st.builds(
    past,
    number=st.integers(0, 500),
    days=st.floats(-5, 400),
    queue_id=st.sampled_from(["billing", "sales"]),
    topic=TOPICS,
    disposition=st.sampled_from(Disposition),
    agent_id=st.one_of(st.none(), st.integers(0, 20).map("a{}".format)),
    mood=st.sampled_from(Mood),
    resolved=st.sampled_from([None, True, False]),
)
STEPS = st.lists(
    st.tuples(CONTACTS, st.sampled_from(["contact", "outcome", "topic", "refused"]), TOPICS),
    max_size=60,
)
WHO = Customer(customer_id="c", value=4, product="router", language="zh", region="north")


def lived(steps) -> Summary:
    summary = Summary()
    for contact, what, topic in steps:
        if what == "outcome" and summary.contacts:
            summary = with_outcome(summary, contact, contact.at + timedelta(hours=1))
        elif what == "topic" and summary.contacts:
            summary = with_topic(summary, contact.topic, replace(contact, topic=topic))
        elif what == "refused":
            summary = without_moods(summary)
        else:
            summary = with_contact(summary, contact)
    return summary


@settings(max_examples=300, deadline=None, derandomize=True)
@given(STEPS)
def test_a_summary_is_bounded_and_comes_back_from_json(steps):
    summary = lived(steps)
    assert len(summary.matters) <= MATTERS_MAX
    assert len({one.topic for one in summary.matters}) == len(summary.matters)
    assert list(summary.matters) == sorted(summary.matters, key=lambda m: m.at, reverse=True)
    assert len(summary.bonds) <= AGENTS_MAX
    assert len(summary.topics) <= TOPICS_MAX
    assert all(count > 0 for count in summary.topics.values())
    assert 0 <= summary.frustration <= 1
    assert all(0 <= bond.strength <= 1 for bond in summary.bonds.values())
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


@settings(max_examples=300, deadline=None, derandomize=True)
@given(STEPS, st.floats(0, 500), st.floats(0, 500), st.sampled_from([None, "billing", "sales"]))
def test_a_profile_makes_sense_and_only_fades(steps, days, more, queue):
    summary = lived(steps)
    now = START + timedelta(days=400 + days)
    made = profile_of(summary, WHO, now, queue_id=queue)
    assert 0 <= made.frustration <= 1
    assert len(made.familiar) <= FAMILIAR_MAX
    strengths = [one.strength for one in made.familiar]
    assert strengths == sorted(strengths, reverse=True)
    assert (made.days_since is None) == (summary.last_at is None)
    assert made.days_since is None or made.days_since >= 0
    assert not (made.repeat and made.topic is None)
    later = profile_of(summary, WHO, now + timedelta(days=more), queue_id=queue)
    assert later.frustration <= made.frustration
    assert later.repeat <= made.repeat
    before = {one.agent_id: one.strength for one in made.familiar}
    assert all(one.strength <= before[one.agent_id] for one in later.familiar)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS, st.text(max_size=5), st.sampled_from([None, "en", "ar"]))
def test_nothing_of_the_person_is_in_his_segment_and_no_refusal_is_passed_over(
    steps, name, language
):
    summary = lived(steps)
    now = START + timedelta(days=401)
    other = replace(WHO, name=name, language=language, region=name, preferences={"x": name})
    assert profile_of(summary, other, now).segment == profile_of(None, WHO, now).segment
    shy = profile_of(summary, replace(other, profiling=False), now)
    assert shy == shy.unprofiled()
    assert shy.language == language
