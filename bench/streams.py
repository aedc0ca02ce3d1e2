"""RTP streams as they arrived: what is missing in them, what came late, and whose fault it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

GAP_MS_MAX: Final = 40.0
"""A gap above two packet times is heard."""
PACKET_NS: Final = 20_000_000

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Packets:
    """Packets of many streams.

    Attributes:
        port: Which names the stream.
        sequence: RTP sequence numbers.
        time_ns: When each arrived.
    """

    port: NDArray[np.int64]
    sequence: NDArray[np.int64]
    time_ns: Times

    @classmethod
    def of(cls, files: Sequence[Path], from_ns: int, to_ns: int) -> Self:
        """Return what RTP peers heard within a window; a port sends to one of them only."""
        heard = [np.load(file) for file in files]
        port, sequence, time_ns = (
            np.concatenate([file[name] for file in heard])
            for name in ("port", "sequence", "time_ns")
        )
        inside = (time_ns >= from_ns) & (time_ns <= to_ns)
        return cls(port[inside], sequence[inside], time_ns[inside])

    def between(self, ports: range) -> Self:
        """Return the packets of some ports."""
        return self._where((self.port >= ports.start) & (self.port < ports.stop))

    def outside(self, ports: range) -> Self:
        """Return the packets of all other ports."""
        return self._where((self.port < ports.start) | (self.port >= ports.stop))

    def _where(self, wanted: NDArray[np.bool_]) -> Self:
        return type(self)(self.port[wanted], self.sequence[wanted], self.time_ns[wanted])


@dataclass(frozen=True, slots=True)
class Late:
    """Times in which a packet was due and had not come: one for each gap above GAP_MS_MAX.

    Attributes:
        due_ns: One packet time after the packet before the gap.
        came_ns: The packet that ended the gap.
    """

    due_ns: Times
    came_ns: Times

    def during(self, other: "Late") -> NDArray[np.bool_]:
        """Say of each whether it overlaps one of another's."""
        starts, ends = _merged(other)
        # The first of the other's times that ends after ours begins is the only candidate.
        nearest = np.searchsorted(ends, self.due_ns, side="right")
        known = nearest < len(ends)
        found: NDArray[np.bool_] = np.zeros(len(self.due_ns), dtype=np.bool_)
        found[known] = starts[nearest[known]] < self.came_ns[known]
        return found


@dataclass(frozen=True, slots=True)
class Arrival:
    """How some streams arrived.

    Attributes:
        lost: Packets missing in the row of sequence numbers.
        late_gaps: Gaps between two packets of a stream above GAP_MS_MAX.
    """

    streams: int
    packets: int
    lost: int
    late_gaps: int
    late_per_million: float
    longest_gap_ms: float


def judge(packets: Packets) -> tuple[Arrival, Late]:
    """Return how streams arrived and when they were late."""
    order = np.lexsort((packets.time_ns, packets.port))
    port, time_ns = packets.port[order], packets.time_ns[order]
    same = np.diff(port) == 0
    step = np.diff(packets.sequence[order])[same] % 65_536
    gap_ns = np.diff(time_ns)[same]
    late = gap_ns > GAP_MS_MAX * 1e6
    came_ns = time_ns[1:][same][late]
    count = len(port)
    arrival = Arrival(
        streams=len(np.unique(port)),
        packets=count,
        # A step beyond half of the numbers is a packet that was overtaken.
        lost=int(np.sum(step[(step > 1) & (step < 30_000)] - 1)),
        late_gaps=int(late.sum()),
        late_per_million=round(float(late.sum()) * 1e6 / max(count, 1), 1),
        longest_gap_ms=round(float(gap_ns.max(initial=0)) / 1e6, 1),
    )
    return arrival, Late(came_ns - gap_ns[late] + PACKET_NS, came_ns)


def _merged(late: Late) -> tuple[Times, Times]:
    """Return times without overlap, in order."""
    order = np.argsort(late.due_ns)
    starts, ends = late.due_ns[order], np.maximum.accumulate(late.came_ns[order])
    if not len(starts):
        return starts, ends
    apart = starts[1:] > ends[:-1]
    return starts[np.r_[True, apart]], ends[np.r_[apart, True]]
