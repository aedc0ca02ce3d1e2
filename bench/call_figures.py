"""The figures of `bench calls`: what was measured of rates and of crowds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.machine import MachineShare
from bench.streams import Arrival


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """New calls at one rate.

    Attributes:
        cpu_ms_per_call: Processor time by kind of process, the load's own too; of cells, from
            their fork to their end, and of all until the reserve was full again.
        machine: While calls were placed.
    """

    per_s: float
    successful: int
    failed: int
    answer: Latency
    ring: Latency
    cpu_ms_per_call: dict[str, float]
    machine: MachineShare


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Calls at once.

    Attributes:
        server: What the far end heard of the server, two streams a call.
        control: The same of metronomes at the cells' nice level.
        clock: The same of metronomes with a real-time priority, one on each processor.
        late_with_machine: The server's gaps in which the clock was late too: the machine
            stood still.
        late_with_control: Of the rest, those in which the control was late too: any process
            of that level was.
        late_alone: The rest.
        lost_here: Packets of the far end that the server missed, over the whole calls.
        cell, node, worker: Percent of a core for one call.
        rtp_peers: Percent of a core for the far end of all calls.
        cell_private_mib: Largest private memory of a cell.
        peer_dropped: Packets that the far end had no room for; they count as lost.
        peer_buffer_mib: That room.
    """

    calls: int
    bridged: int
    server: Arrival
    control: Arrival
    clock: Arrival
    late_with_machine: int
    late_with_control: int
    late_alone: int
    lost_here: int
    tap_frames_dropped: int
    cell: float
    node: float
    worker: float
    rtp_peers: float
    cell_private_mib: float
    machine: MachineShare
    peer_dropped: int
    peer_buffer_mib: float


@dataclass(slots=True)
class Result:
    """All that was measured.

    Attributes:
        nice_within_session: See `bench.machine.nice_counts_within_session`.
    """

    nice_within_session: bool
    rates: list[Rate] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    next_ring: Latency | None = None
