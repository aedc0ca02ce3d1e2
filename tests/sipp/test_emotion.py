"""Emotion in a running call: asked, agreed, judged, told, refused; with the real model."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bench.rtp_peer import speech
from tests.node_rig import TRUNK, Lane, NodeRig, configuration, lanes, running_node
from tests.programs import require_program
from tests.rtp_keys import Keypad
from tests.sipp_party import all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]

ASKED = {"greeting": None, "disclosure": "minute", "queue_full": None, "wait_exceeded": None}
LANES = {"agrees": {"prompts": ASKED}, "remembered": {"prompts": ASKED}}
RULE = {
    "id": "any-voice",
    "label": "angry",
    "level": 0.001,
    "clear_level": 0.0,
    "confidence_min": 0.0,
    "windows": {"at_least": 1, "of": 1},
    "tell": ["supervisor", "agent"],
    "advice": "calm-down",
    "priority_step": 1,
    "transfer": {"skill": "agrees", "proficiency_min": 3},
}
"""Rises with the first window that is judged, whatever it holds."""
SPEECH = [packet.tobytes() for packet in speech()]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node that reads the emotion of those who agree."""
    require_program("sipp")
    made = lanes(LANES)
    over: dict[str, dict[str, Any]] = {
        "analysis": {"workers": 1},
        "emotion": {"enabled": True, "consent": "opt_in", "rules": [RULE]},
    }
    folder = tmp_path_factory.mktemp("feeling")
    async with running_node(folder, made, configuration(made, over=over)) as running:
        yield running


async def following(rig: NodeRig, contact: str) -> asyncio.subprocess.Process:
    """Follow a call as a supervisor does at the command line."""
    words = ("analyse", "--follow", contact, "--url", rig.node.http, "--token", rig.token)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "run_pbx.py", *words),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


async def test_who_agrees_is_judged_and_the_agent_is_not(rig: NodeRig) -> None:
    lane = rig.lanes["agrees"]
    with Keypad(TRUNK) as customer_rtp:
        async with caller(rig, lane, media=customer_rtp.port) as customer:
            queued = await rig.events.next("ContactQueued", queue_id=lane.name)
            contact = queued["contact_id"]
            follower = await following(rig, contact)
            asked = await rig.events.next("EmotionGroundChanged", contact_id=contact)
            assert (asked["ground"], asked["read"]) == ("not_asked", False)
            _, port = await customer.logged("answered")
            to = ("127.0.0.1", int(port))
            await customer_rtp.speak(SPEECH, to)
            assert rig.events.of("EmotionObserved", contact_id=contact) == []
            customer_rtp.press("1", to)
            agreed = await rig.events.next("ConsentChanged", contact_id=contact)
            assert (agreed["purpose"], agreed["answer"]) == ("emotion", "granted")
            now = await rig.events.next("EmotionGroundChanged", contact_id=contact, nth=2)
            assert (now["ground"], now["read"]) == ("agreed", True)
            await customer_rtp.speak(SPEECH * 2, to)
            felt = await rig.events.next("EmotionObserved", contact_id=contact)
            assert felt["score"]["speaker"] == "customer"
            assert felt["score"]["model"].startswith("prosody-open@")
            assert felt["score"]["prosody"]["pitch_hz"] == pytest.approx(120, abs=3)
            assert 0 < felt["late_s"] < 5
            risen = await rig.events.next("AlertRaised", contact_id=contact)
            assert risen["rule_id"] == "any-voice"
            assert risen["agent_id"] is None
            await rig.events.next("PriorityRaised", contact_id=contact, steps=1)
            waiting = await rig.ask("GET", f"/api/v1/queues/{lane.name}/waiting")
            assert [one["priority"] for one in waiting["waiting"]] == [1]
            (alert,) = (await rig.ask("GET", "/api/v1/alerts"))["alerts"]
            assert (alert["contact_id"], alert["state"]) == (contact, "risen")
            taken = await rig.ask(
                "POST", f"/api/v1/alerts/{alert['alert_id']}/acknowledge", {"by": "supervisor"}
            )
            assert taken["state"] == "acknowledged"
            mood = await rig.ask("GET", f"/api/v1/contacts/{contact}/mood")
            assert (mood["read"], mood["ground"]) == (True, "agreed")
            await rig.state(lane.agent, "ready")
            async with telephone(rig, lane) as agent:
                advised = await rig.events.next("AgentAdvised", contact_id=contact)
                assert advised["agent_id"] == lane.agent
                assert advised["phrase"].startswith("I can hear")
                offered = await rig.events.next("TransferOffered", contact_id=contact)
                assert offered["requirement"] == {"skill": "agrees", "proficiency_min": 3}
                # He takes it back, told to the agent.
                refusal = {"purpose": "emotion", "answer": "refused"}
                path = f"/api/v1/contacts/{contact}/consent"
                await rig.ask("POST", path, refusal, status=None)
                cleared = await rig.events.next("AlertCleared", contact_id=contact)
                assert cleared["reason"] == "consent_refused"
                await rig.events.next(
                    "EmotionGroundChanged", contact_id=contact, ground="refused", read=False
                )
                await customer.cue()
                await all_done(agent, customer)
            assert await rig.metric("warmline_alerts", step="raised") >= 1
            told, _ = await asyncio.wait_for(follower.communicate(), 30)
            assert follower.returncode == 0
            said = told.decode()
            # He joined in the middle of the call and is told of all of it, to its end.
            for word in ("any-voice", "granted", "refused", "anger"):
                assert word in said, said


async def judged_while_speaking(rig: NodeRig, lane: Lane, number: str, *, key: str = "") -> str:
    """Call from a number, press a key, speak, hang up; return the contact."""
    with Keypad(TRUNK) as customer_rtp:
        identity = f"\n      P-Asserted-Identity: <sip:{number}@127.0.0.2>"
        seen = len(rig.events.of("ContactQueued", queue_id=lane.name))
        async with caller(rig, lane, media=customer_rtp.port, extra=identity) as customer:
            queued = await rig.events.next("ContactQueued", queue_id=lane.name, nth=seen + 1)
            contact = str(queued["contact_id"])
            _, port = await customer.logged("answered")
            to = ("127.0.0.1", int(port))
            if key:
                customer_rtp.press(key, to)
                await rig.events.next("ConsentChanged", contact_id=contact, earlier=False)
            await customer_rtp.speak(SPEECH, to)
            await rig.events.next("SpeechObserved", contact_id=contact)
            await customer.cue()
            await customer.done()
    await rig.closed(contact)
    return contact


async def test_an_answer_holds_for_the_next_call_of_the_same_number(rig: NodeRig) -> None:
    lane, number = rig.lanes["remembered"], "+4930555001"

    def windows(contact: str) -> int:
        return len(rig.events.of("EmotionObserved", contact_id=contact))

    assert windows(await judged_while_speaking(rig, lane, number, key="1")) > 0
    # Another one's answer is not his.
    assert windows(await judged_while_speaking(rig, lane, "+4930555002")) == 0
    again = await judged_while_speaking(rig, lane, number)
    assert windows(again) > 0
    earlier = await rig.events.next("ConsentChanged", contact_id=again)
    assert (earlier["answer"], earlier["earlier"]) == ("granted", True)
    assert windows(await judged_while_speaking(rig, lane, number, key="9")) == 0
    assert windows(await judged_while_speaking(rig, lane, number)) == 0
