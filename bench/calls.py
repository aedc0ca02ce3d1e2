"""Calls under load: how fast they are answered and rung, how many at once stay clean.

SIPp is every caller and every agent; their audio goes to one RTP peer. Everything runs on
this machine, so the load's own cost is in every figure, as it was in those of FreeSWITCH
(FreeSWITCH 1.11.1 with mod_callcenter and mod_audio_stream, measured on two cores shared
with its load).
"""

import asyncio
import json as json_format
import secrets
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from bench.processes import Cost, Kind, costs
from bench.sipp import Counts, Sipp, require_sipp
from demo.node import REPOSITORY, NodeProcess

CALLERS: Final = "127.0.0.2"
AGENTS: Final = "127.0.0.3"
AGENT_PORT: Final = 6_100
CALLER_PORT: Final = 6_200
RTP_PORT: Final = 7_000
GAP_MS_MAX: Final = 40.0
"""A gap above two packet times is heard."""
WINDOW_S: Final = 20.0

TAPS_DROPPED: Final = "warmline_tap_frames_dropped_total"
SETTLE_LOOKS_MAX: Final = 300
"""A minute: SIPp's last retransmissions are over by then."""

_NEVER: Final = 3_600_000
"""Milliseconds: longer than any bench."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of many calls."""

    calls: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Return the percentiles of these durations, in seconds."""
        if not seconds:
            return cls(0, float("nan"), float("nan"), float("nan"))
        milliseconds = 1_000 * np.array(seconds)
        p50, p99 = np.percentile(milliseconds, [50, 99])
        return cls(len(seconds), float(p50), float(p99), float(milliseconds.max()))


@dataclass(frozen=True, slots=True)
class Rate:
    """New calls at one rate."""

    per_s: float
    successful: int
    failed: int
    answer: Latency
    ring: Latency


@dataclass(frozen=True, slots=True)
class Crowd:
    """Calls at once.

    Attributes:
        streams: RTP streams heard by the far end, two a call.
        late_gaps: Gaps between two packets of a stream above GAP_MS_MAX.
        lost: Packets missing in the streams that the server sent.
        lost_here: Packets of the far end that the server missed, over the whole calls.
        cell, node, worker: Percent of a core for one call.
        cell_private_mib: Largest private memory of a cell.
    """

    calls: int
    bridged: int
    streams: int
    packets: int
    lost: int
    lost_here: int
    late_gaps: int
    longest_gap_ms: float
    tap_frames_dropped: int
    cell: float
    node: float
    worker: float
    cell_private_mib: float


@dataclass(slots=True)
class Result:
    """All that was measured."""

    rates: list[Rate] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    next_ring: Latency | None = None


class Rig:
    """A node with many agents, all ready, whose telephones are one SIPp."""

    def __init__(self, node: NodeProcess, folder: Path, token: str, agents: int) -> None:
        """Use a running node."""
        self.node = node
        self.folder = folder
        self.agents = agents
        self._token = token

    @property
    def remote(self) -> str:
        """Where SIPp sends its calls."""
        where = self.node.sip[0]
        return f"{where.host}:{where.port}"

    async def request(self, method: str, path: str, body: object | None = None) -> Any:
        """Ask the API."""
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: object | None) -> Any:
        request = urllib.request.Request(
            self.node.http + path,
            method=method,
            data=None if body is None else json_format.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read().decode()
        return json_format.loads(text) if "json" in response.headers["Content-Type"] else text

    async def all_ready(self) -> None:
        """Make every agent ready; an agent who did not answer once is so again."""
        agents = (await self.request("GET", "/api/v1/agents"))["agents"]
        for agent in agents:
            if agent["state"] != "ready":
                path = f"/api/v1/agents/{agent['agent_id']}/state"
                await self.request("POST", path, {"state": "ready", "reason": "bench"})

    async def settled(self) -> None:
        """Wait until no call runs and the reserve of cells is full again."""
        for _ in range(SETTLE_LOOKS_MAX):
            await asyncio.sleep(0.2)
            if not (await self.request("GET", "/api/v1/calls"))["calls"]:
                break
        await asyncio.sleep(2.0)

    async def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        text = await self.request("GET", "/metrics")
        lines = [line for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def agents_sipp(self, *, ring_ms: int, talk_ms: int) -> Sipp:
        """Return the telephones of all agents."""
        values = {"rtp_port": RTP_PORT, "ring_ms": ring_ms, "talk_ms": talk_ms}
        return Sipp("agent", self.folder, local=AGENTS, port=AGENT_PORT, values=values)

    def callers_sipp(self, *, per_s: float, calls: int, hold_ms: int) -> Sipp:
        """Return callers at a rate."""
        words = ("-s", "800", "-r", str(per_s), "-m", str(calls), "-l", "1000", "-aa")
        values = {"rtp_port": RTP_PORT, "hold_ms": hold_ms}
        return Sipp(
            "caller",
            self.folder,
            local=CALLERS,
            port=CALLER_PORT,
            remote=self.remote,
            values=values,
            words=words,
        )

    @asynccontextmanager
    async def rtp_peers(self, seconds: float) -> AsyncIterator[list[Path]]:
        """Run the far ends of all audio for at most so long; their files are there afterwards.

        One for the callers and one for the agents: a cell believes RTP from the address of
        the SDP only.
        """
        files = [self.folder / f"rtp-{address}.npz" for address in (CALLERS, AGENTS)]
        peers = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.rtp_peer"),
                *(address, str(RTP_PORT), str(seconds), str(file)),
                stdout=asyncio.subprocess.PIPE,
                cwd=REPOSITORY,
            )
            for address, file in zip((CALLERS, AGENTS), files, strict=True)
        ]
        for peer in peers:
            assert peer.stdout is not None
            await peer.stdout.readline()
        try:
            yield files
        finally:
            for peer in peers:
                await peer.wait()


def configuration(agents: int) -> str:
    """Return the YAML of the bench's node."""
    return yaml.safe_dump(
        {
            "node": {"name": "bench", "drain_grace_s": 0, "log_level": "warning"},
            "sip": {
                "domain": "bench.test",
                "listen": [{"transport": "udp", "address": "127.0.0.1", "port": 0}],
                "admission": {"trunk_calls_per_s": 500},
            },
            "rtp": {"address": "127.0.0.1", "port_min": 20_000, "port_max": 35_999},
            "cells": {"warm": 48, "max": 400},
            "trunks": [{"id": "load", "addresses": [CALLERS], "calls_max": 1_000}],
            "agents": [
                {
                    "id": f"a{number:03}",
                    "name": f"Agent {number}",
                    "extension": f"{1_000 + number}",
                    "skills": {"service": 3},
                    "contact": f"sip:a{number:03}@{AGENTS}:{AGENT_PORT}",
                }
                for number in range(agents)
            ],
            "queues": [
                {
                    "id": "service",
                    "name": "Service",
                    "numbers": ["800"],
                    "skills": {"service": 1},
                    "ring_s": 30,
                    "wrap_up_s": 0,
                    "waiting_max": 1_000,
                    "announce_position": False,
                    "prompts": {"greeting": None, "disclosure": None, "music": None},
                }
            ],
            "http": {"port": 0, "token": {"env": "WARMLINE_TOKEN"}},
        }
    )


