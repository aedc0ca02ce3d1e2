"""Calls under load: how fast they are answered and rung, how many at once stay clean.

SIPp is every caller and every agent; their audio goes to two RTP peers. Everything runs on
this machine, so the load's own cost is in every figure, as it was in those of FreeSWITCH
(FreeSWITCH 1.11.1 with mod_callcenter and mod_audio_stream, measured on two cores shared
with its load). What the machine itself did to a figure stands beside it.
"""

import asyncio
import contextlib
import json as json_format
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console

from bench.call_figures import Crowd, Latency, Rate, Result
from bench.call_rig import Rig, rig
from bench.call_tables import tables
from bench.machine import MachineTime, nice_counts_within_session
from bench.metronome import CELLS_LEVEL_PORTS, MACHINE_PORTS, PORTS
from bench.processes import KINDS, Kind, costs, watched
from bench.sipp import Counts
from bench.streams import Packets, judge

WINDOW_S: Final = 20.0
RATE_S: Final = 20.0
FAILED_SHARE_MAX: Final = 0.1
"""A rate with more failed calls has collapsed, and a higher one would take minutes to do so."""

TAPS_DROPPED: Final = "warmline_tap_frames_dropped_total"

_NEVER: Final = 3_600_000
"""Milliseconds: longer than any bench."""


async def measure_rate(made: Rig, per_s: float, seconds: float) -> Rate:
    """Place calls at a rate; each is answered, rung at an idle agent and ended by him."""
    calls = int(per_s * seconds)
    await made.all_ready()
    async with (
        made.rtp_peers(seconds + 72) as peers,
        made.agents_sipp(ring_ms=20, talk_ms=300) as agents,
    ):
        before = costs(made.node.pid)
        async with (
            made.callers_sipp(per_s=per_s, calls=calls, hold_ms=30_000) as callers,
            watched({"SIPp": [agents.pid, callers.pid], "RTP peers": peers.pids}) as load,
        ):
            machine_before = MachineTime.now()
            # What has not succeeded by then counts as failed.
            with contextlib.suppress(TimeoutError):
                await callers.wait(seconds + 60)
            machine = MachineTime.now().since(machine_before)
        placed, rung = callers.counts(), agents.counts()
    await made.settled()
    after = costs(made.node.pid)
    spent_s = {kind: after[kind].cpu_s - before[kind].cpu_s for kind in KINDS} | load
    begun = _times(placed, "I", 1)
    return Rate(
        per_s=per_s,
        successful=placed.successful,
        failed=calls - placed.successful,
        answer=Latency.of(_between(begun, _times(placed, "A", 1))),
        ring=Latency.of(_between(begun, _times(rung, "R", 2))),
        cpu_ms_per_call={kind: round(1_000 * cpu_s / calls, 2) for kind, cpu_s in spent_s.items()},
        machine=machine,
    )


async def measure_next_ring(made: Rig, busy: int, seconds: float) -> Latency:
    """Keep more callers waiting than agents; measure an agent's BYE to his next INVITE."""
    agents = (await made.request("GET", "/api/v1/agents"))["agents"]
    for agent in agents[busy:]:
        path = f"/api/v1/agents/{agent['agent_id']}/state"
        await made.request("POST", path, {"state": "not_ready", "reason": "bench"})
    calls = int(busy * seconds)
    async with (
        made.rtp_peers(seconds * 3 + 72),
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
    async with made.rtp_peers(hold_s + ramp_s + 70) as peers:
        async with (
            made.agents_sipp(ring_ms=20, talk_ms=_NEVER),
            made.callers_sipp(per_s=20, calls=calls, hold_ms=int(1_000 * hold_s)) as callers,
        ):
            await asyncio.sleep(ramp_s + 3)
            async with made.control(WINDOW_S + 10):
                await asyncio.sleep(2)
                running = (await made.request("GET", "/api/v1/calls"))["calls"]
                bridged = sum(call["state"] == "connected" for call in running)
                before, from_ns = costs(made.node.pid), time.time_ns()
                machine_before = MachineTime.now()
                async with watched({"RTP peers": peers.pids}) as load:
                    await asyncio.sleep(WINDOW_S)
                machine = MachineTime.now().since(machine_before)
                after, to_ns = costs(made.node.pid, memory=True), time.time_ns()
            await callers.wait(hold_s + ramp_s + 60)
        dropped = await made.metric(TAPS_DROPPED) - dropped_before
        lost_here = await _lost_here(made, calls)
    await made.settled()

    def share(*kinds: Kind) -> float:
        spent_s = sum(after[kind].cpu_s - before[kind].cpu_s for kind in kinds)
        return float(round(100 * spent_s * 1e9 / (to_ns - from_ns) / max(1, bridged), 3))

    heard = Packets.of(peers.files, from_ns, to_ns)
    server, late = judge(heard.outside(PORTS))
    control, control_late = judge(heard.between(CELLS_LEVEL_PORTS))
    clock, clock_late = judge(heard.between(MACHINE_PORTS))
    with_machine = late.during(clock_late)
    with_control = late.during(control_late)
    return Crowd(
        calls=calls,
        bridged=bridged,
        server=server,
        control=control,
        clock=clock,
        late_with_machine=int(with_machine.sum()),
        late_with_control=int((with_control & ~with_machine).sum()),
        late_alone=int((~with_control & ~with_machine).sum()),
        lost_here=lost_here,
        tap_frames_dropped=int(dropped),
        cell=share("cells"),
        node=share("node, main thread", "node, other threads"),
        worker=share("worker"),
        rtp_peers=round(100 * load["RTP peers"] * 1e9 / (to_ns - from_ns), 1),
        cell_private_mib=round(after["cells"].private_mib, 2),
        machine=machine,
        peer_dropped=peers.dropped(),
        peer_buffer_mib=round(peers.receive_buffer_bytes() / 2**20, 1),
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
    result = Result(nice_counts_within_session())
    async with rig(max([200, *crowds]) + 20) as made:
        result.next_ring = await measure_next_ring(made, busy=5, seconds=20.0)
        console.print(f"next ring: {result.next_ring.calls} times")
        for calls in crowds:
            crowd = await measure_crowd(made, calls)
            result.crowds.append(crowd)
            console.print(
                f"{calls} at once: {crowd.bridged} bridged, {crowd.server.lost} packets lost, "
                f"{crowd.server.late_gaps} late"
            )
        # Rates last: one that the machine does not hold leaves agents behind who did not answer.
        for per_s in rates:
            rate = await measure_rate(made, per_s, RATE_S)
            result.rates.append(rate)
            console.print(f"{per_s:g} a second: {rate.successful} calls, {rate.failed} failed")
            if rate.failed > FAILED_SHARE_MAX * (rate.successful + rate.failed):
                break
    return result


def run(
    json: bool = False,
    *,
    crowds: Sequence[int] = (50, 100, 120, 150, 200),
    rates: Sequence[float] = (20, 40, 60, 80),
) -> None:
    """Measure all and print it.

    Args:
        json: Print one JSON object on stdout, everything else on stderr.
        crowds: Calls at once.
        rates: New calls a second, rising; the first that collapses is the last one tried.
    """
    console = Console(stderr=json)
    if not console.is_terminal:
        # Rich takes a file for 80 columns wide and cuts the tables.
        console = Console(stderr=json, width=100)
    result = asyncio.run(_run(crowds, rates, console))
    for table in tables(result):
        console.print(table)
    if json:
        sys.stdout.write(json_format.dumps(asdict(result)) + "\n")
