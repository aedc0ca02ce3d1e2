"""The file that reporting tools for Asterisk read, after real calls."""

import pytest

from tests.node_rig import NodeRig, until
from tests.sipp_party import all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]


async def lines_of(rig: NodeRig, contact_id: str, last: str) -> list[list[str]]:
    """Return the columns of a contact's lines, once the last of them is there."""

    async def found() -> list[list[str]]:
        text = (rig.folder / "data" / "queue_log").read_text()
        rows = [line.split("|") for line in text.splitlines()]
        rows = [row for row in rows if row[1] == contact_id]
        return rows if any(row[4] == last for row in rows) else []

    return await until(found, f"{last} of {contact_id} stands in queue_log")


async def test_call_that_rang_in_vain_and_then_was_served(rig: NodeRig) -> None:
    lane = rig.lanes["logged"]
    sleeper, awake = lane.ports
    await rig.state(sleeper, "ready")
    async with (
        telephone(rig, lane, sleeper, ring_ms=60_000) as silent,
        telephone(rig, lane, awake) as helper,
        caller(rig, lane) as customer,
    ):
        expired = await rig.events.next("OfferExpired", agent_id=sleeper)
        await silent.done()
        await rig.state(awake, "ready")
        await rig.events.next("ContactConnected", queue_id=lane.name)
        await customer.cue()
        await all_done(customer, helper)
    contact_id = expired["contact_id"]
    rows = await lines_of(rig, contact_id, "COMPLETECALLER")
    assert [(queue, agent, event) for _, _, queue, agent, event, *_ in rows] == [
        ("logged", "NONE", "ENTERQUEUE"),
        ("logged", f"Agent/{sleeper}", "RINGNOANSWER"),
        ("logged", f"Agent/{awake}", "CONNECT"),
        ("logged", f"Agent/{awake}", "COMPLETECALLER"),
    ]
    enter, missed, connect, complete = (row[5:] for row in rows)
    assert enter == ["", "", "1"], "no caller: personal data stays out of the file"
    assert 1_900 <= int(missed[0]) <= 30_000
    record = await rig.closed(contact_id)
    waited_s = int(record["wait_s"])
    assert connect[:2] == [str(waited_s), contact_id]
    assert complete == [str(waited_s), str(int(record["talk_s"])), "1"]
    times = [int(row[0]) for row in rows]
    assert times == sorted(times)


async def test_call_that_was_abandoned(rig: NodeRig) -> None:
    lane = rig.lanes["logged-abandoned"]
    async with caller(rig, lane) as customer:
        queued = await rig.events.next("ContactQueued", queue_id=lane.name)
        await customer.cue()
        await customer.done()
    rows = await lines_of(rig, queued["contact_id"], "ABANDON")
    waited_s = int((await rig.closed(queued["contact_id"]))["wait_s"])
    assert [row[4:] for row in rows] == [
        ["ENTERQUEUE", "", "", "1"],
        ["ABANDON", "1", "1", str(waited_s)],
    ]