@asynccontextmanager
async def rig(agents: int) -> AsyncIterator[Rig]:
    """Start a node and make its agents ready."""
    require_sipp()
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as name:
        folder = Path(name)
        node = NodeProcess(folder, configuration(agents), environ={"WARMLINE_TOKEN": token})
        async with node:
            made = Rig(node, folder, token, agents)
            await made.all_ready()
            yield made


async def measure_rate(made: Rig, per_s: float, seconds: float) -> Rate:
    """Place calls at a rate; each is answered, rung at an idle agent and ended by him."""
    calls = int(per_s * seconds)
    await made.all_ready()
    async with (
        made.rtp_peers(seconds + 12),
        made.agents_sipp(ring_ms=20, talk_ms=300) as agents,
        made.callers_sipp(per_s=per_s, calls=calls, hold_ms=30_000) as callers,
    ):
        await callers.wait(seconds + 60)
        placed, rung = callers.counts(), agents.counts()
    await made.settled()
    begun = _times(placed, "I", 1)
    return Rate(
        per_s,
        placed.successful,
        placed.failed,
        Latency.of(_between(begun, _times(placed, "A", 1))),
        Latency.of(_between(begun, _times(rung, "R", 2))),
    )


async def measure_next_ring(made: Rig, busy: int, seconds: float) -> Latency:
    """Keep more callers waiting than agents; measure an agent's BYE to his next INVITE."""
    agents = (await made.request("GET", "/api/v1/agents"))["agents"]
    for agent in agents[busy:]:
        path = f"/api/v1/agents/{agent['agent_id']}/state"
        await made.request("POST", path, {"state": "not_ready", "reason": "bench"})
    calls = int(busy * seconds)
    async with (
        made.rtp_peers(seconds + 15),
        made.agents_sipp(ring_ms=5, talk_ms=1_000) as telephones,
        # Twice as fast as they are served, so that somebody always waits.
        made.callers_sipp(per_s=2 * busy, calls=calls, hold_ms=_NEVER) as callers,
    ):
        await callers.wait(seconds * 3 + 60)
        lines = telephones.counts().lines
    await made.settled()
    free_at: dict[str, float] = {}
    took: list[float] = []
    for kind, agent, _caller, at in sorted(lines, key=lambda words: float(words[-1])):
        if kind == "E":
            free_at[agent] = float(at)
        elif agent in free_at:
            took.append(float(at) - free_at.pop(agent))
    return Latency.of(took)


