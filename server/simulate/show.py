"""The table that `sim` prints, and the figures that it and the page show, with their units."""

from collections.abc import Mapping
from typing import Any, Final

from rich.table import Table

from router.simulation.compare import mean_of

COLUMNS: Final = (
    ("asa_s", "speed of answer", "s", 1, -1),
    ("p95_wait_s", "p95 wait", "s", 0, -1),
    ("service_level_pct", "service level", "%", 1, 1),
    ("service_level_abandoned_pct", "with abandoned", "%", 1, 1),
    ("abandon_pct", "abandoned", "%", 2, -1),
    ("resolution_pct", "first-contact resolution", "%", 2, 1),
    ("repeat_pct", "repeats", "%", 2, -1),
    ("value_weighted_wait_s", "value-weighted wait", "s", 1, -1),
    ("max_wait_s", "longest wait", "s", 0, -1),
    ("starved_pct", "over half an hour", "%", 3, -1),
    ("satisfaction_index", "satisfaction", "of 100", 2, 1),
    ("occupancy_pct", "occupancy", "%", 1, 0),
    ("occupancy_spread", "its spread", "points", 1, -1),
    ("contacts_gini", "Gini of contacts", "", 3, -1),
    ("told_p50_pct", "waits within told p50", "%", 0, 0),
    ("told_p90_pct", "waits within told p90", "%", 0, 0),
)
"""Figure, words, unit, decimals, and whether more is better (1), worse (-1) or neither (0)."""


def table(report: Mapping[str, Any]) -> Table:
    """Return the table of a report: a row for each figure, a column for each policy."""
    policies: Mapping[str, Any] = report["policies"]
    shown = Table(title=f"{report['workload']}, {report['seeds']} seed(s)", title_justify="left")
    shown.add_column("figure", no_wrap=True)
    for name in policies:
        shown.add_column(name, justify="right", no_wrap=True)
    for figure, words, unit, decimals, _ in COLUMNS:
        cells = [cell(figures, figure, decimals) for figures in policies.values()]
        if any(cells):
            shown.add_row(f"{words}, {unit}" if unit else words, *cells)
    return shown


def cell(figures: Mapping[str, Any], figure: str, decimals: int) -> str:
    """Return "12.3 ± 0.4": a mean and half of its interval; empty where it is not known."""
    found = mean_of(figures, figure)
    if found is None:
        return ""
    mean, low, high = found
    half = (high - low) / 2
    return f"{mean:.{decimals}f}" + (f" ± {half:.{decimals}f}" if half else "")
