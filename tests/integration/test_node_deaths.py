"""A cell or the whole node dies in the middle of its work; nothing vanishes, nobody hangs."""

import os
import signal
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from tests.node_events import EventLog
from tests.node_rig import (
    AGENTS,
    PASSWORD,
    Lane,
    NodeRig,
    configuration,
    lanes,
    resumed,
    running_node,
    until,
)
from tests.programs import require_program
from tests.sipp_party import Party, all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="module")]

LANES = ("talking", "ringing", "waiting", "hung", "forked", "stuck", "after")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node whose cells may be killed."""
    require_program("sipp")
    made = lanes({name: {} for name in LANES})
    wanted = configuration(made, over={"cells": {"warm": 2, "heartbeat_s": 1.0}})
    async with running_node(tmp_path_factory.mktemp("node"), made, wanted) as running:
        yield running


async def cell_of(rig: NodeRig, lane: Lane) -> int:
    """Return the process that holds the call of a lane."""
    [call] = await rig.calls(lane)
    started = await rig.events.next("CellStarted", cell_id=call["cell_id"])
    return int(started["pid"])


async def died(rig: NodeRig, contact_id: str, reason: str) -> None:
    """Check the traces that a cell's death leaves."""
    crashed = await rig.events.next("CellCrashed", contact_id=contact_id)
    assert crashed["reason"] == reason
    record = await rig.closed(contact_id)
    assert (record["state"], record["disposition"]) == ("closed", "cell_died")
    assert record["reason"] == reason
    await rig.settled()


async def test_cell_killed_in_mid_call(rig: NodeRig) -> None:
    lane = rig.lanes["talking"]
    await rig.state(lane.agent, "ready")
    before = await rig.metric("warmline_cells_crashed")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        os.kill(await cell_of(rig, lane), signal.SIGKILL)
        await all_done(agent, customer)
    assert customer.lines("ended"), "the customer's telephone is told"
    assert agent.lines("ended"), "and so is the agent's"
    await died(rig, connected["contact_id"], "signal 9")
    assert await rig.metric("warmline_cells_crashed") == before + 1
    record = await rig.contact(connected["contact_id"])
    assert [part["outcome"] for part in record["interactions"]] == ["answered"]
    await rig.events.next("AgentStateChanged", agent_id=lane.agent, before="wrap_up", after="ready")


async def test_cell_killed_while_a_telephone_rings(rig: NodeRig) -> None:
    lane = rig.lanes["ringing"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane, ring_ms=60_000) as agent, caller(rig, lane) as customer:
        contact_id = await rig.ringing(lane)
        os.kill(await cell_of(rig, lane), signal.SIGKILL)
        await all_done(agent, customer)
    assert agent.lines("cancelled"), "it stops ringing"
    assert customer.lines("ended")
    await died(rig, contact_id, "signal 9")
    assert (await rig.agent(lane.agent))["state"] == "ready", "it is not his fault"


async def test_cell_killed_while_the_customer_waits(rig: NodeRig) -> None:
    lane = rig.lanes["waiting"]
    async with caller(rig, lane) as customer:
        queued = await rig.events.next("ContactQueued", queue_id=lane.name)
        os.kill(await cell_of(rig, lane), signal.SIGKILL)
        await customer.done()
    assert customer.lines("ended")
    await died(rig, queued["contact_id"], "signal 9")
    queue = await rig.ask("GET", f"/api/v1/queues/{lane.name}")
    assert queue["waiting"] == 0


