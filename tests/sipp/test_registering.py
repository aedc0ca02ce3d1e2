"""Telephones that register: SIPp with name and password."""

import pytest

from tests.node_rig import AGENTS, PASSWORD, NodeRig
from tests.sipp_party import Party

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


def registration(
    rig: NodeRig,
    user: str,
    *,
    password: str = PASSWORD,
    status: int = 200,
    expires: int = 120,
    local: str = AGENTS,
    transport: str = "udp",
    contact: str = "<sip:[local_ip]:[local_port];transport=[transport]>",
) -> Party:
    return Party(
        rig,
        "register",
        local=local,
        remote=rig.address(transport),
        transport=transport,
        values={
            "user": user,
            "password": password,
            "status": status,
            "expires": expires,
            "contact": contact,
        },
    )


async def test_telephone_registers_and_unregisters(rig: NodeRig) -> None:
    assert (await rig.agent("anna"))["reachable"] is False
    async with registration(rig, "anna") as telephone:
        await telephone.done()
    await rig.events.next("AgentReachabilityChanged", agent_id="anna", reachable=True)
    [contacts] = telephone.lines("contacts")
    assert "expires=120" in " ".join(contacts)
    async with registration(rig, "anna", contact="*", expires=0) as telephone:
        await telephone.done()
    await rig.events.next("AgentReachabilityChanged", agent_id="anna", reachable=False)
