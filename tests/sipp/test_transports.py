"""Calls over TCP and TLS, with every request of the dialog on the caller's own connection."""

import pytest

from tests.node_rig import TRUNK, NodeRig
from tests.sipp_party import all_done, caller, telephone
from tests.tunnel import tunnel

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_customer_hangs_up(rig: NodeRig, transport: str) -> None:
    lane = rig.lanes[f"{transport}-customer"]
    await rig.state(lane.agent, "ready")
    certificate = rig.folder / "certificate.pem" if transport == "tls" else None
    async with (
        tunnel(rig.address(transport), local=TRUNK, certificate=certificate) as way,
        telephone(rig, lane) as agent,
        caller(rig, lane, transport="tcp", remote=way.address) as customer,
    ):
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        await customer.awaits_cue()
        way.say(customer.cue_text())
        await all_done(agent, customer)
    assert (await rig.closed(connected["contact_id"]))["disposition"] == "caller_ended"


async def test_agent_hangs_up_on_tcp(rig: NodeRig) -> None:
    lane = rig.lanes["tcp-agent"]
    await rig.state(lane.agent, "ready")
    async with (
        telephone(rig, lane, talk_ms=50) as agent,
        caller(rig, lane, transport="tcp") as customer,
    ):
        await all_done(agent, customer)
    assert customer.lines("ended")


async def test_agent_hangs_up_on_tls(rig: NodeRig) -> None:
    lane = rig.lanes["tls-agent"]
    await rig.state(lane.agent, "ready")
    certificate = rig.folder / "certificate.pem"
    async with (
        tunnel(rig.address("tls"), local=TRUNK, certificate=certificate) as way,
        telephone(rig, lane, talk_ms=50) as agent,
        caller(rig, lane, transport="tcp", remote=way.address) as customer,
    ):
        await all_done(agent, customer)
    assert customer.lines("ended")
