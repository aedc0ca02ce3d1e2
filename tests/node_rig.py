"""A whole node in a process of its own, and lanes through it: a queue with its agents each.

Tests that share a node take a lane each, so that none sees the calls of another.
"""

import asyncio
import itertools
import json
import re
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from config.load import load
from demo.node import NodeProcess
from server.commands.softphones import credential_path, softphone
from store.credentials import put_softphone
from tests.node_events import EVENT_S_MAX, EventLog

DOMAIN = "warmline.test"
TRUNK = "127.0.0.2"
"""The carrier's address."""
AGENTS = "127.0.0.3"
"""Where agents' telephones are, those with a fixed contact and those that register."""
STRANGER = "127.0.0.4"
PASSWORD = "kW7-tested-long"
TRUNK_PASSWORD = "trunk-kW7-tested"
LOOK_S = 0.05

T = TypeVar("T")


_ports = itertools.cycle(range(10_000, 20_000, 4))
"""Below those that the kernel gives to others, so that none is taken before it is used."""


def free_port(host: str) -> int:
    """Return the first of four ports that nobody listens on, over UDP or TCP."""
    for port in _ports:
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for each in range(port, port + 4):
                    with socket.socket(socket.AF_INET, kind) as found:
                        found.bind((host, each))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue with its number, and agents that serve nothing else.

    Attributes:
        settings: Of the queue, over `QUIET`.
        ports: Of the agents' telephones, by agent id.
    """

    name: str
    number: str
    settings: Mapping[str, object]
    ports: Mapping[str, int]

    @property
    def agent(self) -> str:
        """The first of the agents."""
        return next(iter(self.ports))


QUIET: Mapping[str, object] = {
    "ring_s": 30,
    "wrap_up_s": 0,
    "announce_position": False,
    "prompts": {"greeting": None, "disclosure": None, "queue_full": None, "wait_exceeded": None},
}
"""A queue that says nothing but music, so that a call gets at once to where a test wants it."""


def lanes(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Lane]:
    """Return lanes by name; `agents` among the settings is how many serve it, ordinarily 1."""
    made = {}
    for place, (name, settings) in enumerate(wanted.items()):
        queue = {key: value for key, value in settings.items() if key != "agents"}
        agents = [f"{name}-{letter}" for letter in "abcdef"[: settings.get("agents", 1)]]
        ports = {agent: free_port(AGENTS) for agent in agents}
        made[name] = Lane(name, str(800_000 + place), {**QUIET, **queue}, ports)
    return made


def configuration(
    made: Mapping[str, Lane],
    *,
    registered: Mapping[str, str] | None = None,
    over: Mapping[str, Mapping[str, Any] | Sequence[Any]] | None = None,
    trunks: Sequence[Mapping[str, Any]] = (),
    listen: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the configuration of a node.

    Args:
        made: Its queues.
        registered: Agents whose telephones register, each with the lane that he serves, or "".
        over: Laid over whole sections, key by key; a list takes the place of one.
        trunks: Beside the one at `TRUNK`.
        listen: Where SIP is heard; nothing: UDP on a free port.
    """
    phones = registered or {}
    fixed = [
        _agent(agent, lane.name, f"sip:{agent}@{AGENTS}:{port}")
        for lane in made.values()
        for agent, port in lane.ports.items()
    ]
    wanted: dict[str, Any] = {
        "node": {"name": "test", "drain_grace_s": 0, "log_format": "json"},
        "sip": {
            "domain": DOMAIN,
            "listen": list(listen or [{"transport": "udp", "address": "127.0.0.1", "port": 0}]),
        },
        "rtp": {"address": "127.0.0.1", "port_min": 28_000, "port_max": 31_999},
        "cells": {"warm": 4, "max": 60, "nice": 0, "realtime": False},
        "trunks": [{"id": "carrier", "addresses": [TRUNK]}, *trunks],
        "agents": [*fixed, *(_agent(agent, lane, None) for agent, lane in phones.items())],
        "queues": [
            {
                "id": lane.name,
                "name": lane.name,
                "numbers": [lane.number],
                "skills": {lane.name: 1},
                **lane.settings,
            }
            for lane in made.values()
        ],
        "router": {"decline_pause_s": 0},
        "analysis": {"workers": 0},
        "http": {"port": 0, "token": {"env": "WARMLINE_TOKEN"}},
    }
    for section, values in (over or {}).items():
        wanted[section] = (
            {**wanted.get(section, {}), **values} if isinstance(values, Mapping) else values
        )
    return wanted


_extensions = iter(range(1_000, 10_000))


def _agent(agent: str, lane: str, contact: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": agent,
        "name": agent,
        "extension": str(next(_extensions)),
        "skills": {lane: 5} if lane else {},
    }
    return entry if contact is None else {**entry, "contact": contact}


