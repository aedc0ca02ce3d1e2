import asyncio
from datetime import UTC, datetime

import pytest

from domain.agent import AgentState, Medium
from domain.commands import WithdrawReason
from domain.contact import Channel, Disposition
from domain.customer_profile import CustomerProfile
from domain.decision import Obstacle
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.events import AgentStateChanged, ContactQueued
from domain.mood import Mood
from domain.offer import DeclineReason
from domain.offer_events import OfferMade
from router.assignment.solver import solve
from router.inputs import OutcomeKnown
from router.service import RouterService
from tests.unit.router.people import agent, policy, queue, queued


class FakeClock:
    def __init__(self):
        self.now_s = 100.0

    def monotonic_s(self):
        return self.now_s

    def utc(self):
        return datetime(2026, 1, 1, tzinfo=UTC)


class Journal:
    def __init__(self):
        self.events = []

    def publish(self, event):
        self.events.append(event)
        return len(self.events)

    def kinds(self):
        return [type(event) for event in self.events]


class Phones:
    """A desk that notes what it is told."""

    def __init__(self):
        self.offers = []
        self.withdrawn = []
        self.released = []

    def offer_contact(self, offer):
        self.offers.append(offer)

    def withdraw_offer(self, offer, reason):
        self.withdrawn.append((offer.contact_id, reason))

    def release_contact(self, contact_id, disposition):
        self.released.append((contact_id, disposition))


class Wishes:
    def __init__(self, known):
        self.known = known

    async def load(self):
        return self.known

    def save(self, agent_id, state, reason):
        self.known[agent_id] = (state, reason)


class House:
    def __init__(self, rules=None, wishes=None):
        self.clock, self.journal, self.phones = FakeClock(), Journal(), Phones()
        self.router = RouterService(
            rules or policy([agent("ann", ready_on_register=True)]),
            events=self.journal,
            clock=self.clock,
            desk=self.phones,
            wishes=wishes,
        )

    async def __aenter__(self):
        await self.router.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.router.__aexit__(*error)

    async def turn(self, seconds=0.0):
        """Let time pass and the event loop turn."""
        self.clock.now_s += seconds
        self.router.advance()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_an_idle_agents_telephone_rings_in_the_next_turn_of_the_loop():
    async with House() as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        assert house.phones.offers == []
        await asyncio.sleep(0)
        (offer,) = house.phones.offers
        assert (offer.contact_id, offer.agent_id) == ("c1", "ann")
        assert ContactQueued in house.journal.kinds()
        assert OfferMade in house.journal.kinds()


async def test_the_way_of_a_contact_from_the_queue_to_the_wrap_up():
    async with House() as house:
        router = house.router
        router.set_reachable("ann", True)
        router.enqueue(queued("c1"))
        router.enqueue(queued("c2"))
        await house.turn()
        assert router.position("c1") is None
        assert router.position("c2").position == 1
        assert [one.contact_id for one in router.waiting("sales")] == ["c1", "c2"]
        assert router.accept(house.phones.offers[0].offer_id)
        assert not router.accept(house.phones.offers[0].offer_id)
        router.finish("c1")
        assert router.agents()[0].state is AgentState.WRAP_UP
        await house.turn(15)
        assert house.phones.offers[1].contact_id == "c2"
        assert router.queues()[0].answered == 1
        assert router.figures().offers_made == 2
        assert router.figures().waiting == 1


async def test_a_desk_brings_what_is_written_and_a_queue_says_whether_it_has_room():
    async with House() as house:
        router = house.router
        router.set_at_desk("ann", True)
        assert router.agents()[0].media == {Medium.DESK}
        router.request_state("ann", AgentState.READY, "")
        router.enqueue(queued("c1", channel=Channel.CHAT))
        router.enqueue(queued("c2"))
        await house.turn()
        assert [offer.contact_id for offer in house.phones.offers] == ["c1"]
        router.set_at_desk("ann", False)
        assert router.agents()[0].media == set()
        assert router.has_room("sales")
        assert not router.has_room("nowhere")
    async with House(policy([], [queue(waiting_max=1)])) as house:
        house.router.enqueue(queued("c1"))
        assert not house.router.has_room("sales")


