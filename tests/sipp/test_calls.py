"""Calls from a trunk: answered, queued, rung, and every way in which they end."""

import asyncio

import pytest

from tests.node_rig import Lane, NodeRig
from tests.sipp_party import all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


async def arrived(rig: NodeRig, lane: Lane, nth: int = 1) -> str:
    """Return the contact of a lane's nth call, as soon as it waits."""
    queued = await rig.events.next("ContactQueued", queue_id=lane.name, waited_s=0.0, nth=nth)
    return str(queued["contact_id"])


def outcomes(record: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(part["agent_id"], part["outcome"]) for part in record["interactions"]]


async def test_call_is_served_until_the_customer_hangs_up(rig: NodeRig) -> None:
    lane = rig.lanes["served"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        call_id, contact_id, number = await agent.logged("rung")
        assert contact_id == connected["contact_id"]
        assert number == "+49301", "the agent sees who calls"
        [call] = await rig.calls(lane)
        assert [(leg["role"], leg["state"]) for leg in call["legs"]] == [
            ("customer", "answered"),
            ("agent", "answered"),
        ]
        assert (await rig.agent(lane.agent))["state"] == "busy"
        await customer.cue()
        await all_done(agent, customer)
    assert agent.lines("ended") == [(call_id,)]
    record = await rig.closed(contact_id)
    assert (record["disposition"], record["reason"]) == ("caller_ended", "")
    assert record["sip_call_id"] == customer.sip_call_id
    assert (record["trunk_id"], record["dialled"]) == ("carrier", lane.number)
    assert outcomes(record) == [(lane.agent, "answered")]


async def test_agent_hangs_up(rig: NodeRig) -> None:
    lane = rig.lanes["agent-ends"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        await agent.cue((await agent.logged("talking"))[0])
        await all_done(agent, customer)
    assert customer.lines("ended"), "the server ends the customer's leg"
    record = await rig.closed(connected["contact_id"])
    assert record["disposition"] == "agent_ended"
    await rig.events.next("AgentStateChanged", agent_id=lane.agent, after="ready", nth=2)


async def test_call_is_ended_over_the_api(rig: NodeRig) -> None:
    lane = rig.lanes["api-ends"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        path = f"/api/v1/calls/{connected['contact_id']}/hangup"
        await rig.ask("POST", path, status=204)
        await all_done(agent, customer)
    assert customer.lines("ended")
    assert agent.lines("ended")
    assert (await rig.closed(connected["contact_id"]))["disposition"] == "hung_up"
    await rig.settled()
    await rig.ask("POST", path, status=404)


async def test_calls_cancelled_at_once_leave_nothing_behind(rig: NodeRig) -> None:
    lane = rig.lanes["cancelled"]
    # What crosses his CANCEL is passed over; what matters comes again.
    words = ("-r", "20", "-default_behaviors", "all,-abortunexp")
    async with caller(rig, lane, "caller_cancels", calls=10, words=words) as customers:
        await customers.done()
    cancelled, answered = customers.lines("cancelled"), customers.lines("answered")
    assert len(cancelled) + len(answered) == 10
    await rig.settled()
    assert await rig.calls(lane) == []
    for contact in (await rig.ask("GET", f"/api/v1/contacts?queue_id={lane.name}"))["contacts"]:
        # One that was cancelled before its INVITE reached the cell is none.
        assert contact["disposition"] in {"abandoned_early", "abandoned"}
    assert await rig.metric("warmline_cells_crashed") == 0


async def test_caller_hangs_up_during_the_greeting(rig: NodeRig) -> None:
    lane = rig.lanes["early"]
    async with caller(rig, lane) as customer:
        await customer.logged("answered")
        await customer.cue()
        await customer.done()
    contact = await rig.events.next("ContactArrived", queue_id=lane.name)
    record = await rig.closed(contact["contact_id"])
    assert record["disposition"] == "abandoned_early"
    assert (record["wait_s"], record["disclosed"]) == (None, False)
    assert rig.events.of("ContactQueued", queue_id=lane.name) == []


async def test_caller_hangs_up_while_waiting(rig: NodeRig) -> None:
    lane = rig.lanes["waiting"]
    async with caller(rig, lane) as customer:
        contact_id = await arrived(rig, lane)
        waiting = await rig.ask("GET", f"/api/v1/queues/{lane.name}/waiting")
        assert [one["contact_id"] for one in waiting["waiting"]] == [contact_id]
        await customer.cue()
        await customer.done()
    record = await rig.closed(contact_id)
    assert record["disposition"] == "abandoned"
    assert record["interactions"] == []
    queue = await rig.ask("GET", f"/api/v1/queues/{lane.name}")
    assert (queue["waiting"], queue["abandoned"]) == (0, 1)


async def test_caller_hangs_up_while_a_telephone_rings(rig: NodeRig) -> None:
    lane = rig.lanes["ringing"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane, ring_ms=60_000) as agent, caller(rig, lane) as customer:
        contact_id = await rig.ringing(lane)
        await customer.cue()
        await all_done(agent, customer)
    assert agent.lines("cancelled")
    record = await rig.closed(contact_id)
    assert record["disposition"] == "abandoned"
    assert outcomes(record) == [(lane.agent, "withdrawn")]
    await rig.events.next("OfferWithdrawn", contact_id=contact_id)
    # Not his fault: he is free again, and nothing is counted against him.
    agent_now = await rig.agent(lane.agent)
    assert (agent_now["state"], agent_now["missed"]) == ("ready", 0)


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("busy", "486 Busy Here", "busy"),
        ("declining", "603 Decline", "declined"),
        ("unreachable", "404 Not Found", "unreachable"),
    ],
)
async def test_agent_refuses_and_the_contact_waits_on(
    rig: NodeRig, name: str, status: str, reason: str
) -> None:
    lane = rig.lanes[name]
    await rig.state(lane.agent, "ready")
    async with (
        telephone(rig, lane, scenario="agent_refuses", status=status) as agent,
        caller(rig, lane) as customer,
    ):
        declined = await rig.events.next("OfferDeclined", queue_id=lane.name)
        assert declined["reason"] == reason
        await agent.done()
        contact_id = declined["contact_id"]
        await rig.events.next("ContactQueued", contact_id=contact_id, nth=2)
        stands = await rig.agent(lane.agent)
        assert (stands["state"], stands["reason"]) == ("not_ready", reason)
        await customer.cue()
        await customer.done()
    record = await rig.closed(contact_id)
    assert record["disposition"] == "abandoned"
    assert outcomes(record) == [(lane.agent, reason)]


async def test_ring_no_answer_sets_the_agent_not_ready_and_the_contact_first(rig: NodeRig) -> None:
    lane = rig.lanes["missed"]
    sleeper, awake = lane.ports
    await rig.state(sleeper, "ready")
    async with (
        telephone(rig, lane, sleeper, ring_ms=60_000) as silent,
        caller(rig, lane) as first,
    ):
        one = await arrived(rig, lane)
        async with caller(rig, lane) as second:
            two = await arrived(rig, lane, nth=2)
            await rig.events.next("OfferExpired", contact_id=one, agent_id=sleeper)
            await silent.done()
            assert silent.lines("cancelled"), "his telephone is told to stop"
            stands = await rig.agent(sleeper)
            assert (stands["state"], stands["reason"]) == ("not_ready", "ring_no_answer")
            waiting = (await rig.ask("GET", f"/api/v1/queues/{lane.name}/waiting"))["waiting"]
            assert [contact["contact_id"] for contact in waiting] == [one, two]
            async with telephone(rig, lane, awake, calls=2) as helper:
                await rig.state(awake, "ready")
                connected = await rig.events.next("ContactConnected", queue_id=lane.name)
                assert connected["contact_id"] == one, "it has kept its place"
                await first.cue()
                connected = await rig.events.next("ContactConnected", queue_id=lane.name, nth=2)
                assert connected["contact_id"] == two
                await second.cue()
                await all_done(first, second, helper)
    assert outcomes(await rig.closed(one)) == [(sleeper, "ring_no_answer"), (awake, "answered")]
    assert rig.events.of("OfferMade", agent_id=sleeper, contact_id=two) == []


async def test_full_queue_takes_nobody_else(rig: NodeRig) -> None:
    lane = rig.lanes["full"]
    async with caller(rig, lane) as first:
        one = await arrived(rig, lane)
        async with caller(rig, lane) as second:
            await second.done()
        assert second.lines("ended"), "the server hangs up"
        other = await rig.events.next("ContactClosed", queue_id=lane.name)
        record = await rig.contact(other["contact_id"])
        assert (record["disposition"], record["wait_s"]) == ("queue_full", None)
        assert "waiting_max" in record["reason"]
        await first.cue()
        await first.done()
    assert (await rig.closed(one))["disposition"] == "abandoned"


async def test_outside_the_hours_nobody_is_queued(rig: NodeRig) -> None:
    lane = rig.lanes["closed"]
    async with caller(rig, lane) as customer:
        await customer.done()
    assert customer.lines("ended"), "the server hangs up"
    contact_id = (await rig.events.next("ContactClosed", queue_id=lane.name))["contact_id"]
    record = await rig.closed(contact_id)
    assert (record["disposition"], record["wait_s"]) == ("outside_hours", None)
    assert record["reason"].startswith("closed until ")
    assert rig.events.of("ContactQueued", contact_id=contact_id) == []


async def test_another_queue_serves_those_who_call_outside_the_hours(rig: NodeRig) -> None:
    dialled, night = rig.lanes["relieved"], rig.lanes["night"]
    await rig.state(night.agent, "ready")
    async with telephone(rig, night, night.agent) as agent, caller(rig, dialled) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=night.name)
        await customer.cue()
        await all_done(customer, agent)
    record = await rig.closed(connected["contact_id"])
    assert (record["queue_id"], record["dialled"]) == (night.name, dialled.number)