@dataclass(slots=True)
class NodeRig:
    """A running node and what a test asks of it."""

    node: NodeProcess
    token: str
    lanes: Mapping[str, Lane]
    events: EventLog
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def remote(self) -> str:
        """Where the node hears SIP over UDP."""
        return self.address("udp")

    def address(self, transport: str) -> str:
        """Return where the node hears SIP."""
        where = next(one for one in self.node.sip if one.transport == transport)
        return f"{where.host}:{where.port}"

    async def ask(
        self, method: str, path: str, body: object = None, *, status: int | None = 200
    ) -> Any:
        """Return the API's answer, which must have the status; None: any."""
        async with httpx.AsyncClient(base_url=self.node.http, trust_env=False) as client:
            answer = await client.request(
                method,
                path,
                json=body,
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=30,
            )
        if status is not None:
            assert answer.status_code == status, f"{method} {path}: {answer.text}"
        is_json = answer.content and "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json else answer.text

    async def state(self, agent: str, state: str, *, reason: str = "test") -> Any:
        """Ask for an agent's state over the API."""
        body = {"state": state, "reason": reason}
        return await self.ask("POST", f"/api/v1/agents/{agent}/state", body)

    async def agent(self, agent: str) -> Any:
        """Return how an agent stands."""
        return await self.ask("GET", f"/api/v1/agents/{agent}")

    async def contact(self, contact_id: str) -> Any:
        """Return a contact's record."""
        return await self.ask("GET", f"/api/v1/contacts/{contact_id}")

    async def calls(self, lane: Lane) -> list[Any]:
        """Return the running calls of a lane."""
        found: list[Any] = (await self.ask("GET", f"/api/v1/calls?queue_id={lane.name}"))["calls"]
        return found

    async def metric(self, name: str, /, **labels: str) -> float:
        """Return the sum of a metric over all series with these labels."""
        text = await self.ask("GET", "/metrics")
        kind = re.search(rf"^# TYPE {name}(_total)? (gauge|counter)$", text, re.MULTILINE)
        assert kind, f"no metric {name}"
        series = name + (kind[1] or "")
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith((f"{series} ", f"{series}{{"))
            and all(f'{key}="{value}"' in line for key, value in labels.items())
        )

    async def ringing(self, lane: Lane) -> str:
        """Return the contact for which an agent's telephone rings, as soon as one does."""

        async def found() -> str | None:
            for call in await self.calls(lane):
                if any(
                    leg["role"] == "agent" and leg["state"] == "ringing" for leg in call["legs"]
                ):
                    return str(call["contact_id"])
            return None

        return await until(found, f"a telephone rings for {lane.name}")

    async def closed(self, contact_id: str) -> Any:
        """Return a contact's record when it is closed."""
        await self.events.next("ContactClosed", contact_id=contact_id)
        return await self.contact(contact_id)

    async def settled(self) -> None:
        """Wait until no cell serves and the edge holds no call."""

        async def idle() -> bool:
            return not (
                await self.metric("warmline_cells", state="serving")
                or await self.metric("warmline_cells", state="leaving")
            )

        await until(idle, "all calls are over")

    def set_password(self, agent: str, password: str = PASSWORD) -> None:
        """Do what `users set` does."""
        loaded = load(self.node.config, environ=self.environ).configuration
        entry = next(one for one in loaded.agents if one.id == agent)
        kept = softphone(loaded, entry, password, datetime.now(UTC))
        put_softphone(credential_path(loaded), agent, kept)


async def resumed(rig: NodeRig, *, after: int) -> None:
    """Check that a reader who had come so far has missed nothing and heard nothing twice."""
    page = await rig.ask("GET", f"/api/v1/events?after={after}&limit=1000")
    stored = [event["seq"] for event in page["events"]]
    assert stored
    await rig.events.reached(stored[-1])
    seen = [event["seq"] for event in rig.events.past]
    assert seen[: len(stored)] == stored
    assert seen == sorted(set(seen))
    assert seen[0] > after


async def until(
    look: Callable[[], Awaitable[T | None]], what: str, timeout_s: float = EVENT_S_MAX
) -> T:
    """Look until what is found is true."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                found = await look()
                if found:
                    return found
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:g} s: {what}") from None


@asynccontextmanager
async def running_node(
    folder: Path,
    made: Mapping[str, Lane],
    wanted: Mapping[str, Any],
    *,
    passwords: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[NodeRig]:
    """Run a node; the agents of `passwords` can register with `PASSWORD`."""
    token = secrets.token_urlsafe(24)
    secret = {"WARMLINE_TOKEN": token, **(environ or {})}
    node = NodeProcess(folder, yaml.safe_dump(dict(wanted), allow_unicode=True), environ=secret)
    node.config.write_text(yaml.safe_dump(dict(wanted), allow_unicode=True))
    (folder / "data").mkdir(exist_ok=True)
    rig = NodeRig(node, token, made, EventLog("http://x", token), folder, secret)
    for agent in passwords:
        rig.set_password(agent)
    async with node, EventLog(node.http, token) as rig.events:
        yield rig


def logged(node: NodeProcess, level: str) -> list[dict[str, Any]]:
    """Return the lines of a level in the node's log."""
    found = []
    for line in node.log.read_text(errors="replace").splitlines():
        try:
            words = json.loads(line)
        except ValueError:
            continue
        if isinstance(words, dict) and words.get("level") == level:
            found.append(words)
    return found