async def test_a_deadline_silences_the_telephone():
    async with House() as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        await house.turn()
        await house.turn(20)
        assert house.phones.withdrawn == [("c1", WithdrawReason.EXPIRED)]
        assert house.router.agents()[0].reason == "ring_no_answer"


async def test_the_timer_meets_a_deadline_by_itself():
    class LoopClock(FakeClock):
        def monotonic_s(self):
            return asyncio.get_running_loop().time()

    house = House(policy([], [queue(wait_s_max=1)]))
    house.router._clock = LoopClock()
    over = asyncio.Event()

    class LastPhones(Phones):
        def release_contact(self, contact_id, disposition):
            super().release_contact(contact_id, disposition)
            over.set()

    house.phones = house.router.desk = LastPhones()
    async with house:
        house.router.enqueue(queued("c1", waited_s=0.99))
        async with asyncio.timeout(5):
            await over.wait()
    assert house.phones.released == [("c1", Disposition.WAIT_EXCEEDED)]


async def test_the_desk_may_answer_from_within_the_call():
    async with House() as house:
        router = house.router
        house.phones.offer_contact = lambda offer: router.decline(
            offer.offer_id, DeclineReason.UNREACHABLE
        )
        router.set_reachable("ann", True)
        router.enqueue(queued("c1"))
        await house.turn()
        assert router.agents()[0].state is AgentState.NOT_READY
        assert router.position("c1").position == 1


async def test_a_desk_that_fails_costs_one_offer_and_not_the_router():
    async with House() as house:
        router = house.router
        offer_contact = house.phones.offer_contact

        def fail(offer):
            raise RuntimeError("broken")

        house.phones.offer_contact = fail
        router.set_reachable("ann", True)
        router.enqueue(queued("c1"))
        await house.turn()
        assert router.figures().desk_failures == 1
        assert router.figures().offers_pending == 0
        house.phones.offer_contact = offer_contact
        router.request_state("ann", AgentState.READY, "")
        await house.turn(30)
        assert [offer.contact_id for offer in house.phones.offers] == ["c1"]


async def test_who_leaves_is_silenced_not_within_his_own_call():
    async with House() as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        await house.turn()
        house.router.leave("c1")
        assert house.phones.withdrawn == []
        await asyncio.sleep(0)
        assert house.phones.withdrawn == [("c1", WithdrawReason.CONTACT_LEFT)]


async def test_errors_reach_the_caller_and_what_was_due_is_not_lost():
    async with House() as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        await house.turn()
        house.clock.now_s += 20
        with pytest.raises(NotKnown):
            house.router.enqueue(queued("c2", "nowhere"))
        await house.turn()
        assert house.phones.withdrawn == [("c1", WithdrawReason.EXPIRED)]
        with pytest.raises(NotKnown):
            house.router.request_state("nobody", AgentState.READY, "")
        with pytest.raises(IllegalTransition):
            house.router.request_state("ann", AgentState.BUSY, "")


async def test_a_full_queue_is_counted():
    async with House(policy([], [queue(waiting_max=1)])) as house:
        house.router.enqueue(queued("c1"))
        with pytest.raises(LimitExceeded):
            house.router.enqueue(queued("c2"))
        assert house.router.figures().refused == 1


async def test_what_an_agent_asks_for_outlives_a_restart():
    wishes = Wishes({})
    rules = policy([agent("ann")])
    async with House(rules, wishes) as house:
        house.router.set_reachable("ann", True)
        assert house.router.request_state("ann", AgentState.READY, "") is AgentState.READY
    async with House(rules, wishes) as house:
        house.router.set_reachable("ann", True)
        assert house.router.agents()[0].state is AgentState.READY


async def test_a_fixed_telephone_is_announced_on_entering():
    fixed = policy([agent("ann", contact="sip:1@192.0.2.1")])
    async with House(fixed) as house:
        assert AgentStateChanged in house.journal.kinds()
        assert house.router.agents()[0].state is AgentState.NOT_READY


async def test_a_reload_brings_agents_and_queues():
    async with House() as house:
        house.router.reload(policy([agent("ben")], [queue("help")]))
        assert [one.agent.agent_id for one in house.router.agents()] == ["ben"]
        assert [one.queue_id for one in house.router.queues()] == ["help"]


