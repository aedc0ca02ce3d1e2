"""A softphone that people use: baresip registers, takes a call, holds it and hangs up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.script import SPEECH_FOLDER
from tests.baresip import Baresip
from tests.certificates import write_certificate
from tests.node_rig import (
    AGENTS,
    DOMAIN,
    PASSWORD,
    TRUNK,
    NodeRig,
    configuration,
    lanes,
    running_node,
)
from tests.programs import require_program
from tests.rtp_keys import Keypad
from tests.sipp_party import caller

pytestmark = [pytest.mark.sipp, pytest.mark.baresip, pytest.mark.asyncio(loop_scope="module")]

TRANSPORTS = ("udp", "tcp", "tls")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node with an agent for each transport, who is not ready before he says so."""
    require_program("sipp")
    require_program("baresip")
    folder = tmp_path_factory.mktemp("node")
    certificate, key = write_certificate(folder, "127.0.0.1")
    listen = [
        {"transport": transport, "address": "127.0.0.1", "port": 0}
        | ({"certificate": str(certificate), "private_key": str(key)} if transport == "tls" else {})
        for transport in TRANSPORTS
    ]
    made = lanes({transport: {"agents": 0} for transport in TRANSPORTS})
    phones = {f"anna-{transport}": transport for transport in TRANSPORTS}
    wanted = configuration(made, registered=phones, listen=listen)
    async with running_node(folder, made, wanted, passwords=phones) as running:
        yield running


def softphone(rig: NodeRig, agent: str, transport: str) -> Baresip:
    account = (
        f"<sip:{agent}@{DOMAIN};transport={transport}>;auth_user={agent};auth_pass={PASSWORD}"
        f';outbound="sip:{rig.address(transport)};transport={transport}"'
        ";answermode=manual;regint=60;audio_codecs=PCMU/8000/1"
    )
    return Baresip(
        rig.folder / agent,
        host=AGENTS,
        account=account,
        voice=voice(),
        certificate=rig.folder / "certificate.pem" if transport == "tls" else None,
    )


def voice() -> Path:
    return max(SPEECH_FOLDER.glob("*.wav"), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_softphone_registers_and_takes_a_call(rig: NodeRig, transport: str) -> None:
    lane, agent = rig.lanes[transport], f"anna-{transport}"
    with Keypad(TRUNK) as ears:
        async with softphone(rig, agent, transport) as phone:
            await rig.events.next("AgentReachabilityChanged", agent_id=agent, reachable=True)
            phone.tell("dial", f"sip:*60@{DOMAIN}")
            ready = await rig.events.next("AgentStateChanged", agent_id=agent, after="ready")
            assert ready["reason"] == "feature code"
            await phone.told("CALL_CLOSED", direction="outgoing")
            async with caller(rig, lane, media=ears.port) as customer:
                rung = await phone.told("CALL_INCOMING")
                assert rung["peeruri"] == f"sip:+49301@{DOMAIN}", "he sees who calls"
                assert rung["peerdisplayname"] == lane.name, "and for which queue"
                ears.forget()
                phone.tell("accept")
                connected = await rig.events.next("ContactConnected", queue_id=lane.name)
                assert connected["agent_id"] == agent
                assert await ears.hears_sound(), "the customer hears the agent"
                contact = connected["contact_id"]
                phone.tell("hold")
                await rig.events.next("CallHeld", contact_id=contact, role="agent", held=True)
                phone.tell("resume")
                await rig.events.next("CallHeld", contact_id=contact, role="agent", held=False)
                phone.tell("hangup")
                await customer.done()
        record = await rig.closed(contact)
    assert record["disposition"] == "agent_ended"
    assert customer.lines("ended")
    # It says goodbye to the registrar when it is closed.
    await rig.events.next("AgentReachabilityChanged", agent_id=agent, reachable=False)