async def measure_crowd(made: Rig, calls: int) -> Crowd:
    """Hold so many bridged and tapped calls at once and look at what the far end hears."""
    await made.all_ready()
    dropped_before = await made.metric(TAPS_DROPPED)
    ramp_s = calls / 20
    hold_s = ramp_s + WINDOW_S + 10
    async with made.rtp_peers(hold_s + ramp_s + 10) as files:
        async with (
            made.agents_sipp(ring_ms=20, talk_ms=_NEVER),
            made.callers_sipp(per_s=20, calls=calls, hold_ms=int(1_000 * hold_s)) as callers,
        ):
            await asyncio.sleep(ramp_s + 5)
            running = (await made.request("GET", "/api/v1/calls"))["calls"]
            bridged = sum(call["state"] == "connected" for call in running)
            before, from_ns = costs(made.node.pid), _now_ns()
            await asyncio.sleep(WINDOW_S)
            after, to_ns = costs(made.node.pid, memory=True), _now_ns()
            await callers.wait(hold_s + ramp_s + 60)
        dropped = await made.metric(TAPS_DROPPED) - dropped_before
        lost_here = await _lost_here(made, calls)
    await made.settled()

    def share(kind: Kind) -> float:
        seconds = (to_ns - from_ns) / 1e9
        return float(_share(before[kind], after[kind], seconds) / max(1, bridged))

    return Crowd(
        calls=calls,
        bridged=bridged,
        lost_here=lost_here,
        tap_frames_dropped=int(dropped),
        cell=share("cell"),
        node=share("node"),
        worker=share("worker"),
        cell_private_mib=after["cell"].private_mib,
        **_streams(files, from_ns, to_ns),
    )


async def _lost_here(made: Rig, calls: int) -> int:
    """Return the packets that the server missed of the last so many callers."""
    lost, before = 0, ""
    while calls > 0:
        limit = min(calls, 100)
        page = await made.request("GET", f"/api/v1/contacts?limit={limit}{before}")
        lost += sum(int(contact["rtp_lost"]) for contact in page["contacts"])
        before = f"&before={page['next_before']}"
        calls -= limit
    return lost


def _streams(files: Sequence[Path], from_ns: int, to_ns: int) -> dict[str, Any]:
    """Return loss and gaps of every stream within the window."""
    streams = packets = lost = late = 0
    longest_ms = 0.0
    for file in files:
        heard = np.load(file)
        inside = (heard["time_ns"] >= from_ns) & (heard["time_ns"] <= to_ns)
        ports, sequences, times = (heard[name][inside] for name in ("port", "sequence", "time_ns"))
        packets += len(ports)
        for port in np.unique(ports):
            streams += 1
            mine = ports == port
            step = np.diff(sequences[mine]) % 65_536
            lost += int(np.sum(step[(step > 1) & (step < 30_000)] - 1))
            gaps_ms = np.diff(times[mine]) / 1e6
            late += int(np.sum(gaps_ms > GAP_MS_MAX))
            longest_ms = max(longest_ms, float(gaps_ms.max(initial=0.0)))
    return {
        "streams": streams,
        "packets": packets,
        "lost": lost,
        "late_gaps": late,
        "longest_gap_ms": longest_ms,
    }