@pytest.mark.parametrize("name", ["patience", "told"])
async def test_longest_wait_ends_the_call(rig: NodeRig, name: str) -> None:
    lane = rig.lanes[name]
    async with caller(rig, lane) as customer:
        await customer.done()
    assert customer.lines("ended")
    contact = await rig.events.next("ContactArrived", queue_id=lane.name)
    record = await rig.closed(contact["contact_id"])
    assert record["disposition"] == "wait_exceeded"
    assert record["wait_s"] >= 0.99


async def test_customers_are_served_in_their_order(rig: NodeRig) -> None:
    lane = rig.lanes["in-order"]
    await rig.state(lane.agent, "ready")
    async with (
        telephone(rig, lane, calls=3, talk_ms=200) as agent,
        caller(rig, lane, calls=3, words=("-r", "10")) as customers,
    ):
        await all_done(agent, customers)
    served = [
        await rig.events.next("ContactConnected", queue_id=lane.name, nth=nth) for nth in (1, 2, 3)
    ]
    came = rig.events.of("ContactArrived", queue_id=lane.name)
    assert [one["contact_id"] for one in served] == [one["contact_id"] for one in came]
    records = await asyncio.gather(*(rig.closed(one["contact_id"]) for one in served))
    assert {record["disposition"] for record in records} == {"agent_ended"}
