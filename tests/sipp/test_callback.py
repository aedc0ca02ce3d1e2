"""A caller hangs up, keeps his place, and is called when it is his turn."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from pbx.edge.message import Message, parse
from tests.node_events import EventLog
from tests.node_rig import (
    TRUNK,
    Lane,
    NodeRig,
    configuration,
    free_port,
    lanes,
    running_node,
    until,
)
from tests.programs import require_program
from tests.rtp_keys import Keypad
from tests.sipp_party import Party, all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]

ASKING_TRUNK = "127.0.0.5"
"""A carrier that asks for a password."""
PASSWORD = "out-kW7-tested"
TONE = [bytes([0x9E] * 80 + [0x1E] * 80)] * 250
"""Five seconds of a loud square wave of 50 Hz in mu-law."""
SETTINGS = {
    "enabled": True,
    "offer_after_s": 0,
    "attempts": 2,
    "retry_s": 10,
    "ring_s": 5,
    "numbers": {"digits_min": 3},
}
LANES = ("served", "unanswered", "again", "hidden", "asked", "cancelled")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node that may call its carriers."""
    require_program("sipp")
    made = lanes({name: {"callback": SETTINGS} for name in LANES})
    asking = {
        "id": "asking",
        "addresses": [ASKING_TRUNK],
        "outbound": {
            "uri": f"sip:{{digits}}@{ASKING_TRUNK}:{free_port(ASKING_TRUNK)}",
            "caller": "4930800",
            "digest": {"username": "warmline", "password": {"env": "OUT_PASSWORD"}},
        },
    }
    wanted = configuration(made, trunks=[asking])
    wanted["trunks"][0]["outbound"] = {"uri": f"sip:{{number}}@{TRUNK}:{free_port(TRUNK)}"}
    environ = {"OUT_PASSWORD": PASSWORD}
    folder = tmp_path_factory.mktemp("node")
    async with running_node(folder, made, wanted, environ=environ) as running:
        yield running


def called(rig: NodeRig, scenario: str = "called", *, trunk: int = 0, **values: Any) -> Party:
    """Return the telephone of a customer, behind his carrier."""
    uri = yaml.safe_load(rig.node.config.read_text())["trunks"][trunk]["outbound"]["uri"]
    host, _, port = uri.partition("@")[2].partition(":")
    media = values.pop("media", 0)
    return Party(
        rig,
        scenario,
        local=host,
        port=int(port),
        media=media,
        values={"ring_ms": 50, "talk_ms": 60_000, **values},
    )


async def asks(rig: NodeRig, lane: Lane, customer: Party, keypad: Keypad) -> str:
    """Have a caller ask to be called back as soon as he was offered it; return his contact."""
    queued = await rig.events.next("ContactQueued", queue_id=lane.name)
    _, port = await customer.logged("answered")
    assert await keypad.hears_sound()
    keypad.press("1", ("127.0.0.1", int(port)))
    await rig.events.next("DigitPressed", contact_id=queued["contact_id"])
    return str(queued["contact_id"])


async def waiting(rig: NodeRig, lane: Lane) -> list[Any]:
    found: list[Any] = (await rig.ask("GET", f"/api/v1/queues/{lane.name}/waiting"))["waiting"]
    return found


async def requested(rig: NodeRig, lane: Lane, **how: Any) -> str:
    """Let a caller ask for a callback and be let go; return his contact."""
    with Keypad(how.get("local", TRUNK)) as keypad:
        async with caller(rig, lane, media=keypad.port, **how) as customer:
            contact = await asks(rig, lane, customer, keypad)
            await rig.events.next("CallbackRequested", contact_id=contact)
            keypad.forget()
            assert await keypad.hears_sound(), "the confirmation"
            await customer.done()
            assert customer.lines("ended"), "he is let go"

    async def left_alone() -> bool:
        return not await rig.calls(lane)

    await until(left_alone, "no call of him runs")
    return contact


def requests(log: str) -> list[Message]:
    """Return the requests among the messages that SIPp has received, but for ACKs and cues."""
    received = re.split(r"message received[^\n]*\n\n", log.replace("\r\n", "\n"))[1:]
    texts = [each.partition("\n-----")[0].replace("\n", "\r\n") + "\r\n\r\n" for each in received]
    found = [parse(text.encode()) for text in texts if not text.startswith("SIP/2.0")]
    return [one for one in found if one.method not in ("ACK", "NOTIFY")]


