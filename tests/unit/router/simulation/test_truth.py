from dataclasses import replace
from statistics import fmean

import pytest

from config.workload import Audience
from config.workload_truth import Faults, HandleTime, Resolution, Truth
from router.simulation.centre import Staff
from router.simulation.customers import Customer, Customers
from router.simulation.draws import key_of
from router.simulation.truth import Fate, mood_after
from router.simulation.truth import Truth as World
from tests.unit.router.simulation.rig import arrival, centre, changed

PLAIN = changed(faults=Faults(dropped=0), customers=Audience(known=1, opted_out=0, history=0))
CENTRE = centre(of=PLAIN)
AVERAGE = replace(
    CENTRE.staff["desk-1"],
    agent=replace(
        CENTRE.staff["desk-1"].agent,
        skills={"sales": 3},
        languages={"en": 5},
        products=frozenset(),
        emotion_handling=1,
    ),
    talent={},
    pace=0.0,
)


def fates(staff: Staff = AVERAGE, *, of: World | None = None, mood: float = 0.0, others: int = 0,
          customer: Customer | None = None) -> list[Fate]:  # fmt: skip
    truth = of or World(CENTRE)
    who = customer or replace(Customers(CENTRE).get(arrival()), language="en", product="basic")
    return [
        truth.fate(
            arrival(key=key_of(number)), who, staff, at_s=0.0, waited_s=0.0, mood=mood,
            others=others,
        )
        for number in range(1_500)
    ]  # fmt: skip


def resolved(found: list[Fate]) -> float:
    return fmean(one.resolved for one in found)


def test_an_ordinary_contact_is_resolved_as_often_as_the_base_says() -> None:
    assert resolved(fates()) == pytest.approx(0.731, abs=0.03)


def test_a_good_match_resolves_more_and_takes_less() -> None:
    talented = replace(AVERAGE, talent={"sales/offer": 2.0})
    knowing = replace(AVERAGE, agent=replace(AVERAGE.agent, products=frozenset({"basic"})))
    foreign = replace(AVERAGE, agent=replace(AVERAGE.agent, languages={"en": 2}))
    plain = fates()
    for better, worse in (
        (fates(talented), plain),
        (fates(knowing), plain),
        (plain, fates(foreign)),
    ):
        assert resolved(better) > resolved(worse)
        # The same draw, so each single contact is shorter.
        assert all(a.handle_s <= b.handle_s for a, b in zip(better, worse, strict=True))


def test_who_is_good_at_it_calms_the_angry() -> None:
    calm = replace(AVERAGE, agent=replace(AVERAGE.agent, emotion_handling=5))
    assert resolved(fates(mood=1.0)) < resolved(fates(calm, mood=1.0)) < resolved(fates())
    angry, calmed = fates(mood=1.0), fates(calm, mood=1.0)
    assert fmean(bool(one.calmer) for one in calmed) > fmean(bool(one.calmer) for one in angry)
    assert all(one.calmer is None for one in fates())


def test_without_effects_every_agent_is_as_good_as_another() -> None:
    nothing = {name: 0.0 for name in Resolution.model_fields if name != "base"}
    equal = Truth(
        resolution=Resolution(**nothing),
        handle=HandleTime(**dict.fromkeys(HandleTime.model_fields, 0.0)),
    )
    flat = centre(of=PLAIN.model_copy(update={"truth": equal}))
    truth = World(flat)
    kinds = [fates(replace(one, pace=0.0), of=truth) for one in flat.staff.values()]
    for other in kinds[1:]:
        assert [one.resolved for one in other] == [one.resolved for one in kinds[0]]
        assert [one.handle_s for one in other] == [one.handle_s for one in kinds[0]]


def test_a_dropped_call_is_never_resolved_and_shorter() -> None:
    faulty = World(centre(of=PLAIN.model_copy(update={"faults": Faults(dropped=1)})))
    cut, whole = fates(of=faulty), fates()
    assert not any(one.resolved for one in cut)
    assert all(a.handle_s <= b.handle_s for a, b in zip(cut, whole, strict=True))
    assert not whole[0].cut_off().resolved


def test_waiting_angers_up_to_a_point() -> None:
    assert mood_after(0.1, 0.0) == 0.1
    assert mood_after(0.1, 300.0) == pytest.approx(0.25)
    assert mood_after(0.1, 1e6) == pytest.approx(0.4)
    assert mood_after(0.9, 1e6) == 1.0
