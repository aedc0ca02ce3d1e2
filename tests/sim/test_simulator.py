"""Whole simulated days: the same seed, nobody lost, no rule broken, through faults and reloads."""

from collections import Counter
from dataclasses import replace

import pytest

from config.workload import Audience
from config.workload_truth import Faults, HandleTime, Resolution, Truth
from domain.commands import OfferContact
from domain.contact import Channel
from domain.errors import SimulationError
from router.core import Output
from router.simulation.case import End
from router.simulation.centre import DAY_S
from router.simulation.compare import play, world_of
from router.simulation.desk import Desk
from router.simulation.policies import ALL, NAMES
from router.simulation.world import World
from tests.unit.router.simulation.rig import TINY, centre, changed, workload

ROUGH = Faults(
    no_answer=0.15, crashes_per_agent_day=4, dropped=0.1, reloads=["09:00", "10:00", "10:30"],
    removed=2,
)  # fmt: skip


def played(policy: str, *, seed: int = 1, days: int = 1, **changes: object) -> World:
    return world_of(centre(seed, changed(TINY, **changes)), policy, days=days).run()


@pytest.mark.parametrize("policy", ALL)
def test_the_same_seed_is_the_same_day(policy: str) -> None:
    one, two = (play(centre(3), policy) for _ in range(2))
    assert one == two
    assert play(centre(4), policy).figures != one.figures


@pytest.mark.parametrize("policy", ALL)
def test_nobody_is_lost_on_a_rough_day(policy: str) -> None:
    """Telephones fail, calls are cut off, agents are removed and come back; the referee watches."""
    world = played(policy, faults=ROUGH, contacts_per_day=400.0)
    ends = Counter(case.end for case in world.cases.values())
    assert sum(ends.values()) == len(world.cases) > 350
    assert world.crashes > 3
    assert world.no_answers > 10
    for case in world.cases.values():
        assert (case.end is End.SERVED) == (case.agent_id is not None) == (case.fate is not None)
        assert case.wait_until(world.end_s) >= 0
        if case.end is End.SERVED:
            assert case.rung >= 1
    cut = [case for case in world.cases.values() if case.fate and case.fate.dropped]
    assert cut
    assert not any(case.fate and case.fate.resolved for case in cut)
    # Everybody has gone home long before midnight: who is answered is done.
    assert all(case.finished_s is not None for case in world.cases.values() if case.fate)
    live = {Channel.VOICE, Channel.CHAT}
    waits = [c for c in world.cases.values() if c.end is End.WAITING and c.arrival.channel in live]
    assert not waits


def test_every_policy_has_the_same_customers() -> None:
    worlds = [played(policy) for policy in NAMES]
    first = [
        {
            (contact_id, case.arrival.at_s, case.arrival.patience_s, case.customer.customer_id)
            for contact_id, case in world.cases.items()
            if case.arrival.attempt == 1
        }
        for world in worlds
    ]
    assert all(other == first[0] for other in first[1:])
    assert len(first[0]) > 100


def test_where_agents_do_not_differ_policies_do_not_either() -> None:
    """Nothing in the world favours a policy when it does not matter who serves whom."""
    nothing = {name: 0.0 for name in Resolution.model_fields if name != "base"}
    equal = Truth(
        resolution=Resolution(**nothing),
        handle=HandleTime(**dict.fromkeys(HandleTime.model_fields, 0.0)),
        return_share=0, redial_share=0,
    )  # fmt: skip
    outcomes = []
    for policy in NAMES:
        world = played(policy, truth=equal, faults=Faults(no_answer=0, dropped=0))
        served = {
            contact_id: case.fate.resolved for contact_id, case in world.cases.items() if case.fate
        }
        outcomes.append(served)
    common = set.intersection(*(set(served) for served in outcomes))
    assert len(common) > 100
    for served in outcomes[1:]:
        assert all(served[one] == outcomes[0][one] for one in common)


def test_what_is_unresolved_comes_again_more_often_and_angrier() -> None:
    hopeless = Truth(resolution=Resolution(base=-5.0), return_share=1, return_s=600)
    world = played("fifo", truth=hopeless)
    again = [case for case in world.cases.values() if case.arrival.attempt > 1]
    assert len(again) > 50
    assert max(case.arrival.attempt for case in again) <= hopeless.attempts_max
    assert any(case.repeat for case in again)
    first = [case for case in world.cases.values() if case.arrival.attempt == 1]
    mood = [sum(case.mood for case in cases) / len(cases) for cases in (first, again)]
    assert mood[1] > mood[0] + 0.1
    opens_s, closes_s = 8 * 3_600, 11 * 3_600
    assert all(opens_s <= case.arrival.at_s % DAY_S <= closes_s for case in again)


def test_days_carry_over() -> None:
    few = Audience(count=20, known=1, opted_out=0, history=0, languages={"en": 1.0})
    world = played("warmline-learning", days=3, customers=few)
    days = Counter(int(case.arrival.at_s // DAY_S) for case in world.cases.values())
    assert set(days) == {0, 1, 2}
    assert min(days.values()) > 100
    known = {case.customer.customer_id: case.customer for case in world.cases.values()}
    assert any(customer.familiarity("desk-1", world.end_s) > 0.5 for customer in known.values())
    assert world.paid_s["desk-1"] == pytest.approx(3 * (4 * 3_600 - 600))


def test_a_policy_that_cheats_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Desk.assign

    def assign(desk: Desk, now_s: float) -> list[Output]:
        """Give every contact to the same agent."""
        return [
            replace(one, offer=replace(one.offer, agent_id="desk-1"))
            if isinstance(one, OfferContact)
            else one
            for one in honest(desk, now_s)
        ]

    monkeypatch.setattr(Desk, "assign", assign)
    with pytest.raises(SimulationError, match=r"fifo: .*desk-1"):
        played("fifo")


def test_a_queue_at_its_limit_refuses_and_they_may_call_again() -> None:
    text = workload().model_dump()
    text["queues"][0]["waiting_max"] = 1
    narrow = type(workload()).model_validate(text | {"contacts_per_day": 900.0})
    world = world_of(centre(1, narrow), "fifo").run()
    refused = [case for case in world.cases.values() if case.end is End.REFUSED]
    assert len(refused) > 10
    assert any(f"{case.arrival.contact_id}+" in world.cases for case in refused)