def _share(before: Cost, after: Cost, seconds: float) -> float:
    return 100 * (after.cpu_s - before.cpu_s) / seconds


def _now_ns() -> int:
    return time.time_ns()


def _times(counts: Counts, kind: str, key: int) -> dict[str, float]:
    """Return the first time of each caller's line of a kind."""
    times: dict[str, float] = {}
    for words in counts.lines:
        if words[0] == kind:
            times.setdefault(words[key].removeprefix("c"), float(words[-1]))
    return times


def _between(begun: dict[str, float], ended: dict[str, float]) -> list[float]:
    return [at - begun[caller] for caller, at in ended.items() if caller in begun]


async def _run(crowds: Sequence[int], rates: Sequence[float], console: Console) -> Result:
    result = Result()
    async with rig(max([200, *crowds]) + 20) as made:
        for per_s in rates:
            result.rates.append(await measure_rate(made, per_s, 20.0))
            console.print(result.rates[-1])
        result.next_ring = await measure_next_ring(made, busy=5, seconds=20.0)
        console.print(result.next_ring)
        for calls in crowds:
            result.crowds.append(await measure_crowd(made, calls))
            console.print(result.crowds[-1])
    return result


def tables(result: Result) -> list[Table]:
    """Return the figures beside their aims and FreeSWITCH's."""
    first = Table(title="Calls under load, against the aim and FreeSWITCH here")
    for column in ("figure", "Warmline", "aim", "FreeSWITCH"):
        first.add_column(column)
    at_20 = next((rate for rate in result.rates if rate.per_s == 20), None)
    if at_20 is not None:
        answer, ring = at_20.answer, at_20.ring
        first.add_row(
            "INVITE to 200 OK at 20/s, p50 / p99 ms", f"{answer.p50:.1f} / {answer.p99:.1f}",
            "10 / 40", "3.7 / 7.2",
        )  # fmt: skip
        first.add_row(
            "INVITE to the agent's ring at 20/s, p50 / p99 ms",
            f"{ring.p50:.1f} / {ring.p99:.1f}", "20 / 60", "63 / 112",
        )  # fmt: skip
    held = [rate.per_s for rate in result.rates if not rate.failed]
    first.add_row(
        "new calls a second without a failed call", f"{max(held, default=0):g}", "40", "60"
    )
    if result.next_ring is not None:
        first.add_row(
            "agent free to his next ring, p99 ms", f"{result.next_ring.p99:.1f}", "50", "1,160"
        )
    clean = [crowd for crowd in result.crowds if not crowd.lost and not crowd.late_gaps]
    first.add_row(
        f"calls at once, no RTP lost, no gap over {GAP_MS_MAX:g} ms",
        str(max((crowd.bridged for crowd in clean), default=0)), "150", "250",
    )  # fmt: skip
    second = Table(title="Calls at once")
    columns = (
        "bridged", "streams", "packets", "lost", "lost here", "gaps > 40 ms", "longest ms",
        "taps dropped", "cell % of a core", "node %", "worker %", "cell MiB",
    )  # fmt: skip
    for column in columns:
        second.add_column(column, justify="right")
    for crowd in result.crowds:
        second.add_row(
            str(crowd.bridged), str(crowd.streams), f"{crowd.packets:,}", str(crowd.lost),
            str(crowd.lost_here), str(crowd.late_gaps), f"{crowd.longest_gap_ms:.0f}",
            str(crowd.tap_frames_dropped), f"{crowd.cell:.2f}", f"{crowd.node:.2f}",
            f"{crowd.worker:.2f}", f"{crowd.cell_private_mib:.1f}",
        )  # fmt: skip
    return [first, second]


def run(
    json: bool = False,
    *,
    crowds: Sequence[int] = (50, 100, 150, 200, 250),
    rates: Sequence[float] = (20, 40, 60),
) -> None:
    """Measure all and print it."""
    console = Console(stderr=json)
    result = asyncio.run(_run(crowds, rates, console))
    for table in tables(result):
        console.print(table)
    if json:
        sys.stdout.write(json_format.dumps(asdict(result)) + "\n")