async def test_after_leaving_nothing_happens_by_itself_and_leaving_twice_is_harmless():
    house = House()
    async with house:
        house.router.set_reachable("ann", True)
    house.router.enqueue(queued("c1"))
    house.router.leave("c1")
    await asyncio.sleep(0)
    assert house.phones.offers == []
    await house.router.__aexit__(None, None, None)


async def test_a_burst_is_solved_together_after_a_slow_assignment():
    async with House() as house:
        router, clock = house.router, house.clock

        class SlowClock(FakeClock):
            """Every look at it costs 2 ms."""

            def monotonic_s(self):
                clock.now_s += 0.002
                return clock.now_s

        router._clock = SlowClock()
        router.set_reachable("ann", True)
        for n in range(50):
            router.enqueue(queued(f"c{n}"))
            await asyncio.sleep(0)
        assert 1 <= router.figures().assignments < 25


class Elsewhere:
    """Stands for the process beside: it answers when it is told to."""

    def __init__(self):
        self.asked = []
        self.answer = asyncio.Event()

    async def solve(self, problem, limit_s):
        self.asked.append((problem, limit_s))
        await self.answer.wait()
        return solve(problem)

    async def __aexit__(self, *_):
        pass


async def test_a_large_assignment_is_solved_elsewhere_and_the_loop_goes_on():
    people = [
        agent(f"a{n:03}", extension=f"{n + 1000}", ready_on_register=True) for n in range(300)
    ]
    async with House(policy(people, [queue(waiting_max=1_000)])) as house:
        house.router._elsewhere = elsewhere = Elsewhere()
        for n in range(300):
            house.router.enqueue(queued(f"c{n:03}"))
        for one in people:
            house.router.set_reachable(one.id, True)
        await house.turn()
        assert len(elsewhere.asked) == 1
        assert house.phones.offers == []
        house.router.enqueue(queued("late"))
        house.router.leave("c000")
        house.router.set_reachable("a007", False)
        await house.turn()
        assert len(elsewhere.asked) == 1
        elsewhere.answer.set()
        for _ in range(60):
            await house.turn(0.1)
        pairs = {offer.contact_id: offer.agent_id for offer in house.phones.offers}
        assert len(pairs) == len(set(pairs.values())) == 299
        assert "c000" not in pairs
        assert "a007" not in pairs.values()


async def test_leaving_while_a_large_assignment_is_solved_ends_cleanly():
    people = [
        agent(f"a{n:03}", extension=f"{n + 1000}", ready_on_register=True) for n in range(200)
    ]
    async with House(policy(people, [queue(waiting_max=1_000)])) as house:
        house.router._elsewhere = elsewhere = Elsewhere()
        for n in range(200):
            house.router.enqueue(queued(f"c{n:03}"))
        for one in people:
            house.router.set_reachable(one.id, True)
        await house.turn()
        assert elsewhere.asked
    assert house.phones.offers == []


async def test_shifts_are_kept_by_the_wall_clock():
    shift = {"days": ["thu"], "begin": "08:00", "end": "16:00"}
    night = agent("ann", ready_on_register=True, shifts=[shift])
    async with House(policy([night], timezone="Asia/Shanghai")) as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        # The clock of these tests stands at midnight UTC of a Thursday, 08:00 in Shanghai.
        await house.turn()
        assert len(house.phones.offers) == 1
    late = agent("ann", ready_on_register=True, shifts=[{**shift, "begin": "09:00"}])
    async with House(policy([late], timezone="Asia/Shanghai")) as house:
        house.router.set_reachable("ann", True)
        house.router.enqueue(queued("c1"))
        await house.turn()
        assert house.phones.offers == []
        assert [one.obstacle for one in house.router.eligibility("c1")] == [Obstacle.SHIFT]


async def test_what_is_known_of_a_customer_and_of_outcomes_reaches_the_core():
    two = [agent("ann", ready_on_register=True), agent("ben", ready_on_register=True)]
    async with House(policy(two)) as house:
        for name in ("ann", "ben"):
            house.router.set_reachable(name, True)
        known = CustomerProfile(customer_id="k", preferred_agent_id="ben")
        house.router.customer_known("c1", known)
        house.router.mood_observed("c1", Mood.UPSET)
        house.router.enqueue(queued("c1"))
        await house.turn()
        (offer,) = house.phones.offers
        assert offer.agent_id == "ben"
        house.router.outcome_known(OutcomeKnown("c1", resolved=True))
