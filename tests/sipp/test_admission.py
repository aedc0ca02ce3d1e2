"""Who may call, and where to: strangers, trunks by digest, wrong passwords, toll fraud."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.node_rig import AGENTS, PASSWORD, STRANGER, TRUNK, TRUNK_PASSWORD, NodeRig
from tests.sipp_party import Party, all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]

ABROAD = "0049170123456"
VICTIM = "127.0.0.77"
"""Whom a fraud would have us call."""


@pytest.fixture
def victim() -> Iterator[socket.socket]:
    """A telephone that must never ring."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind((VICTIM, 0))
        found.setblocking(False)
        yield found


def has_rung(victim: socket.socket) -> bool:
    try:
        victim.recv(65_536)
    except BlockingIOError:
        return False
    return True


async def calls_out(rig: NodeRig) -> float:
    return await rig.metric("warmline_edge_events", name="calls_out")


async def cells_taken(rig: NodeRig) -> float:
    """Return how many cells do not wait for a call; one that has rested waits again at any time."""
    return await rig.metric("warmline_cells_started") - await rig.metric(
        "warmline_cells", state="warm"
    )


async def test_stranger_is_challenged_and_gets_no_cell(rig: NodeRig) -> None:
    await rig.settled()
    before = await cells_taken(rig)
    lane = rig.lanes["served"]
    async with caller(rig, lane, "refused", local=STRANGER, status=407) as stranger:
        await stranger.done()
    assert await cells_taken(rig) <= before
    # A number that nobody has gets him the very same.
    async with caller(rig, ABROAD, "refused", local=STRANGER, status=407) as stranger:
        await stranger.done()
    for name in ("anna", "nobody"):
        values: dict[str, Any] = {"user": name, "password": "guessed", "status": 407}
        async with caller(rig, lane, "refused_after_digest", local=STRANGER, **values) as stranger:
            await stranger.done()
    assert await cells_taken(rig) <= before


async def test_trunk_that_proves_its_password(rig: NodeRig) -> None:
    lane = rig.lanes["digest"]
    await rig.state(lane.agent, "ready")
    credentials: dict[str, Any] = {"user": "other-pbx", "password": TRUNK_PASSWORD}
    async with (
        telephone(rig, lane, talk_ms=100) as agent,
        caller(rig, lane, "caller_by_digest", local="127.0.0.5", **credentials) as customer,
    ):
        await all_done(agent, customer)
    connected = await rig.events.next("ContactConnected", queue_id=lane.name)
    record = await rig.closed(connected["contact_id"])
    assert (record["trunk_id"], record["disposition"]) == ("by-digest", "agent_ended")
    wrong: dict[str, Any] = {**credentials, "password": "not-the-password", "status": 407}
    async with caller(rig, lane, "refused_after_digest", local="127.0.0.5", **wrong) as refused:
        await refused.done()


@pytest.mark.parametrize("dialled", [ABROAD, f"+{ABROAD[2:]}", "*60", "anna", "served-a", "1000"])
async def test_trunk_cannot_dial_outside_the_plan(
    rig: NodeRig, victim: socket.socket, dialled: str
) -> None:
    before = await calls_out(rig)
    host, port = victim.getsockname()
    extra = f"\n      Route: &lt;sip:{host}:{port};lr&gt;".replace("&lt;", "<").replace("&gt;", ">")
    async with caller(rig, dialled, "refused", status=404, extra=extra) as fraud:
        await fraud.done()
    assert await calls_out(rig) == before
    assert not has_rung(victim)


@pytest.mark.parametrize("dialled", [ABROAD, "1000", "served-a", "boris"])
async def test_agent_cannot_dial_outside_the_plan(
    rig: NodeRig, victim: socket.socket, dialled: str
) -> None:
    before = await calls_out(rig)
    values: dict[str, Any] = {"user": "fraud", "password": PASSWORD, "status": 404}
    async with caller(rig, dialled, "refused_after_digest", local=AGENTS, **values) as fraud:
        await fraud.done()
    assert await calls_out(rig) == before
    assert not has_rung(victim)


async def test_telephone_that_is_forwarded_is_not_followed(
    rig: NodeRig, victim: socket.socket
) -> None:
    lane = rig.lanes["redirected"]
    host, port = victim.getsockname()
    await rig.state(lane.agent, "ready")
    status = f"302 Moved Temporarily\n      Contact: <sip:{ABROAD}@{host}:{port}>"
    async with (
        telephone(rig, lane, scenario="agent_refuses", status=status) as agent,
        caller(rig, lane) as customer,
    ):
        declined = await rig.events.next("OfferDeclined", queue_id=lane.name)
        assert declined["reason"] == "unreachable"
        await customer.cue()
        await all_done(agent, customer)
    assert not has_rung(victim)


async def test_guessing_passwords_ends_in_silence(rig: NodeRig) -> None:
    guesser = "127.0.0.66"
    guesses = Party(
        rig,
        "register",
        local=guesser,
        remote=rig.remote,
        calls=9,
        values={
            "user": "anna",
            "aor": "anna",
            "password": "guessed",
            "status": 401,
            "expires": 60,
            "contact": "<sip:[local_ip]:[local_port]>",
        },
        words=("-r", "50"),
    )
    async with guesses:
        await guesses.done()
    assert await rig.metric("warmline_edge_admission", reason="ban") == 0
    async with caller(
        rig, ABROAD, "unanswered_after_digest", local=guesser, user="anna", password="guessed"
    ) as last:
        await last.done()
    assert await rig.metric("warmline_edge_admission", reason="ban") == 1
    async with caller(rig, ABROAD, "unanswered", local=guesser) as unheard:
        await unheard.done()
    # Others are heard.
    async with caller(rig, ABROAD, "refused", local=STRANGER, status=407) as stranger:
        await stranger.done()
    async with caller(rig, ABROAD, "refused", local=TRUNK, status=404) as carrier:
        await carrier.done()
