from dataclasses import replace
from datetime import timedelta

from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.events import Envelope
from domain.offer_events import OfferExplained
from store.schema import DECISIONS
from store.statements import Step
from tests.store_support import START, contact_id, digit

DECISION = Decision(
    offer_id=contact_id(900),
    contact_id=contact_id(1),
    queue_id="sales",
    chosen=Candidate(agent_id="anna", cost_s=1.5, terms={Reason.SKILL: 1.5}),
    others=(Candidate(agent_id="bert", cost_s=4.0, terms={}, offered_other=contact_id(2)),),
    others_count=3,
    obstacles={Obstacle.RING: 2},
    scheme=Scheme.CONTROL,
    propensity=0.1,
    skills=("票务",),
    at=START,
)


def told(sequence: int, decision: Decision = DECISION) -> Envelope:
    at = START + timedelta(seconds=sequence)
    return Envelope(sequence=sequence, at=at, event=OfferExplained(decision=decision))


async def test_a_decision_comes_back_as_it_was(store):
    await store.decisions.append([digit(1), told(2)])
    assert await store.decisions.of_contact(contact_id(1)) == [DECISION]
    assert await store.decisions.of_contact(contact_id(2)) == []


async def test_decisions_come_in_order_and_once(store):
    later = replace(DECISION, offer_id=contact_id(901), at=START + timedelta(seconds=9))
    await store.decisions.append([told(2, later), told(3)])
    await store.decisions.append([told(3)])
    found = await store.decisions.of_contact(contact_id(1))
    assert [one.offer_id for one in found] == [contact_id(900), contact_id(901)]


async def test_a_decision_without_a_time_has_that_of_its_event(store):
    await store.decisions.append([told(7, replace(DECISION, at=None))])
    (found,) = await store.decisions.of_contact(contact_id(1))
    assert found.at == START + timedelta(seconds=7)


async def test_events_without_a_decision_write_nothing(store):
    before = store.database.figures().written
    await store.decisions.append([digit(1)])
    assert store.database.figures().written == before


async def test_what_belongs_to_a_contact_is_forgotten_with_it(store):
    other = replace(DECISION, offer_id=contact_id(901), contact_id=contact_id(2))
    await store.decisions.append([told(1), told(2, other)])
    await store.decisions.forget(contact_id(1))
    assert await store.decisions.of_contact(contact_id(1)) == []
    assert await store.decisions.of_contact(contact_id(2)) == [other]


async def test_one_that_cannot_be_read_does_not_hide_the_others(store):
    damaged = replace(DECISION, offer_id=contact_id(901))
    await store.decisions.append([told(1), told(2, damaged)])
    spoil = DECISIONS.update().where(DECISIONS.c.offer_id == contact_id(901)).values(document="{}")
    await store.database.write("damage", Step(spoil, ({},)))
    assert await store.decisions.of_contact(contact_id(1)) == [DECISION]
    assert store.decisions.unreadable == 1
