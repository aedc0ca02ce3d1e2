"""Plot: policies beside each other as a picture. The door to matplotlib of the simulator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from router.simulation.compare import mean_of

WIDTH_PX: Final = 1_600
HEIGHT_PX: Final = 1_000
DPI: Final = 100
INK: Final = "#1d2733"
QUIET: Final = "#6b7785"
HAIR: Final = "#d9dee4"
COLOURS: Final = {
    "fifo": "#b9c2cc",
    "skills-greedy": "#8794a2",
    "skills-greedy-value": "#6b7785",
    "rings": "#d9a441",
    "warmline": "#4a7fb5",
    "warmline-learning": "#0f766e",
}
PANELS: Final = (
    (
        "value_weighted_wait_s",
        "Wait weighted by customer value",
        "seconds, lower is better",
        1,
        0.0,
    ),
    ("resolution_pct", "Resolved at first contact", "percent, higher is better", 1, 0.9),
    ("abandon_pct", "Abandoned", "percent, lower is better", 1, 0.0),
    ("p95_wait_s", "95th percentile of wait", "seconds, lower is better", 0, 0.0),
    ("satisfaction_index", "Satisfaction index", "of 100, higher is better", 1, 0.9),
    ("occupancy_spread", "Spread of agents' occupancy", "points, lower is fairer", 1, 0.0),
)
"""Figure, title, unit, decimals, and where the axis begins, as a share of the least mean."""
_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": HAIR,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "text.parse_math": False,
}


def draw(to: Path, report: Mapping[str, Any]) -> None:
    """Write a picture of WIDTH_PX by HEIGHT_PX as PNG.

    Args:
        to: The file.
        report: As `router.simulation.compare.report` makes it, or read from its JSON.

    Raises:
        OSError: The file cannot be written.
    """
    policies: Mapping[str, Any] = report["policies"]
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            3, 3, height_ratios=(1, 1, 1.15), left=0.05, right=0.97, top=0.84, bottom=0.06,
            hspace=0.62, wspace=0.24,
        )  # fmt: skip
        for number, (name, title, unit, decimals, least) in enumerate(PANELS):
            axes = figure.add_subplot(grid[number // 3, number % 3])
            _bars(axes, policies, name, decimals, least)
            _head(axes, title, unit)
        axes = figure.add_subplot(grid[2, :])
        _course(axes, policies)
        _head(axes, "Mean wait over the day", "seconds, by the time of arrival")
        _title(figure, report, list(policies))
        figure.savefig(to, format="png", dpi=DPI)


def _bars(
    axes: Axes, policies: Mapping[str, Any], figure: str, decimals: int, least: float
) -> None:
    found = [(name, mean_of(figures, figure)) for name, figures in policies.items()]
    known = [(name, *values) for name, values in found if values is not None]
    means = np.array([mean for _, mean, _, _ in known])
    ends = np.array([[mean - low, high - mean] for _, mean, low, high in known]).T
    places = np.arange(len(known))
    axes.bar(places, means, width=0.72, color=[_colour(name) for name, *_ in known], zorder=2)
    axes.errorbar(
        places, means, yerr=ends, fmt="none", ecolor=INK, elinewidth=1.4, capsize=4, zorder=3
    )
    bottom = least * float(means.min()) if means.size else 0.0
    top = max((high for *_, high in known), default=1.0)
    axes.set_ylim(bottom, bottom + (top - bottom) * 1.22 or 1.0)
    for place, (_, mean, _, high) in zip(places, known, strict=True):
        axes.annotate(
            f"{mean:,.{decimals}f}", (place, high), (0, 4), textcoords="offset points",
            ha="center", va="bottom", fontsize=12.5, fontweight="bold", color=INK,
        )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([bottom] if bottom else [])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.spines["left"].set_visible(False)


def _course(axes: Axes, policies: Mapping[str, Any]) -> None:
    seen: list[float] = []
    for name, figures in policies.items():
        means: Sequence[float | None] = figures["wait_s_by_half_hour"]
        hours = np.array([(slot + 0.5) / 2 for slot, mean in enumerate(means) if mean is not None])
        waits = np.array([mean for mean in means if mean is not None])
        seen += hours.tolist()
        axes.plot(hours, waits, color=_colour(name), linewidth=2.6, solid_capstyle="round")
    if seen:
        axes.set_xlim(min(seen), max(seen))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(1 if max(seen, default=0) <= 24 else 2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{int(hour):02d}:00"))
    axes.grid(axis="y", color=HAIR, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _head(axes: Axes, title: str, unit: str) -> None:
    axes.text(
        0, 1.17, title, transform=axes.transAxes, fontsize=13.5, fontweight="bold", va="bottom"
    )
    axes.text(0, 1.04, unit, transform=axes.transAxes, fontsize=11, color=QUIET, va="bottom")


def _title(figure: Figure, report: Mapping[str, Any], names: Sequence[str]) -> None:
    seeds = report["seeds"]
    figure.text(0.05, 0.963, "The same day under different routing", fontsize=21,
                fontweight="bold", va="center")  # fmt: skip
    over = f"{seeds} seeds, whiskers are 95 % intervals" if seeds > 1 else "one seed"
    figure.text(
        0.97, 0.963, f"workload {report['workload']}, {over}", fontsize=12, color=QUIET,
        va="center", ha="right",
    )  # fmt: skip
    place = 0.05
    for name in names:
        figure.text(place, 0.918, "■", color=_colour(name), fontsize=17, va="center")
        figure.text(place + 0.017, 0.918, name, fontsize=13, va="center")
        place += 0.04 + 0.0085 * len(name)


def _colour(name: str) -> str:
    return COLOURS.get(name, QUIET)
