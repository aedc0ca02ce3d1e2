"""A watch over something that is done many times: how many a second, how long each waits."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table.

    Attributes:
        per_s: Of what is counted, finished in a second.
        p50_ms, p99_ms: Time of one, as its caller waits for it; None where none waits.
        cpu_us: Time of all processors for one, microseconds.
    """

    name: str
    per_s: float
    p50_ms: float | None
    p99_ms: float | None
    cpu_us: float


class Watch:
    """Measures one row; runs from entering until `done`."""

    def __init__(self, name: str, rows: list[Figures]) -> None:
        """Take the name of the row and where to add it."""
        self._name = name
        self._rows = rows
        self.waits_s: list[float] = []

    def __enter__(self) -> Self:
        self._begun_s, self._cpu_s = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    async def timed(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something, and note how long it took."""
        begun_s = time.perf_counter()
        await work()
        self.waits_s.append(time.perf_counter() - begun_s)

    def done(self, count: int) -> None:
        """Add the row: so many were done."""
        took_s = time.perf_counter() - self._begun_s
        cpu_s = time.process_time() - self._cpu_s
        waits = sorted(self.waits_s)
        self._rows.append(
            Figures(
                name=self._name,
                per_s=count / took_s,
                p50_ms=waits[len(waits) // 2] * 1e3 if waits else None,
                p99_ms=waits[len(waits) * 99 // 100] * 1e3 if waits else None,
                cpu_us=cpu_s / count * 1e6,
            )
        )


def show(title: str, rows: Sequence[Figures]) -> None:
    """Print rows under a title."""
    table = Table(title=title)
    table.add_column("what")
    for heading in ("a second", "p50 ms", "p99 ms", "processor us"):
        table.add_column(heading, justify="right")
    for row in rows:
        waits = [f"{ms:.2f}" if ms is not None else "" for ms in (row.p50_ms, row.p99_ms)]
        table.add_row(row.name, f"{row.per_s:,.0f}", *waits, f"{row.cpu_us:,.1f}")
    Console().print(table)