def proves(value: str, method: str, username: str, password: str) -> bool:
    """Tell whether credentials are right (RFC 7616 section 3.4.1, MD5 with qop=auth)."""
    said = dict(re.findall(r'(\w+)="?([^",]*)"?', value))

    def digest(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1 = digest(f"{username}:{said['realm']}:{password}")
    ha2 = digest(f"{method}:{said['uri']}")
    middle = f"{said['nonce']}:{said['nc']}:{said['cnonce']}:auth"
    return said["username"] == username and said["response"] == digest(f"{ha1}:{middle}:{ha2}")


async def test_caller_is_called_back_in_his_turn(rig: NodeRig) -> None:
    lane = rig.lanes["served"]
    contact = await requested(rig, lane)
    [place] = await waiting(rig, lane)
    assert (place["contact_id"], place["callback"], place["position"]) == (contact, True, 1)
    with Keypad(TRUNK) as ears:
        async with telephone(rig, lane) as agent, called(rig, media=ears.port) as customer:
            await rig.state(lane.agent, "ready")
            _, rung, _, *_ = await agent.logged("rung")
            assert rung == contact
            _, port, number, shown, *_ = await customer.logged("called")
            assert (number, shown) == ("+49301", lane.number)
            connected = await rig.events.next("ContactConnected", contact_id=contact)
            assert connected["agent_id"] == lane.agent
            ears.forget()
            # The agent's telephone sends back what it hears.
            speaking = asyncio.create_task(ears.speak(TONE, ("127.0.0.1", int(port))))
            assert await ears.hears_sound(), "both ways"
            await speaking
            await customer.cue(customer.lines("called")[0][0])
            await all_done(agent, customer)
    record = await rig.closed(contact)
    assert (record["disposition"], record["agent_id"]) == ("caller_ended", lane.agent)
    assert [part["outcome"] for part in record["interactions"]] == ["answered"]
    attempt = await rig.events.next("CallbackAttempted", contact_id=contact)
    assert (attempt["outcome"], attempt["attempt"]) == ("answered", 1)
    assert len(rig.events.of("ContactArrived", queue_id=lane.name)) == 1, "one contact all along"
    assert (await rig.ask("GET", "/api/v1/callbacks"))["callbacks"] == []
    await rig.settled()


async def test_customer_who_never_answers_is_called_again_and_then_left(rig: NodeRig) -> None:
    lane = rig.lanes["unanswered"]
    contact = await requested(rig, lane)
    async with (
        telephone(rig, lane, calls=2) as agent,
        called(rig, ring_ms=60_000) as first,
    ):
        await rig.state(lane.agent, "ready")
        attempt = await rig.events.next("CallbackAttempted", contact_id=contact)
        assert (attempt["outcome"], attempt["attempt"]) == ("no_answer", 1)
        assert attempt["rang_s"] >= 5
        await first.done()
        assert first.lines("cancelled"), "his telephone stops ringing"
        await rig.events.next("AgentStateChanged", agent_id=lane.agent, after="ready", nth=2)
        [pausing] = (await rig.ask("GET", "/api/v1/callbacks"))["callbacks"]
        assert (pausing["contact_id"], pausing["attempts"]) == (contact, 1)
        assert pausing["retry_at"] is not None
        assert await waiting(rig, lane) == []
        async with called(rig, ring_ms=60_000) as second:
            again = await rig.events.next("CallbackAttempted", contact_id=contact, nth=2)
            assert again["attempt"] == 2
            await second.done()
        await agent.done()
    record = await rig.closed(contact)
    assert record["disposition"] == "callback_unanswered"
    outcomes = [part["outcome"] for part in record["interactions"]]
    assert outcomes == ["callback_no_answer", "callback_no_answer"]
    assert await rig.metric("warmline_callback_attempts", outcome="no_answer") == 2
    await rig.settled()


async def test_callback_outlives_the_node(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = lanes({"restarted": {"callback": SETTINGS}})
    lane = made["restarted"]
    wanted = configuration(made)
    wanted["trunks"][0]["outbound"] = {"uri": f"sip:{{number}}@{TRUNK}:{free_port(TRUNK)}"}
    async with running_node(tmp_path_factory.mktemp("killed"), made, wanted) as rig:
        contact = await requested(rig, lane)
        [before] = await waiting(rig, lane)
        last = rig.events.last
        await rig.node.kill()
        await rig.node.start()
        async with EventLog(rig.node.http, rig.token, after=last) as rig.events:
            queued = await rig.events.next("ContactQueued", contact_id=contact)
            assert queued["waited_s"] > before["waited_s"], "his wait has gone on"
            async with telephone(rig, lane) as agent, called(rig) as customer:
                await rig.state(lane.agent, "ready")
                await rig.events.next("ContactConnected", contact_id=contact)
                await agent.cue((await agent.logged("talking"))[0])
                await all_done(agent, customer)
            record = await rig.closed(contact)
            assert record["disposition"] == "agent_ended"
            assert not rig.events.of("ContactClosed", disposition="node_died")
            await rig.settled()


async def test_caller_who_calls_again_takes_up_his_place(rig: NodeRig) -> None:
    lane = rig.lanes["again"]
    contact = await requested(rig, lane)
    async with caller(rig, lane) as customer:
        closed = await rig.events.next("ContactClosed", contact_id=contact)
        assert closed["disposition"] == "called_again"
        [place] = await waiting(rig, lane)
        assert place["contact_id"] != contact
        assert place["callback"] is False
        assert place["waited_s"] > 4, "the confirmation alone takes longer"
        await customer.cue()
        await customer.done()
    assert (await rig.closed(place["contact_id"]))["disposition"] == "abandoned"


async def test_hidden_caller_is_not_called_back(rig: NodeRig) -> None:
    lane = rig.lanes["hidden"]
    with Keypad(TRUNK) as keypad:
        extra = "\n      Privacy: id"
        async with caller(rig, lane, media=keypad.port, extra=extra) as customer:
            contact = await asks(rig, lane, customer, keypad)
            refused = await rig.events.next("CallbackRefused", contact_id=contact)
            assert refused["reason"] == "hidden"
            await customer.cue()
            await customer.done()
    assert (await rig.closed(contact))["disposition"] == "abandoned"
    assert await rig.metric("warmline_callback_requests", answer="hidden") == 1


async def test_carrier_that_asks_for_a_password(rig: NodeRig) -> None:
    lane = rig.lanes["asked"]
    contact = await requested(rig, lane, local=ASKING_TRUNK)
    async with (
        telephone(rig, lane) as agent,
        called(rig, "called_by_digest", trunk=1) as customer,
    ):
        await rig.state(lane.agent, "ready")
        call_id, _, number, number_shown, *_ = await customer.logged("called")
        assert (number, number_shown) == ("49301", "4930800")
        await rig.events.next("ContactConnected", contact_id=contact)
        # The node's own BYE counts on from the second INVITE, and is proved too.
        await agent.cue((await agent.logged("talking"))[0])
        await all_done(agent, customer)
        assert customer.lines("ended")[0][0] == call_id
    # Every request after the challenge is proved; the numbers count on from the second INVITE.
    first, second, *_, bye = requests(customer.messages)
    assert (first.method, second.method, bye.method) == ("INVITE", "INVITE", "BYE")
    assert "Proxy-Authorization" not in first.first
    assert (second.cseq, bye.cseq) == (first.cseq + 1, first.cseq + 2)
    for request in (second, bye):
        assert proves(request.get("Proxy-Authorization"), request.method, "warmline", PASSWORD)
    assert (await rig.closed(contact))["disposition"] == "agent_ended"
    await rig.settled()


async def test_callback_that_is_cancelled_while_the_agent_rings(rig: NodeRig) -> None:
    lane = rig.lanes["cancelled"]
    contact = await requested(rig, lane)
    async with telephone(rig, lane, ring_ms=60_000) as agent:
        await rig.state(lane.agent, "ready")
        await rig.ringing(lane)
        path = f"/api/v1/contacts/{contact}/callback"
        await rig.ask("POST", path, {"cancel": True}, status=204)
        await agent.done()
        assert agent.lines("cancelled")
    assert (await rig.closed(contact))["disposition"] == "callback_cancelled"
    await rig.ask("POST", path, {"cancel": True}, status=404)
    assert (await rig.agent(lane.agent))["state"] == "ready", "he is not to blame"
    await rig.settled()
