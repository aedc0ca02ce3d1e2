"""Calls over TCP and TLS, with every request of the dialog on the caller's own connection."""

import pytest

from tests.node_rig import TRUNK, NodeRig
from tests.sipp_party import all_done, caller, telephone
from tests.tls_tunnel import tls_tunnel

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("agent_ends", [False, True])
async def test_call_over_tcp(rig: NodeRig, agent_ends: bool) -> None:
    lane = rig.lanes["tcp"]
    await rig.state(lane.agent, "ready")
    talk_ms, hold_ms = (200, 60_000) if agent_ends else (60_000, 400)
    since = rig.events.last
    async with (
        telephone(rig, lane, talk_ms=talk_ms) as agent,
        caller(rig, lane, transport="tcp", hold_ms=hold_ms) as customer,
    ):
        await all_done(agent, customer)
    connected = await rig.events.next("ContactConnected", queue_id=lane.name, since=since)
    record = await rig.closed(connected["contact_id"])
    assert record["disposition"] == ("agent_ended" if agent_ends else "caller_ended")


@pytest.mark.parametrize("agent_ends", [False, True])
async def test_call_over_tls(rig: NodeRig, agent_ends: bool) -> None:
    lane = rig.lanes["tls"]
    await rig.state(lane.agent, "ready")
    talk_ms, hold_ms = (200, 60_000) if agent_ends else (60_000, 400)
    since = rig.events.last
    certificate = rig.folder / "certificate.pem"
    async with (
        tls_tunnel(rig.address("tls"), certificate, local=TRUNK) as way,
        telephone(rig, lane, talk_ms=talk_ms) as agent,
        caller(rig, lane, transport="tcp", remote=way, hold_ms=hold_ms) as customer,
    ):
        await all_done(agent, customer)
    connected = await rig.events.next("ContactConnected", queue_id=lane.name, since=since)
    record = await rig.closed(connected["contact_id"])
    assert record["disposition"] == ("agent_ended" if agent_ends else "caller_ended")
