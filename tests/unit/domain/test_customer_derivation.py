from datetime import timedelta

import pytest

from domain.contact import Disposition
from domain.customer import Customer
from domain.customer_derivation import profile_of, segment_of
from domain.customer_history import (
    FAMILIARITY_HALF_LIFE_DAYS,
    FRUSTRATION_HALF_LIFE_DAYS,
    Summary,
    with_contact,
    with_outcome,
    with_topic,
    without_moods,
)
from domain.customer_profile import CustomerProfile
from domain.mood import Mood
from tests.customer_support import past
from tests.store_support import START

WHO = Customer(customer_id="c", value=3, product="router", language="zh")


def after(*contacts) -> Summary:
    summary = Summary()
    for contact in contacts:
        summary = with_contact(summary, contact)
    return summary


def profile(summary, *, days=0.0, queue="billing", who=WHO) -> CustomerProfile:
    return profile_of(summary, who, START + timedelta(days=days), queue_id=queue)


def test_who_has_never_come():
    assert profile(None) == CustomerProfile(
        customer_id="c",
        value=3,
        product="router",
        language="zh",
        topic="billing",
        segment="3/router",
    )


def test_who_wants_no_profile_has_none():
    shy = Customer(customer_id="c", value=5, language="zh", profiling=False, product="router")
    made = profile(after(past(resolved=False, mood=Mood.ANGRY)), who=shy)
    assert made == CustomerProfile(customer_id="c", language="zh", profiling=False)


@pytest.mark.parametrize(
    ("contact", "days", "repeat"),
    [
        ({"resolved": False}, 29, True),
        ({"resolved": False}, 31, False),
        ({"disposition": Disposition.ABANDONED, "agent_id": None}, 29, True),
        ({"disposition": Disposition.CELL_DIED}, 29, True),
        ({}, 2, True),
        ({}, 4, False),
        ({"resolved": True}, 0, False),
    ],
)
def test_a_repeat_is_an_unsettled_matter_that_is_not_too_old(contact, days, repeat):
    assert profile(after(past(**contact)), days=days).repeat is repeat


def test_a_matter_belongs_to_the_queue_it_came_to():
    summary = after(past(resolved=False, topic="refund"))
    assert (profile(summary).topic, profile(summary).repeat) == ("refund", True)
    other = profile(summary, queue="sales")
    assert (other.topic, other.repeat) == ("sales", False)
    assert profile(summary, queue=None).topic == "refund"


def test_a_topic_is_expected_by_habit_where_no_queue_says_it():
    settled = [past(number, days=number, resolved=True) for number in range(3)]
    assert profile(after(*settled), days=9, queue=None).topic == "billing"
    assert profile(after(*settled[:2]), days=9, queue=None).topic is None
    mixed = [past(number, resolved=True, topic=f"t{number}") for number in range(4)]
    assert profile(after(*mixed), days=9, queue=None).topic is None


def test_a_settled_matter_is_over_and_one_that_came_again_is_not():
    summary = after(past(1, resolved=False), past(2, days=1))
    assert summary.matters[0].contacts == 2
    assert summary.matters[0].told
    early = with_outcome(summary, past(1, resolved=True), START + timedelta(days=2))
    assert profile(early, days=2).repeat
    late = with_outcome(summary, past(2, days=1, resolved=True), START + timedelta(days=2))
    assert not profile(late, days=2).repeat


def test_frustration_is_carried_over_and_fades():
    summary = after(past(mood=Mood.ANGRY))
    assert profile(summary).frustration == 1.0
    assert profile(summary, days=FRUSTRATION_HALF_LIFE_DAYS).frustration == pytest.approx(0.5)
    assert profile(after(past(mood=Mood.CALM))).frustration == 0.0
    assert profile(after(past(mood=Mood.UNKNOWN))).frustration == 0.0
    abandoned = past(disposition=Disposition.ABANDONED, agent_id=None)
    assert (
        0 < profile(after(abandoned)).frustration < profile(after(abandoned, abandoned)).frustration
    )
    settled = with_outcome(summary, past(resolved=True), START)
    assert profile(settled).frustration == 0.5
    assert profile(without_moods(summary)).frustration == 0.0


def test_an_agent_who_settled_matters_is_preferred_until_that_is_long_ago():
    summary = after(past(1, resolved=True), past(2, days=1, resolved=True))
    now = profile(summary, days=1)
    assert now.preferred_agent_id == "anna"
    assert now.familiar[0].strength > 0.75
    later = profile(summary, days=1 + 2 * FAMILIARITY_HALF_LIFE_DAYS)
    assert later.preferred_agent_id is None
    assert later.familiar[0].strength == pytest.approx(now.familiar[0].strength / 4)
    assert profile(summary, days=1_000).familiar == ()


def test_who_was_chosen_goes_before_who_is_known():
    chosen = Customer(customer_id="c", preferred_agent_id="bert")
    summary = after(past(1, resolved=True), past(2, resolved=True))
    assert profile(summary, who=chosen).preferred_agent_id == "bert"


def test_an_agent_who_did_not_settle_it_is_less_familiar():
    summary = after(past(1, resolved=True))
    judged = with_outcome(summary, past(1, resolved=False), START)
    assert judged.bonds["anna"].strength == summary.bonds["anna"].strength / 2


def test_at_most_three_agents_the_strongest_first():
    summary = after(*(past(n, days=n, agent_id=f"a{n}", resolved=True) for n in range(5)))
    familiar = profile(summary, days=5).familiar
    assert [one.agent_id for one in familiar] == ["a4", "a3", "a2"]


def test_a_contact_that_turns_out_to_be_about_something_else():
    summary = after(past(1), past(2, days=1))
    about = past(2, days=1, topic="refund")
    changed = with_topic(summary, "billing", about)
    assert changed.topics == {"billing": 1, "refund": 1}
    assert changed.last_topic == "refund"
    assert [one.topic for one in changed.matters] == ["refund"]
    assert with_topic(changed, "refund", about) is changed


def test_days_since_the_last_contact_never_below_zero():
    summary = after(past(days=3))
    assert profile(summary, days=5).days_since == pytest.approx(2)
    assert profile(summary, days=1).days_since == 0


def test_a_segment_is_made_of_value_and_product_alone():
    other = Customer(
        customer_id="d",
        name="Ana",
        value=3,
        product="router",
        language="en",
        region="north",
        preferences={"gender": "f"},
    )
    assert segment_of(other) == segment_of(WHO) == "3/router"
    assert segment_of(Customer(customer_id="e")) == "1/-"
