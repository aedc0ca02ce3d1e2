"""What a waiting contact asks for: less with time, more when it is known who calls."""

import pytest

from config.schema import QueueEntry
from domain.contact import Channel
from domain.customer_profile import CustomerProfile, Familiar
from domain.decision import Scheme
from domain.mood import Mood
from domain.skill import SkillRequirement
from router import needs
from router.waiting import WaitingContact
from tests.unit.router.people import queue

AT_S = 1_000.0
"""When the contact joined its queue."""


def contact(known: CustomerProfile | None = None, **rest) -> WaitingContact:
    one = WaitingContact(
        contact_id="c1",
        queue_id="sales",
        channel=Channel.VOICE,
        language="en",
        requirements=(
            SkillRequirement(skill="french", proficiency_min=4),
            SkillRequirement(skill="billing", proficiency_min=2),
        ),
        priority=0,
        queued_at_s=AT_S,
        profile=known,
    )
    for name, value in rest.items():
        setattr(one, name, value)
    return one


def profile(**known) -> CustomerProfile:
    return CustomerProfile(customer_id="k", **known)


def routed(**routing) -> QueueEntry:
    return queue(routing=routing)


RELAX = routed(
    language_min=4,
    relax=[
        {"after_s": 10, "skills": {"french": 3}},
        {"after_s": 20, "language_min": 2},
        {"after_s": 30, "skills": {"french": 0}},
    ],
    rings=[{"teams": ["blue"]}, {"after_s": 15}],
)


@pytest.mark.parametrize(
    ("waited_s", "french", "language_min", "relaxed", "ring"),
    [
        (0, 4, 4, 0, 1),
        (9.9, 4, 4, 0, 1),
        (10, 3, 4, 1, 1),
        (15, 3, 4, 1, 2),
        (20, 3, 2, 2, 2),
        (29.9, 3, 2, 2, 2),
        (30, None, 2, 3, 2),
        (3_000, None, 2, 3, 2),
    ],
)
def test_less_is_asked_for_with_every_step(waited_s, french, language_min, relaxed, ring):
    one = contact()
    found = needs.needs_of(one, RELAX, AT_S + waited_s)
    asked = {each.skill: each.proficiency_min for each in found.requirements}
    assert asked == {"billing": 2} | ({} if french is None else {"french": french})
    assert found.language_min == language_min
    assert (one.relaxed, one.ring, found.ring) == (relaxed, ring, ring)


def test_a_step_that_is_due_counts_in_spite_of_how_floats_add_up():
    at_s = AT_S + sum([0.1] * 100) - 1e-9
    assert at_s < AT_S + 10
    one = contact()
    needs.needs_of(one, RELAX, at_s)
    assert one.relaxed == 1
    next_s = needs.next_step_s(one, RELAX, at_s)
    assert next_s == AT_S + 15, "the step that counts already does not come again"


def test_relaxing_adds_no_skill_that_was_not_asked_for():
    other = routed(relax=[{"after_s": 1, "skills": {"chess": 1, "billing": 1}}])
    found = needs.needs_of(contact(), other, AT_S + 2)
    assert [each.skill for each in found.requirements] == ["billing", "french"]
    assert found.requirements[0].proficiency_min == 1


def test_requirements_stand_in_one_order_so_that_equal_contacts_share_their_rows():
    one, two = contact(), contact()
    two.requirements = one.requirements[::-1]
    first, second = (needs.needs_of(each, queue(), AT_S) for each in (one, two))
    assert first == second
    assert first.keys() == second.keys()


def test_nothing_is_known_of_a_stranger():
    found = needs.needs_of(contact(), queue(), AT_S)
    assert (found.topic, found.spoken, found.seniority, found.distress) == ("sales", "en", 1, 0)
    assert (found.region, found.product, found.expected) == (None, None, None)


def test_who_calls_tells_what_suits_him():
    known = profile(region="north", product="phone", language="fr", topic="offer", value=3)
    found = needs.needs_of(contact(known), queue(), AT_S)
    assert (found.region, found.product, found.topic) == ("north", "phone", "offer")
    assert (found.language, found.spoken) == ("en", "fr"), "the queue's language is asked for"
    assert found.seniority == 3
    assert needs.needs_of(contact(profile()), queue(), AT_S).spoken == "en"


