"""Lets the telephones play their parts against a running node, and judges how it went."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from demo.api import Api
from demo.board import Board, Row
from demo.journey import Journey
from demo.line import Line, switched_on
from demo.node import NodeProcess
from demo.played import Played
from demo.script import AGENTS, ANSWER_AFTER_S, CALLS, SLEEPER, PlannedCall, recording

TRUNK_ADDRESS: Final = "127.0.0.2"
"""The carrier's address in config/examples/demo.yaml."""
AGENT_ADDRESS: Final = "127.0.0.1"
CALL_S_MAX: Final = 150.0
LOOK_EVERY_S: Final = 0.25
RECORD_S_MAX: Final = 15.0
"""The last words of a call are analysed and stored a moment after its end."""


class Director:
    """One performance. Use `perform` once."""

    def __init__(
        self,
        node: NodeProcess,
        token: str,
        passwords: dict[str, str],
        board: Board,
        *,
        calls: Sequence[PlannedCall] = CALLS,
        sleeper: str | None = SLEEPER,
        call_s_max: float = CALL_S_MAX,
        journey: Journey | None = None,
    ) -> None:
        """Perform against this node, with these softphone passwords.

        Args:
            node: Serves config/examples/demo.yaml.
            token: Of its API.
            passwords: By agent.
            board: Is told of everything.
            calls: Who calls.
            sleeper: The agent who does not answer the first calm caller; None: all answer.
            call_s_max: A call that is not over after so long, waiting included, is a fault.
            journey: A customer who calls among other things, beside the calls; None: nobody.
        """
        self._journey = journey
        self._calls = calls if journey is None else (*calls, journey.call)
        self._sleeper = sleeper
        self._call_s_max = call_s_max
        self._node = node
        self._api = Api(node.http, token)
        self._passwords = passwords
        self._board = board
        self._agents: dict[str, Line] = {}
        self._played = {plan.name: Played(plan) for plan in self._calls}
        self._events: list[dict[str, Any]] = []
        self._happened = asyncio.Condition()
        self._agent_leg: dict[str, int] = {}
        self.crashed = 0
        self.started = 0

    async def perform(self) -> Sequence[Played]:
        """Register the agents, place the calls, wait for their records."""
        for plan in self._calls:
            self._board.rows[plan.name] = Row(plan.name, plan.number)
        folder = self._node.folder
        self._agents = {agent: Line(agent, folder, AGENT_ADDRESS) for agent in AGENTS}
        callers = {
            # A call's name may be longer than that of a socket.
            plan.name: Line(f"caller-{place}", folder, TRUNK_ADDRESS)
            for place, plan in enumerate(self._calls)
        }
        async with switched_on([*self._agents.values(), *callers.values()]):
            following = asyncio.create_task(self._follow(), name="events")
            try:
                await asyncio.gather(*(self._log_in(agent) for agent in AGENTS))
                working = [asyncio.create_task(self._work(agent)) for agent in AGENTS]
                await asyncio.gather(
                    *(self._come(callers[plan.name], plan) for plan in self._calls)
                )
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
                await asyncio.gather(*(self._judge(played) for played in self._played.values()))
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        return list(self._played.values())

    async def _follow(self) -> None:
        async for event in self._api.events():
            fields = event["event"]
            if event["type"] == "ContactArrived" and fields["channel"] == "voice":
                await self._name(fields["contact_id"])
            self.started += event["type"] == "CellStarted"
            self.crashed += event["type"] == "CellCrashed"
            self._board.take(event)
            self._tell_played(event)
            async with self._happened:
                self._events.append(event)
                self._happened.notify_all()

    def _tell_played(self, event: dict[str, Any]) -> None:
        contact_id = event["event"].get("contact_id")
        for played in self._played.values():
            if contact_id and played.contact_id == contact_id:
                alarm = played.take(event)
                if alarm is not None:
                    self._board.warn(f"{played.plan.name}: {alarm}")

    async def _name(self, contact_id: str) -> None:
        contact = await self._contact(contact_id)
        for played in self._played.values():
            if played.sip_call_id == contact["sip_call_id"]:
                played.contact_id = contact_id
                self._board.name(contact_id, played.plan.name)

    async def _contact(self, contact_id: str) -> Any:
        """Return a contact's record, which may be written a moment after it is told of.

        Raises:
            TimeoutError: It was not there in time.
        """
        async with asyncio.timeout(RECORD_S_MAX):
            while True:
                try:
                    return await self._api.get(f"/contacts/{contact_id}")
                except OSError:
                    await asyncio.sleep(LOOK_EVERY_S)

    async def _event(self, kind: str, **wanted: str) -> Any:
        """Wait for an event with these fields, or return at once if it has come already."""

        def found() -> dict[str, Any] | None:
            for event in self._events:
                fields: dict[str, Any] = event["event"]
                if event["type"] == kind and wanted.items() <= fields.items():
                    return fields
            return None

        async with asyncio.timeout(self._call_s_max), self._happened:
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
        """Answer what rings, but for the first calm caller of the one who sleeps."""
        line = self._agents[agent]
        sleeps = agent == self._sleeper
        while True:
            leg = (await line.told("incoming", timeout_s=self._call_s_max))["leg"]
            await asyncio.sleep(ANSWER_AFTER_S)
            # The long calls of those who grow angry shall not begin late.
            if sleeps and not self._offered_angry(agent):
                sleeps = False
                await line.told("ended", leg=leg)
                await asyncio.sleep(ANSWER_AFTER_S)
                await self._dial_ready(agent)
                continue
            self._agent_leg[agent] = leg
            line.tell("answer", leg=leg)
            await line.told("ended", leg=leg, timeout_s=self._call_s_max)

    def _offered_angry(self, agent: str) -> bool:
        """Tell whether the call that rings at an agent's is of somebody who grows angry."""
        offered = [
            event["event"]["contact_id"]
            for event in self._events
            if event["type"] == "OfferMade" and event["event"]["agent_id"] == agent
        ]
        return any(
            played.plan.grows_angry and played.contact_id in offered[-1:]
            for played in self._played.values()
        )

    # The callers.

    async def _come(self, caller: Line, plan: PlannedCall) -> None:
        place = partial(self._place, caller, plan)
        if self._journey is not None and plan is self._journey.call:
            await self._journey.make(place)
        else:
            await place()

    async def _place(self, caller: Line, plan: PlannedCall) -> None:
        played = self._played[plan.name]
        try:
            async with asyncio.timeout(self._call_s_max):
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
            played.wrong.append(f"not over after {self._call_s_max:g} s: {error}")

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
            played.speaking = name if line is caller else ""
            line.tell("play", leg=its_leg, file=str(recording(name)))
            await line.told("played", leg=its_leg, timeout_s=self._call_s_max)
            played.speaking = ""
        last, its_leg = sides[1] if plan.ending == "caller_ended" else sides[0]
        last.tell("hang_up", leg=its_leg)

    # The judge.

    async def _explain(self, played: Played) -> None:
        """Ask why the call was offered to whom, in the customer's language."""
        spoken = played.record["language"]
        trail = await self._api.get(f"/contacts/{played.contact_id}/decisions?language={spoken}")
        played.reasons = [" ".join(one["sentences"]) for one in trail["decisions"]]
        offered = len(played.record["interactions"])
        if len(played.reasons) != offered:
            played.wrong.append(f"{len(played.reasons)} decisions are told of {offered} offers")

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
                    wrong = played.faults()
                    if not wrong:
                        await self._explain(played)
                        return
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            played.wrong += wrong
