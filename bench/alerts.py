"""Alerts under calls: from the end of the speech that fulfils a rule to the alert event.

Every caller of the crowd speaks without pause, two of three windows raise an alert whatever they
hold, and the node says with each event how long ago the speech ended. The same crowd with emotion
switched off stands beside it, in the same run: what is judged must not make calls worse.
"""

import asyncio
import json as json_format
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.call_rig import Rig, rig
from bench.processes import costs

SPEAK_S: Final = 30.0
"""Long enough for the slowest first alert, and for windows by the thousand."""
RAMP_PER_S: Final = 10.0
_NEVER: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Felt:
    """One crowd.

    Attributes:
        calls: At once.
        emotion: Whether they were judged.
        alerts, windows: Events that came.
        alert_s: Median, 95th and 99th percentile of the seconds from the end of the speech.
        window_s: The same of every judged window.
        worker_ms: Processor time of the analysis worker, milliseconds for a second of a call, both
            legs.
        frames_lost: Frames that the worker had no time for.
    """

    calls: int
    emotion: bool
    alerts: int
    windows: int
    alert_s: tuple[float, float, float]
    window_s: tuple[float, float, float]
    worker_ms: float
    frames_lost: int


async def measure(made: Rig, calls: int, *, emotion: bool) -> Felt:
    """Let so many callers speak at once."""
    await made.all_ready()
    ramp_s = calls / RAMP_PER_S
    hold_s = ramp_s + SPEAK_S
    lost_before = await made.metric("warmline_analysis_overrun_frames_total")
    async with (
        made.rtp_peers(hold_s + ramp_s + 60),
        made.agents_sipp(ring_ms=20, talk_ms=_NEVER),
        made.callers_sipp(per_s=RAMP_PER_S, calls=calls, hold_ms=int(1_000 * hold_s)) as callers,
    ):
        await asyncio.sleep(ramp_s + 3)
        before, from_s = costs(made.node.pid), time.monotonic()
        await asyncio.sleep(SPEAK_S - 8)
        after, to_s = costs(made.node.pid), time.monotonic()
        await callers.wait(hold_s + ramp_s + 60)
    lost = await made.metric("warmline_analysis_overrun_frames_total") - lost_before
    await made.settled()
    alerts = await _late(made, "AlertRaised")
    windows = await _late(made, "EmotionObserved")
    spent_s = after["worker"].cpu_s - before["worker"].cpu_s
    return Felt(
        calls=calls,
        emotion=emotion,
        alerts=len(alerts),
        windows=len(windows),
        alert_s=_percentiles(alerts),
        window_s=_percentiles(windows),
        worker_ms=round(1_000 * spent_s / (to_s - from_s) / calls, 2),
        frames_lost=int(lost),
    )


async def _late(made: Rig, kind: str) -> list[float]:
    """Return the field late_s of every event of a kind, of the whole run."""
    found: list[float] = []
    after = 0
    while True:
        page: Any = await made.request("GET", f"/api/v1/events?after={after}&limit=1000")
        events = page["events"]
        if not events:
            return found
        found += [event["event"]["late_s"] for event in events if event["type"] == kind]
        after = events[-1]["seq"]


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    if not values:
        return (float("nan"),) * 3
    middle, high, highest = np.percentile(values, (50, 95, 99))
    return round(float(middle), 3), round(float(high), 3), round(float(highest), 3)


async def _run(crowds: Sequence[int]) -> list[Felt]:
    found = []
    for calls in crowds:
        for emotion in (False, True):
            # A node of its own each, so that the events are those of this crowd.
            async with rig(calls + 20, emotion=emotion) as made:
                found.append(await measure(made, calls, emotion=emotion))
    return found


def run(json: bool = False, *, crowds: Sequence[int] = (50, 100)) -> None:
    """Measure all and print it.

    Args:
        json: Print one JSON object on stdout, everything else on stderr.
        crowds: Calls at once.
    """
    found = asyncio.run(_run(crowds))
    table = Table(title="Emotion under calls: seconds from the end of speech (p50 / p95 / p99)")
    for name in ("calls", "judged", "alerts", "to the alert", "windows", "to the window",
                 "worker ms/s", "frames lost"):  # fmt: skip
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            str(one.calls),
            "yes" if one.emotion else "no",
            str(one.alerts),
            " / ".join(f"{value:.2f}" for value in one.alert_s),
            f"{one.windows:,}",
            " / ".join(f"{value:.2f}" for value in one.window_s),
            f"{one.worker_ms:.2f}",
            str(one.frames_lost),
        )
    Console(stderr=json, width=110).print(table)
    if json:
        sys.stdout.write(json_format.dumps([asdict(one) for one in found]) + "\n")