@pytest.mark.parametrize(
    ("known", "seniority"),
    [
        ({"value": 1}, 1),
        ({"value": 4}, 4),
        ({"value": 1, "repeat": True}, 2),
        ({"value": 1, "frustration": 0.5}, 2),
        ({"value": 1, "frustration": 0.49}, 1),
        ({"value": 2, "repeat": True, "frustration": 1.0}, 4),
        ({"value": 5, "repeat": True, "frustration": 1.0}, 5),
    ],
)
def test_value_repetition_and_frustration_ask_for_experience(known, seniority):
    assert needs.needs_of(contact(profile(**known)), queue(), AT_S).seniority == seniority


def test_only_who_is_routed_by_it_asks_the_outcome_model():
    known = profile(topic="offer", segment="s1")
    learned = contact(known, scheme=Scheme.LEARNED)
    assert needs.needs_of(learned, queue(), AT_S).expected == ("offer", "s1")
    stranger = contact(scheme=Scheme.LEARNED)
    assert needs.needs_of(stranger, queue(), AT_S).expected == ("sales", "")
    for scheme in (Scheme.CONTROL, Scheme.PLAIN, Scheme.UNLEARNED):
        assert needs.needs_of(contact(known, scheme=scheme), queue(), AT_S).expected is None


@pytest.mark.parametrize(
    ("observed", "frustration", "degree"),
    [(0, 0.0, 0), (0, 0.5, 1), (0, 0.4, 0), (2, 0.9, 2), (3, 0.0, 3), (9, 0.0, 3)],
)
def test_the_worse_of_what_is_heard_and_what_was_left_behind_counts(observed, frustration, degree):
    assert needs.distress(observed, profile(frustration=frustration)) == degree
    assert needs.distress(0, None) == 0


def test_moods_are_degrees():
    degrees = [needs.degree_of(mood) for mood in Mood]
    assert degrees == [0, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("known", "who"),
    [
        (None, None),
        (profile(), None),
        (profile(preferred_agent_id="ann"), "ann"),
        (profile(familiar=(Familiar(agent_id="ben", strength=0.5),)), "ben"),
        (profile(familiar=(Familiar(agent_id="ben", strength=0.49),)), None),
        (
            profile(preferred_agent_id="ann", familiar=(Familiar(agent_id="ben", strength=1.0),)),
            "ann",
        ),
    ],
)
def test_the_named_agent_comes_before_the_familiar_one(known, who):
    one = contact(known)
    assert needs.preferred_agent(one) == who
    held = routed(preferred_s=10)
    assert needs.held_for(one, held, AT_S + 9.9) == who
    assert needs.held_for(one, held, AT_S + 10) is None
    assert needs.held_for(one, routed(preferred_s=0), AT_S) is None


def test_the_next_step_is_the_first_of_all_that_are_to_come():
    every = routed(
        relax=[{"after_s": 30}],
        rings=[{}, {"after_s": 20}],
        preferred_s=10,
        overflow={"queue": "other", "after_s": 40},
    )
    one = contact(profile(preferred_agent_id="ann"))
    steps, now_s = [], AT_S
    for _ in range(4):
        step_s = needs.next_step_s(one, every, now_s)
        assert step_s is not None
        steps.append(step_s - AT_S)
        now_s = step_s
    assert steps == [10, 20, 30, 40]
    assert needs.next_step_s(contact(), every, AT_S) == AT_S + 20, "nobody to be kept for"
    assert needs.next_step_s(contact(), queue(), AT_S) is None


def test_an_overflow_that_came_to_nothing_is_tried_again():
    over = routed(overflow={"queue": "other", "after_s": 40})
    assert not needs.overflows(contact(), over, AT_S + 39.9)
    assert needs.overflows(contact(), over, AT_S + 40)
    again_s = needs.next_step_s(contact(), over, AT_S + 40)
    assert again_s == pytest.approx(AT_S + 40 + needs.OVERFLOW_AGAIN_S)
    assert not needs.overflows(contact(), queue(), AT_S + 9_999)
