"""What the processes of a node cost: processor time and private memory, by kind."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Literal

import psutil

Kind = Literal["node", "zygote", "cell", "worker"]
KINDS: Final[tuple[Kind, ...]] = ("node", "zygote", "cell", "worker")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of all processes of one kind together.

    Attributes:
        cpu_s: Processor seconds since their start.
        private_mib: Largest private memory of one of them.
    """

    processes: int
    cpu_s: float
    private_mib: float


def costs(node_pid: int, *, memory: bool = False) -> dict[Kind, Cost]:
    """Return the cost of each kind of process so far."""
    cpu_s: defaultdict[Kind, float] = defaultdict(float)
    private: defaultdict[Kind, float] = defaultdict(float)
    count: defaultdict[Kind, int] = defaultdict(int)
    node = psutil.Process(node_pid)
    for process in [node, *node.children(recursive=True)]:
        try:
            kind = _kind(process, node_pid)
            times = process.cpu_times()
            count[kind] += 1
            cpu_s[kind] += times.user + times.system
            if memory:
                private[kind] = max(private[kind], process.memory_full_info().uss / 2**20)
        except psutil.Error:
            continue
    return {kind: Cost(count[kind], cpu_s[kind], private[kind]) for kind in KINDS}


def _kind(process: psutil.Process, node_pid: int) -> Kind:
    if process.pid == node_pid:
        return "node"
    words = " ".join(process.cmdline())
    if "media.worker" in words:
        return "worker"
    # A cell is a fork of the zygote and keeps its command line.
    return "zygote" if process.ppid() == node_pid else "cell"
