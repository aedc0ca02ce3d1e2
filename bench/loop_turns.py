"""How long an event loop is held in one go, and how late a process is that does nothing.

    python -m bench.loop_turns SECONDS

sleeps 5 ms at a time beside what is measured and says by how much it overslept: what the machine
itself makes late, whoever else works on it.
"""

import asyncio
import selectors
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

BEAT_S: Final = 0.005


@dataclass(slots=True)
class Turns:
    """Every turn of a loop: from the return of its selector to the next call.

    Attributes:
        wall_s, cpu_s: How long each took, and the thread's own processor time of it.
    """

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    _from_s: float = 0.0
    _cpu_from_s: float = 0.0
    _own: bool = True

    def begun(self) -> None:
        """A turn begins."""
        self._from_s, self._cpu_from_s = time.perf_counter(), time.thread_time()

    def ended(self) -> None:
        """A turn is over."""
        if not self._own:
            self.wall_s.append(time.perf_counter() - self._from_s)
            self.cpu_s.append(time.thread_time() - self._cpu_from_s)
        self._own = False

    def leave_out(self) -> None:
        """What this turn did was the bench's own work, such as many calls in one go."""
        self._own = True

    def clear(self) -> None:
        """Begin anew with the next turn."""
        self.wall_s.clear()
        self.cpu_s.clear()
        self._own = True


class _WatchedSelector(selectors.DefaultSelector):
    """A selector that tells when its loop works."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as the loop asks; what lies between two such calls is one turn."""
        self._turns.ended()
        ready = super().select(timeout)
        self._turns.begun()
        return ready


def run_watched(work: Callable[[Turns], Awaitable[Any]]) -> Any:
    """Run something on a loop of its own whose turns are measured; return its result."""
    turns = Turns()
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(_WatchedSelector(turns))
    ) as runner:

        async def whole() -> Any:
            return await work(turns)

        return runner.run(whole())


def percentiles_ms(seconds: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the median, the 99th percentile and the worst, milliseconds; None of nothing."""
    if not len(seconds):
        return None
    p50, p99, worst = np.percentile(np.asarray(seconds) * 1e3, (50, 99, 100)).tolist()
    return round(p50, 2), round(p99, 2), round(worst, 2)


def lateness_s(seconds: float) -> list[float]:
    """Return by how much each of many short sleeps was too long."""
    late = []
    end_s = time.monotonic() + seconds
    while (due_s := time.monotonic() + BEAT_S) < end_s:
        time.sleep(BEAT_S)
        late.append(max(0.0, time.monotonic() - due_s))
    return late


async def loop_lateness_s(seconds: float) -> list[float]:
    """Return the same of a loop's own sleeps."""
    late = []
    end_s = time.monotonic() + seconds
    while (due_s := time.monotonic() + BEAT_S) < end_s:
        await asyncio.sleep(BEAT_S)
        late.append(max(0.0, time.monotonic() - due_s))
    return late


if __name__ == "__main__":
    print(*(percentiles_ms(lateness_s(float(sys.argv[1]))) or ()))
