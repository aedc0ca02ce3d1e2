"""What happens inside a call: hold, session timers, keys, and a wish to be connected elsewhere."""

import pytest

from tests.node_rig import TRUNK, NodeRig
from tests.rtp_keys import Keypad
from tests.sipp_party import all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


async def test_customer_holds_and_comes_back(rig: NodeRig) -> None:
    lane = rig.lanes["customer-holds"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane, "caller_holds") as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        contact = connected["contact_id"]
        await customer.cue()
        await rig.events.next("CallHeld", contact_id=contact, role="customer", held=True)
        [call] = await rig.calls(lane)
        assert call["legs"][0]["state"] == "held"
        assert (await customer.logged("direction"))[0] in {
            "a=recvonly",
            "a=inactive",
            "recvonly",
            "inactive",
        }
        await customer.cue()
        await rig.events.next("CallHeld", contact_id=contact, role="customer", held=False)
        await customer.logged("direction", count=2)
        await customer.cue()
        await all_done(agent, customer)
    assert (await rig.closed(contact))["disposition"] == "caller_ended"


async def test_agent_holds_and_the_customer_hears_music(rig: NodeRig) -> None:
    lane = rig.lanes["agent-holds"]
    await rig.state(lane.agent, "ready")
    with Keypad(TRUNK) as ears:
        async with (
            telephone(rig, lane, scenario="agent_holds") as agent,
            caller(rig, lane, media=ears.port) as customer,
        ):
            connected = await rig.events.next("ContactConnected", queue_id=lane.name)
            contact = connected["contact_id"]
            call_id = (await agent.logged("talking"))[0]
            await agent.cue(call_id)
            await rig.events.next("CallHeld", contact_id=contact, role="agent", held=True)
            ears.forget()
            await agent.logged("changed")
            assert await ears.hears_sound(), "music while he is held"
            await agent.cue(call_id)
            await rig.events.next("CallHeld", contact_id=contact, role="agent", held=False)
            await agent.logged("changed", count=2)
            await agent.cue(call_id)
            await all_done(agent, customer)
    assert (await rig.closed(contact))["disposition"] == "agent_ended"


async def test_session_timer_is_agreed_and_refreshed(rig: NodeRig) -> None:
    lane = rig.lanes["timer"]
    async with caller(rig, lane, "caller_refreshes") as customer:
        assert await customer.logged("agreed") == ("1800",)
        await customer.cue()
        assert await customer.logged("agreed", count=2) == ("1800",)
        await customer.cue()
        await customer.done()
    assert customer.lines("small") == [("90",)]
    contact = await rig.events.next("ContactArrived", queue_id=lane.name)
    assert (await rig.closed(contact["contact_id"]))["disposition"] == "abandoned"
    # The INVITE that was refused with 422 has become no contact, and holds no cell.
    assert len(rig.events.of("ContactArrived", queue_id=lane.name)) == 1
    await rig.settled()


async def test_keys_pressed_by_info(rig: NodeRig) -> None:
    lane = rig.lanes["info"]
    async with caller(rig, lane, "caller_presses") as customer:
        queued = await rig.events.next("ContactQueued", queue_id=lane.name)
        contact = queued["contact_id"]
        await customer.cue()
        await rig.events.next("DigitPressed", contact_id=contact, role="customer", number=1)
        await rig.events.next("DigitPressed", contact_id=contact, role="customer", number=2)
        await customer.logged("pressed")
        await customer.cue()
        await customer.done()
    assert len(rig.events.of("DigitPressed", contact_id=contact)) == 2


async def test_keys_pressed_over_rtp(rig: NodeRig) -> None:
    lane = rig.lanes["rtp-events"]
    with Keypad(TRUNK) as keypad:
        async with caller(rig, lane, media=keypad.port) as customer:
            queued = await rig.events.next("ContactQueued", queue_id=lane.name)
            _, port = await customer.logged("answered")
            for number, key in enumerate("17*", 1):
                keypad.press(key, ("127.0.0.1", int(port)))
                found = await rig.events.next(
                    "DigitPressed", contact_id=queued["contact_id"], number=number
                )
                assert found["role"] == "customer"
            await customer.cue()
            await customer.done()
    pressed = rig.events.of("DigitPressed", contact_id=queued["contact_id"])
    assert [event["number"] for event in pressed] == [1, 2, 3], "each once"


async def test_customer_cannot_have_himself_connected_elsewhere(rig: NodeRig) -> None:
    lane = rig.lanes["refers"]
    refer_to = "sip:0049170999@127.0.0.77:5060"
    async with caller(rig, lane, "caller_refers", refer_to=refer_to) as customer:
        queued = await rig.events.next("ContactQueued", queue_id=lane.name)
        await customer.cue()
        await customer.logged("declined")
        await customer.cue()
        await customer.done()
    assert (await rig.closed(queued["contact_id"]))["disposition"] == "abandoned"


async def test_an_agent_hands_the_customer_over(rig: NodeRig) -> None:
    lane = rig.lanes["handed-over"]
    first, second = lane.ports
    await rig.state(first, "ready")
    async with (
        telephone(rig, lane, agent=first) as one,
        telephone(rig, lane, agent=second) as other,
        caller(rig, lane) as customer,
    ):
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        contact = connected["contact_id"]
        assert connected["agent_id"] == first
        path = f"/api/v1/calls/{contact}/transfer"
        # The colleague is there, but has not this skill.
        await rig.ask("POST", path, {"skill": "juggling"}, status=409)
        await rig.ask("POST", path, {"skill": lane.name, "proficiency_min": 5}, status=204)
        handed = await rig.events.next("ContactTransferred", contact_id=contact)
        assert handed["agent_id"] == first
        await one.done()
        await rig.ask("POST", path, {"skill": lane.name}, status=409)
        await rig.state(second, "ready")
        taken = await rig.events.next("ContactConnected", contact_id=contact, nth=2)
        assert taken["agent_id"] == second
        await customer.cue()
        await all_done(other, customer)
    record = await rig.closed(contact)
    assert record["agent_id"] == second
    assert [part["outcome"] for part in record["interactions"]] == ["transferred", "answered"]
