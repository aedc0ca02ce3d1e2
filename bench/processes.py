"""What the processes of a node and of its load cost: processor time and private memory."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

Kind = Literal["node, main thread", "node, other threads", "cells", "zygote", "worker"]
KINDS: Final[tuple[Kind, ...]] = (
    "node, main thread",
    "node, other threads",
    "cells",
    "zygote",
    "worker",
)
LOOK_EVERY_S: Final = 0.25
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of all processes of one kind together.

    Attributes:
        cpu_s: Processor seconds since their start, those of cells that have ended included.
        private_mib: Largest private memory of one of them.
    """

    cpu_s: float
    private_mib: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds of a process or thread, and of its children that have ended."""

    own_s: float
    children_s: float

    @classmethod
    def parse(cls, stat: str) -> "Spent":
        """Return what /proc/PID/stat says (proc(5))."""
        # The name may hold blanks and brackets; what follows its last bracket does not.
        words = stat[stat.rindex(")") + 2 :].split()
        user, system, children_user, children_system = (int(word) for word in words[11:15])
        return cls((user + system) / _TICKS_PER_S, (children_user + children_system) / _TICKS_PER_S)


def costs(node_pid: int, *, memory: bool = False) -> dict[Kind, Cost]:
    """Return the cost of each kind of process so far."""
    cpu_s: defaultdict[Kind, float] = defaultdict(float)
    private: defaultdict[Kind, float] = defaultdict(float)
    node = psutil.Process(node_pid)
    for process in [node, *node.children(recursive=True)]:
        try:
            spent = _spent(f"{process.pid}/stat")
            kind = _kind(process, node_pid)
            if kind == "node, main thread":
                main_s = _spent(f"{node_pid}/task/{node_pid}/stat").own_s
                cpu_s[kind] += main_s
                cpu_s["node, other threads"] += spent.own_s - main_s
            else:
                cpu_s[kind] += spent.own_s
            if kind == "zygote":
                cpu_s["cells"] += spent.children_s
            if memory:
                private[kind] = max(private[kind], process.memory_full_info().uss / 2**20)
        except (psutil.Error, OSError):
            continue
    return {kind: Cost(cpu_s[kind], private[kind]) for kind in KINDS}


@asynccontextmanager
async def watched(pids: Mapping[str, Sequence[int]]) -> AsyncIterator[dict[str, float]]:
    """Watch processes that may end meanwhile; afterwards their processor seconds by name.

    What one spends in its last LOOK_EVERY_S may be missed.
    """
    spent: dict[str, float] = {}
    begun = {pid: _own_s(pid) for mine in pids.values() for pid in mine}
    last = dict(begun)

    def look() -> None:
        for pid, seen_s in last.items():
            last[pid] = max(seen_s, _own_s(pid))

    async def keep_looking() -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            look()

    looking = asyncio.create_task(keep_looking())
    try:
        yield spent
    finally:
        looking.cancel()
        look()
        for name, mine in pids.items():
            spent[name] = sum(last[pid] - begun[pid] for pid in mine)


def _own_s(pid: int) -> float:
    try:
        return _spent(f"{pid}/stat").own_s
    except OSError:
        return 0.0


def _spent(path: str) -> Spent:
    return Spent.parse((Path("/proc") / path).read_text())


def _kind(process: psutil.Process, node_pid: int) -> Kind:
    if process.pid == node_pid:
        return "node, main thread"
    words = " ".join(process.cmdline())
    if "server.analysis_worker" in words:
        return "worker"
    # A cell is a fork of the zygote and keeps its command line.
    return "zygote" if process.ppid() == node_pid else "cells"