async def test_cell_that_hangs_is_killed_and_its_call_ended(rig: NodeRig) -> None:
    lane = rig.lanes["hung"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        connected = await rig.events.next("ContactConnected", queue_id=lane.name)
        os.kill(await cell_of(rig, lane), signal.SIGSTOP)
        await all_done(agent, customer)
    assert customer.lines("ended")
    assert agent.lines("ended")
    await died(rig, connected["contact_id"], "heartbeat")


async def test_calls_go_on_when_the_zygote_is_killed(rig: NodeRig) -> None:
    lane = rig.lanes["forked"]
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
        await rig.events.next("ContactConnected", queue_id=lane.name)
        zygote = psutil.Process(await cell_of(rig, lane)).parent()
        assert zygote is not None
        zygote.kill()

        async def replaced() -> bool:
            return await rig.metric("warmline_zygote_restarts") == 1

        await until(replaced, "another zygote runs")
        await customer.cue()
        await all_done(agent, customer)
    contact = await rig.events.next("ContactClosed", queue_id=lane.name)
    assert contact["disposition"] == "caller_ended"


async def test_caller_who_cancels_while_no_cell_answers(rig: NodeRig) -> None:
    await rig.settled()
    lane = rig.lanes["stuck"]
    warm = [event["pid"] for event in rig.events.of("CellStarted") if is_alive(event["pid"])]
    assert 2 <= len(warm) <= 3, "the reserve, and half as many again"
    for pid in warm:
        os.kill(pid, signal.SIGSTOP)
    async with caller(rig, lane, "caller_cancels_at_cue") as customer:
        await customer.logged("tried")
        await customer.cue()
        await customer.done()
    assert customer.lines("cancelled")
    contact = await rig.events.next("ContactClosed", queue_id=lane.name)
    assert contact["disposition"] == "cell_died", "it was his call that the cell did not answer"

    async def replaced() -> bool:
        full = await rig.metric("warmline_cells", state="warm") == 2
        return full and not any(is_alive(pid) for pid in warm)

    await until(replaced, "the reserve is made of cells that live")


async def test_calls_after_all_that_are_served(rig: NodeRig) -> None:
    lane = rig.lanes["after"]
    await rig.state(lane.agent, "ready")
    async with (
        telephone(rig, lane, calls=6, talk_ms=50) as agent,
        caller(rig, lane, calls=6, words=("-r", "3")) as customers,
    ):
        await all_done(agent, customers)
    await rig.settled()
    assert await rig.metric("warmline_edge_events", name="dialogs_ended_for_cells") >= 5
    assert await rig.metric("warmline_cells_failed_starts") == 0


async def test_node_killed_under_load(tmp_path_factory: pytest.TempPathFactory) -> None:
    require_program("sipp")
    made = lanes({"load": {"agents": 2, "waiting_max": 500}})
    lane = made["load"]
    wanted = configuration(made, registered={"anna": ""}, over={"cells": {"warm": 8}})
    folder = tmp_path_factory.mktemp("killed")
    async with running_node(folder, made, wanted, passwords=["anna"]) as rig:
        async with Party(
            rig,
            "register",
            local=AGENTS,
            remote=rig.remote,
            values={
                "user": "anna",
                "aor": "anna",
                "password": PASSWORD,
                "status": 200,
                "expires": 300,
                "contact": "<sip:[local_ip]:[local_port]>",
            },
        ) as registering:
            await registering.done()
        await rig.events.next("AgentReachabilityChanged", agent_id="anna", reachable=True)
        first, second = lane.ports
        for agent in (first, second):
            await rig.state(agent, "ready")
        async with (
            telephone(rig, lane, first),
            telephone(rig, lane, second, ring_ms=60_000),
            caller(rig, lane, calls=200, words=("-r", "15", "-l", "200")) as customers,
        ):
            await rig.events.next("ContactConnected")
            await rig.events.next("ContactQueued", nth=12, waited_s=0.0)
            await rig.node.kill()
            # What SIPp was told by then, it was told by the node that is dead now.
            answered = {call_id for call_id, _ in customers.lines("answered")}
        cells = [event["pid"] for event in rig.events.of("CellStarted")]
        before = rig.events.last

        await rig.node.start()
        assert len(answered) >= 10
        async with EventLog(rig.node.http, rig.token, after=before) as later:
            rig.events = later
            records = await every_contact(rig)
            assert {record["state"] for record in records} == {"closed"}
            assert {record["disposition"] for record in records} == {"node_died"}
            assert answered <= {record["sip_call_id"] for record in records}, "none vanishes"
            for record in records:
                closed = await later.next("ContactClosed", contact_id=record["contact_id"])
                assert closed["disposition"] == "node_died"
            [served] = [record for record in records if record["agent_id"] == first]
            assert served["wait_s"] is not None
            # What the dead run held is free again, and what it knew is known.
            await until(lambda: all_gone(cells), "no cell has outlived its node")
            await later.next("AgentReachabilityChanged", agent_id="anna", reachable=True)
            assert (await rig.agent(first))["state"] == "ready"
            since = later.last
            await rig.state(second, "not_ready")
            async with (
                telephone(rig, lane, first, talk_ms=50) as desk,
                caller(rig, lane) as customer,
            ):
                await all_done(desk, customer)
            done = await later.next("ContactClosed", since=since)
            assert done["disposition"] == "agent_ended"
            await resumed(rig, after=before)


async def every_contact(rig: NodeRig) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    path = "/api/v1/contacts?limit=100"
    while True:
        page = await rig.ask("GET", path)
        found += page["contacts"]
        if page["next_before"] is None:
            return found
        path = f"/api/v1/contacts?limit=100&before={page['next_before']}"


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def all_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)
