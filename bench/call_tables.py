"""The tables of `bench calls`: a row for each figure, a column for each rate and crowd."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from rich.table import Table

from bench.call_figures import Crowd, Latency, Rate, Result
from bench.streams import GAP_MS_MAX

BUFFER_MIB_MIN: Final = 8.0
"""A receive buffer of an RTP peer below this may lose what the server has sent."""

Measured = TypeVar("Measured")
Rows = Sequence[tuple[str, Callable[[Measured], str]]]


def tables(result: Result) -> list[Table]:
    """Return the figures, first those that have an aim."""
    made = [_aims(result)]
    if result.rates:
        made.append(_columns("New calls a second", result.rates, _rate_rows(result.rates)))
    if result.crowds:
        made.append(_columns("Calls at once", result.crowds, _CROWD_ROWS))
        made[-1].caption = " ".join(_warnings(result)) or None
    return made


def _warnings(result: Result) -> Iterator[str]:
    if min(crowd.peer_buffer_mib for crowd in result.crowds) < BUFFER_MIB_MIN:
        yield (
            f"The RTP peers' receive buffers are below {BUFFER_MIB_MIN:g} MiB, so packets may be "
            "lost there: run it as root."
        )
    if result.nice_within_session:
        yield (
            "Nice levels count within this session only (sched_autogroup_enabled): work of other "
            "sessions makes cells and their control late."
        )


def _aims(result: Result) -> Table:
    table = Table(title="Calls under load, against the aim and FreeSWITCH")
    table.add_column("figure")
    for column in ("Warmline", "aim", "FreeSWITCH"):
        table.add_column(column, justify="right")
    at_20 = next((rate for rate in result.rates if rate.per_s == 20), None)
    if at_20 is not None:
        what = "at 20 a second, p50 / p99 ms"
        table.add_row(f"INVITE to 200 OK {what}", _both(at_20.answer), "10 / 40", "3.7 / 7.2")
        table.add_row(f"INVITE to agent's ring {what}", _both(at_20.ring), "20 / 60", "63 / 112")
    held = (rate.per_s for rate in result.rates if not rate.failed)
    table.add_row(
        "new calls a second without a failed call", f"{max(held, default=0):g}", "40", "60"
    )
    if result.next_ring is not None:
        table.add_row(
            "agent free to his next ring, p99 ms", f"{result.next_ring.p99:.1f}", "50", "1,160"
        )
    whole = [crowd for crowd in result.crowds if not crowd.server.lost]
    clean = _most(crowd for crowd in whole if not crowd.server.late_gaps)
    table.add_row(f"calls at once, no RTP lost, no gap over {GAP_MS_MAX:g} ms", clean, "150", "250")
    ours = _most(crowd for crowd in whole if not crowd.late_alone)
    table.add_row("the same but for gaps that a control had too", ours, "150", "")
    return table


def _most(crowds: Iterable[Crowd]) -> str:
    return str(max((crowd.bridged for crowd in crowds), default=0))


def _rate_rows(rates: Sequence[Rate]) -> Rows[Rate]:
    def spent(kind: str) -> Callable[[Rate], str]:
        return lambda rate: f"{rate.cpu_ms_per_call.get(kind, 0.0):.2f}"

    return [
        ("calls a second", lambda rate: f"{rate.per_s:g}"),
        ("successful", lambda rate: f"{rate.successful:,}"),
        ("failed", lambda rate: f"{rate.failed:,}"),
        ("INVITE to 200 OK, p50 / p99 ms", lambda rate: _both(rate.answer)),
        ("INVITE to the agent's ring, p50 / p99 ms", lambda rate: _both(rate.ring)),
        *((f"CPU ms per call: {kind}", spent(kind)) for kind in rates[0].cpu_ms_per_call),
        ("CPU ms per call: all", lambda rate: f"{sum(rate.cpu_ms_per_call.values()):.2f}"),
        ("machine idle, %", lambda rate: f"{rate.machine.idle_percent:.1f}"),
        ("machine's time stolen, %", lambda rate: f"{rate.machine.stolen_percent:.1f}"),
    ]


def _known(crowd: Crowd, figure: float) -> str:
    """Return a figure of the real-time control, which needs root."""
    return f"{figure:,.0f}" if crowd.clock.streams else "-"


_CROWD_ROWS: Final[Rows[Crowd]] = [
    ("calls bridged", lambda crowd: str(crowd.bridged)),
    ("streams", lambda crowd: str(crowd.server.streams)),
    ("packets heard", lambda crowd: f"{crowd.server.packets:,}"),
    ("lost", lambda crowd: f"{crowd.server.lost:,}"),
    ("for want of room in the far end", lambda crowd: f"{crowd.peer_dropped:,}"),
    ("lost on the way to the server", lambda crowd: f"{crowd.lost_here:,}"),
    (f"gaps over {GAP_MS_MAX:g} ms", lambda crowd: f"{crowd.server.late_gaps:,}"),
    ("  with the real-time control: machine", lambda crowd: _known(crowd, crowd.late_with_machine)),
    ("  with the control at cells' level", lambda crowd: f"{crowd.late_with_control:,}"),
    ("  not explained by the machine", lambda crowd: f"{crowd.late_alone:,}"),
    ("such gaps per 1,000,000 packets", lambda crowd: f"{crowd.server.late_per_million:,.0f}"),
    ("  control at cells' level", lambda crowd: f"{crowd.control.late_per_million:,.0f}"),
    ("  real-time control", lambda crowd: _known(crowd, crowd.clock.late_per_million)),
    ("longest gap, ms", lambda crowd: f"{crowd.server.longest_gap_ms:.0f}"),
    ("  control at cells' level", lambda crowd: f"{crowd.control.longest_gap_ms:.0f}"),
    ("  real-time control", lambda crowd: _known(crowd, crowd.clock.longest_gap_ms)),
    ("machine idle, %", lambda crowd: f"{crowd.machine.idle_percent:.1f}"),
    ("machine's time stolen, %", lambda crowd: f"{crowd.machine.stolen_percent:.1f}"),
    ("tap frames dropped", lambda crowd: f"{crowd.tap_frames_dropped:,}"),
    ("cell of a call, % of a core", lambda crowd: f"{crowd.cell:.2f}"),
    ("node for a call, % of a core", lambda crowd: f"{crowd.node:.3f}"),
    ("worker for a call, % of a core", lambda crowd: f"{crowd.worker:.3f}"),
    ("RTP peers, % of a core", lambda crowd: f"{crowd.rtp_peers:.1f}"),
    ("private memory of a cell, MiB", lambda crowd: f"{crowd.cell_private_mib:.1f}"),
]


def _columns(title: str, measured: Sequence[Measured], rows: Rows[Measured]) -> Table:
    """Return a table whose first row heads its columns."""
    (heading, head), *rest = rows
    table = Table(title=title)
    table.add_column(heading)
    for each in measured:
        table.add_column(head(each), justify="right")
    for name, figure in rest:
        table.add_row(name, *map(figure, measured))
    return table


def _both(latency: Latency) -> str:
    return f"{latency.p50:.1f} / {latency.p99:.1f}"
