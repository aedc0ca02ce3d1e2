"""Telephones that register, and what an agent can do with a registered one."""

import pytest

from tests.node_rig import AGENTS, PASSWORD, STRANGER, TRUNK, NodeRig
from tests.sipp_party import Party, all_done, caller
from tests.tunnel import tunnel

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


def registration(
    rig: NodeRig,
    user: str,
    *,
    password: str = PASSWORD,
    status: int = 200,
    expires: int = 120,
    aor: str = "",
    local: str = AGENTS,
    transport: str = "udp",
    remote: str = "",
    contact: str = "<sip:[local_ip]:[local_port];transport=[transport]>",
) -> Party:
    """Return a telephone that registers and goes; another SIPp may take its port."""
    return Party(
        rig,
        "register",
        local=local,
        remote=remote or rig.address(transport),
        transport=transport,
        values={
            "user": user,
            "aor": aor or user,
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


async def test_extension_is_a_name_too(rig: NodeRig) -> None:
    extension = (await rig.agent("short"))["extension"]
    async with registration(rig, extension) as telephone:
        await telephone.done()
    await rig.events.next("AgentReachabilityChanged", agent_id="short", reachable=True)


@pytest.mark.parametrize("user", ["boris", "nobody", "other-pbx"])
async def test_wrong_password_and_unknown_name_get_the_same_answer(rig: NodeRig, user: str) -> None:
    async with registration(rig, user, password="guessed", status=401, local=STRANGER) as telephone:
        await telephone.done()
    challenged = telephone.messages
    assert challenged.count("SIP/2.0 401 Unauthorized") == 2
    assert "stale=true" not in challenged
    assert (await rig.agent("boris"))["reachable"] is False


async def test_nobody_registers_for_another(rig: NodeRig) -> None:
    async with registration(rig, "anna", aor="boris", status=403) as telephone:
        await telephone.done()
    assert (await rig.agent("boris"))["reachable"] is False


async def test_too_short_a_registration_is_refused(rig: NodeRig) -> None:
    async with registration(rig, "anna", expires=20, status=423) as telephone:
        await telephone.done()
    assert "Min-Expires: 60" in telephone.messages


async def test_new_password_works_without_a_restart(rig: NodeRig) -> None:
    password = "another-One-27"
    await rig.node.run("users", "set", "renamed", "--password-stdin", stdin=password)
    async with registration(rig, "renamed", status=401) as telephone:
        await telephone.done()
    async with registration(rig, "renamed", password=password) as telephone:
        await telephone.done()


async def test_telephone_over_tcp_is_gone_with_its_connection(rig: NodeRig) -> None:
    async with registration(rig, "wired", transport="tcp") as telephone:
        await telephone.done()
    await rig.events.next("AgentReachabilityChanged", agent_id="wired", reachable=True)
    await rig.events.next("AgentReachabilityChanged", agent_id="wired", reachable=False)


async def test_telephone_over_tls(rig: NodeRig) -> None:
    certificate = rig.folder / "certificate.pem"
    async with (
        tunnel(rig.address("tls"), local=AGENTS, certificate=certificate) as way,
        registration(rig, "sealed", transport="tcp", remote=way.address) as telephone,
    ):
        await telephone.done()
    await rig.events.next("AgentReachabilityChanged", agent_id="sealed", reachable=True)


async def test_all_telephones_of_an_agent_ring_and_one_answers(rig: NodeRig) -> None:
    lane = rig.lanes["forked"]
    desk = registration(rig, "forked")
    home = registration(rig, "forked", local="127.0.0.6")
    async with desk, home:
        await all_done(desk, home)
    await rig.state("forked", "ready")
    values = {"talk_ms": 60_000}
    async with (
        Party(rig, "agent", local=AGENTS, port=desk.port, values={**values, "ring_ms": 300}) as one,
        Party(
            rig, "agent", local="127.0.0.6", port=home.port, values={**values, "ring_ms": 60_000}
        ) as other,
        caller(rig, lane) as customer,
    ):
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        assert connected["agent_id"] == "forked"
        await other.done()
        assert other.lines("cancelled"), "the one that lost stops ringing"
        await customer.cue()
        await all_done(one, customer)


def dialling(rig: NodeRig, code: str, user: str) -> Party:
    """Return a telephone that dials a feature code and hears the confirmation to its end."""
    return caller(rig, code, "caller_by_digest", local=AGENTS, user=user, password=PASSWORD)


async def test_feature_codes_change_the_state(rig: NodeRig) -> None:
    async with registration(rig, "codes") as telephone:
        await telephone.done()
    for code, state in (
        ("*60", "ready"),
        ("*61", "not_ready"),
        ("*62", "logged_out"),
    ):
        since = rig.events.last
        async with dialling(rig, code, "codes") as telephone:
            changed = await rig.events.next(
                "AgentStateChanged", agent_id="codes", after=state, since=since
            )
            assert changed["reason"] == "feature code"
            await telephone.done()
        assert telephone.lines("ended"), "we hang up when it has been said"
        assert (await rig.agent("codes"))["state"] == state
    assert rig.events.of("ContactArrived", queue_id="codes") == []


async def test_feature_code_of_an_agent_out_of_reach_changes_nothing(rig: NodeRig) -> None:
    async with dialling(rig, "*60", "moved") as telephone:
        await telephone.done()
    assert telephone.lines("ended")
    stands = await rig.agent("moved")
    assert (stands["state"], stands["reachable"]) == ("logged_out", False)


async def test_state_over_the_api(rig: NodeRig) -> None:
    lane = rig.lanes["wished"]
    assert (await rig.state(lane.agent, "ready", reason="back"))["state"] == "ready"
    changed = await rig.events.next("AgentStateChanged", agent_id=lane.agent, after="ready")
    assert changed["reason"] == "back"
    await rig.ask("POST", "/api/v1/agents/nobody/state", {"state": "ready"}, status=404)
    path = f"/api/v1/agents/{lane.agent}/state"
    await rig.ask("POST", path, {"state": "busy"}, status=409)
    await rig.ask("POST", "/api/v1/agents/moved/state", {"state": "ready"}, status=409)
    async with (
        Party(
            rig,
            "agent",
            local=AGENTS,
            port=lane.ports[lane.agent],
            values={"ring_ms": 50, "talk_ms": 60_000},
        ) as agent,
        caller(rig, lane) as customer,
    ):
        await rig.events.next("ContactConnected", queue_id=lane.name)
        wished = await rig.state(lane.agent, "not_ready", reason="lunch")
        assert (wished["state"], wished["wished"]) == ("busy", "not_ready")
        await customer.cue()
        await all_done(agent, customer)
    changed = await rig.events.next(
        "AgentStateChanged", agent_id=lane.agent, after="not_ready", reason="lunch"
    )
    assert changed["before"] == "wrap_up"
    assert (await rig.agent(lane.agent))["wished"] is None


async def test_trunk_address_is_no_telephone(rig: NodeRig) -> None:
    async with registration(rig, "nobody", local=TRUNK, status=401, password="guess") as telephone:
        await telephone.done()
