"""Lets the telephones play their parts against a running node, and judges how it went."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from demo.api import Api
from demo.board import Board, Row
from demo.line import Line
from demo.node import NodeProcess
from demo.script import (
    AGENTS,
    ANSWER_AFTER_S,
    CALLS,
    SLEEPER,
    SPEECH_FOLDER,
    PlannedCall,
)

TRUNK_ADDRESS: Final = "127.0.0.2"
"""The carrier's address in config/examples/demo.yaml."""
AGENT_ADDRESS: Final = "127.0.0.1"
CALL_S_MAX: Final = 150.0
RECORD_S_MAX: Final = 15.0
"""The last words of a call are analysed and stored a moment after its end."""


@dataclass(slots=True)
class Played:
    """How one call went.

    Attributes:
        answered_ms: INVITE to 200 as the caller's telephone saw it.
        wrong: What is not as it should be, in words.
    """

    plan: PlannedCall
    sip_call_id: str = ""
    contact_id: str = ""
    answered_ms: float | None = None
    caller_lost: int = 0
    record: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `demo --json` prints for a call."""
        record = self.record
        return {
            "call_id": self.sip_call_id,
            "answered_ms": self.answered_ms,
            "wait_s": record.get("wait_s"),
            "agent": record.get("agent_id"),
            "outcome": record.get("disposition"),
            "talk_s": record.get("talk_s"),
            "rtp_lost": self.caller_lost + record.get("rtp_lost", 0),
            "customer_speech_s": round(record.get("customer_speech_s", 0.0), 2),
            "turns": record.get("turns"),
        }


class Director:
    """One performance. Use `perform` once."""

    def __init__(
        self, node: NodeProcess, token: str, passwords: dict[str, str], board: Board
    ) -> None:
        """Perform against this node, with these softphone passwords."""
        self._node = node
        self._api = Api(node.http, token)
        self._passwords = passwords
        self._board = board
        self._agents: dict[str, Line] = {}
        self._played = {plan.name: Played(plan) for plan in CALLS}
        self._events: list[dict[str, Any]] = []
        self._happened = asyncio.Condition()
        self._agent_leg: dict[str, int] = {}
        self._rings = dict.fromkeys(AGENTS, 0)
        self.crashed = 0
        self.started = 0

    async def perform(self) -> Sequence[Played]:
        """Register the agents, place the calls, wait for their records."""
        for plan in CALLS:
            self._board.rows[plan.name] = Row(plan.name, plan.number)
        async with AsyncExitStack() as stack:
            self._agents = {
                agent: await stack.enter_async_context(
                    Line(agent, self._node.folder, AGENT_ADDRESS)
                )
                for agent in AGENTS
            }
            callers = {
                plan.name: await stack.enter_async_context(
                    Line(plan.name, self._node.folder, TRUNK_ADDRESS)
                )
                for plan in CALLS
            }
            following = asyncio.create_task(self._follow(), name="events")
            try:
                await asyncio.gather(*(self._log_in(agent) for agent in AGENTS))
                working = [asyncio.create_task(self._work(agent)) for agent in AGENTS]
                calls = (self._place(callers[plan.name], plan) for plan in CALLS)
                await asyncio.gather(*calls)
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
                for played in self._played.values():
                    await self._judge(played)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        return list(self._played.values())

    async def _follow(self) -> None:
        async for event in self._api.events():
            fields = event["event"]
            if event["type"] == "ContactArrived":
                await self._name(fields["contact_id"])
            self.started += event["type"] == "CellStarted"
            self.crashed += event["type"] == "CellCrashed"
            self._board.take(event)
            async with self._happened:
                self._events.append(event)
                self._happened.notify_all()

    async def _name(self, contact_id: str) -> None:
        contact = await self._api.get(f"/contacts/{contact_id}")
        for played in self._played.values():
            if played.sip_call_id == contact["sip_call_id"]:
                played.contact_id = contact_id
                self._board.name(contact_id, played.plan.name)

    async def _event(self, kind: str, timeout_s: float = CALL_S_MAX, **wanted: str) -> Any:
        """Wait for an event with these fields, or return at once if it has come already."""

        def found() -> dict[str, Any] | None:
            for event in self._events:
                fields: dict[str, Any] = event["event"]
                if event["type"] == kind and wanted.items() <= fields.items():
                    return fields
            return None

        async with asyncio.timeout(timeout_s), self._happened:
            await self._happened.wait_for(found)
            return found()

    # The agents.

    @property
    def _server(self) -> str:
        where = self._node.sip[0]
        return f"{where.host}:{where.port}"

    async def _log_in(self, agent: str) -> None:
        line = self._agents[agent]
        line.tell(
            "register",
            uri=f"sip:{AGENTS[agent]}@warmline.test",
            registrar=f"sip:{self._server}",
            username=AGENTS[agent],
            password=self._passwords[agent],
        )
        await line.told("registered", status=200)
        await self._dial_ready(agent)

    async def _dial_ready(self, agent: str) -> None:
        """Dial *60 as a person would, and hear the confirmation."""
        line = self._agents[agent]
        line.tell("call", uri=f"sip:*60@{self._server}")
        calling = await line.told("calling")
        await line.told("ended", leg=calling["leg"])

    async def _work(self, agent: str) -> None:
        """Answer what rings, but for the first call of the one who sleeps."""
        line = self._agents[agent]
        while True:
            leg = (await line.told("incoming", timeout_s=CALL_S_MAX))["leg"]
            self._rings[agent] += 1
            if agent == SLEEPER and self._rings[agent] == 1:
                await line.told("ended", leg=leg)
                await asyncio.sleep(ANSWER_AFTER_S)
                await self._dial_ready(agent)
                continue
            await asyncio.sleep(ANSWER_AFTER_S)
            self._agent_leg[agent] = leg
            line.tell("answer", leg=leg)
            await line.told("ended", leg=leg, timeout_s=CALL_S_MAX)

    # The callers.

    async def _place(self, caller: Line, plan: PlannedCall) -> None:
        played = self._played[plan.name]
        try:
            async with asyncio.timeout(CALL_S_MAX):
                await asyncio.sleep(plan.after_s)
                caller.tell("line", uri=f"sip:{plan.number}@{TRUNK_ADDRESS}")
                caller.tell("call", uri=f"sip:{plan.dialled}@{self._server}")
                calling = await caller.told("calling")
                played.sip_call_id = calling["sip_call_id"]
                answered = await caller.told("answered", leg=calling["leg"])
                played.answered_ms = answered["answered_ms"]
                async with self._happened:
                    await self._happened.wait_for(lambda: played.contact_id)
                await self._converse(caller, calling["leg"], played)
                ended = await caller.told("ended", leg=calling["leg"])
                played.caller_lost = ended["lost"]
        except TimeoutError as error:
            played.wrong.append(f"not over after {CALL_S_MAX:g} s: {error}")

    async def _converse(self, caller: Line, leg: int, played: Played) -> None:
        plan = played.plan
        if plan.ending == "abandoned":
            await self._event("ContactQueued", contact_id=played.contact_id)
            await asyncio.sleep(plan.patience_s)
            caller.tell("hang_up", leg=leg)
            return
        connected = await self._event("ContactConnected", contact_id=played.contact_id)
        agent = connected["agent_id"]
        sides = [(self._agents[agent], self._agent_leg[agent]), (caller, leg)]
        for number, name in enumerate(plan.lines):
            line, its_leg = sides[number % 2]
            line.tell("play", leg=its_leg, file=str(SPEECH_FOLDER / f"{name}.wav"))
            await line.told("played", leg=its_leg)
        last, its_leg = sides[1] if plan.ending == "caller_ended" else sides[0]
        last.tell("hang_up", leg=its_leg)

    # The judge.

    async def _judge(self, played: Played) -> None:
        if not played.contact_id:
            played.wrong.append("no contact was recorded")
            return
        wrong: list[str] = []
        try:
            async with asyncio.timeout(RECORD_S_MAX):
                while True:
                    path = f"/contacts/{played.contact_id}"
                    played.record = await self._api.get(path)
                    wrong = list(_faults(played))
                    if not wrong:
                        return
                    await asyncio.sleep(0.25)
        except TimeoutError:
            played.wrong += wrong


def _faults(played: Played) -> Sequence[str]:
    """Return what of a call's record is not as its plan has it."""
    plan, record = played.plan, played.record
    outcomes = [part["outcome"] for part in record["interactions"]]
    faults = []
    if record["disposition"] != plan.ending:
        faults.append(f"ended as {record['disposition']}, not as {plan.ending}")
    if played.caller_lost + record["rtp_lost"]:
        faults.append(f"RTP lost: {played.caller_lost} there, {record['rtp_lost']} here")
    if plan.lines:
        spoken = sum(_seconds_of(name) for name in plan.lines[1::2])
        if record["customer_speech_s"] < 0.5 * spoken:
            faults.append(
                f"{record['customer_speech_s']:.1f} s of the customer heard, {spoken:.1f} s said"
            )
        if record["turns"] < len(plan.lines) - 1:
            faults.append(f"{record['turns']} turns heard, {len(plan.lines)} taken")
        if "answered" not in outcomes:
            faults.append("no agent answered")
    elif "answered" in outcomes:
        faults.append("answered, though the caller had gone")
    return faults


def _seconds_of(name: str) -> float:
    path: Path = SPEECH_FOLDER / f"{name}.wav"
    return path.stat().st_size / 16_000


def missed(calls: Sequence[Played]) -> int:
    """Return how many offers ran into ring no answer."""
    return sum(
        part["outcome"] == "ring_no_answer"
        for played in calls
        for part in played.record.get("interactions", [])
    )
