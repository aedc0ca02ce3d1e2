"""Plot: a picture of a recording and of its emotional course. The one door to matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from matplotlib.transforms import ScaledTranslation

from domain.errors import RecordingError
from domain.mood import Mood, MoodBand
from domain.tap import TAP_RATE_HZ
from media.pcm import Samples
from models.card import Card
from server.analyse.contours import Contours, contours
from server.analyse.course import Course
from server.analyse.show import clock

WIDTH_PX: Final = 1_600
HEIGHT_PX: Final = 1_000
DPI: Final = 100
COLUMNS: Final = 1_400
"""Of the waveform: one for each pixel of its panel."""
LEVEL_DBOV: Final = (-60.0, 0.0)
PITCH_ST: Final = 6.0
"""Shown to either side of the median at least."""
LEFT: Final = 0.052
TICKS_MAX: Final = 14
TICKS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800)
MANY: Final = 150
"""Windows from which on their marks are small."""
LANES_MAX: Final = 6
"""Rules that have a lane of their own; further ones share the last."""

INK: Final = "#1d2733"
QUIET: Final = "#6b7785"
HAIR: Final = "#d9dee4"
SPEECH: Final = "#eaf1f8"
WAVE: Final = "#4a7fb5"
PITCH: Final = "#0f766e"
LEVEL: Final = "#7a6aa8"
ANGER: Final = "#c2362f"
LANE: Final = "#f6dbd9"
AROUSAL: Final = "#d98a1c"
MOODS: Final = {
    Mood.UNKNOWN: "#9aa5b1",
    Mood.CALM: "#3a9a5b",
    Mood.UNEASY: "#c9a106",
    Mood.UPSET: "#e07a1f",
    Mood.ANGRY: "#c2362f",
}
_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
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


def draw(
    to: Path, name: str, samples: Samples, course: Course, bands: Sequence[MoodBand], card: Card
) -> None:
    """Write a picture of WIDTH_PX by HEIGHT_PX as PNG.

    Args:
        to: The file.
        name: Of the recording, for the title.
        samples: At TAP_RATE_HZ, shape (n,), as they were judged.
        course: What was heard in them.
        bands: Where moods begin.
        card: Of the model.

    Raises:
        RecordingError: The file cannot be written.
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        lanes = _lanes(course)
        rows = figure.subplots(
            6,
            1,
            sharex=True,
            gridspec_kw={
                "height_ratios": (1.0, 1.2, 0.7, 1.05, 1.85, 0.2 + 0.2 * max(len(lanes), 1)),
                "left": LEFT,
                "right": 0.935,
                "top": 0.872,
                "bottom": 0.045,
                "hspace": 0.33,
            },
        )
        wave, pitch, level, judged, mood, alerts = rows
        lines = contours(samples)
        for axes in rows:
            _prepare(axes, course, last=axes is alerts)
        for axes in (wave, pitch, level, judged):
            _shade(axes, course)
        _wave(wave, samples)
        _pitch(pitch, lines)
        _level(level, lines)
        _judged(judged, course)
        _mood(mood, course, bands)
        _alerts(figure, alerts, course, lanes)
        for alert in course.alerts:
            figure.add_artist(
                ConnectionPatch(
                    (alert.at_s, 1), (alert.at_s, 0), wave.get_xaxis_transform(),
                    alerts.get_xaxis_transform(), color=ANGER, linewidth=1.2,
                    linestyle=(0, (5, 3)), alpha=0.75,
                )
            )  # fmt: skip
        alerts.xaxis.set_major_locator(MultipleLocator(_tick_s(course.seconds)))
        alerts.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: _mark(at_s)))
        _title(figure, name, course, card)
        try:
            figure.savefig(to, format="png", dpi=DPI)
        except OSError as error:
            raise RecordingError(f"{to}: cannot be written: {error.strerror}") from error


def _tick_s(seconds: float) -> float:
    """Return the least usual step between marks of time that makes no more than TICKS_MAX."""
    return next((step for step in TICKS_S if seconds / step <= TICKS_MAX), TICKS_S[-1])


def _prepare(axes: Axes, course: Course, *, last: bool) -> None:
    axes.set_xlim(0, max(course.seconds, 0.3))
    axes.grid(axis="y", color=HAIR, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelbottom=last, labelsize=9.5)


def _shade(axes: Axes, course: Course) -> None:
    for span in course.segments:
        axes.axvspan(span.start_s, span.end_s, color=SPEECH, linewidth=0, zorder=0.1)


def _head(axes: Axes, what: str, *more: tuple[str, str]) -> None:
    """Write what a panel shows above it, and the names of its lines in their colours."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = 0.0
    for number, (words, colour) in enumerate(((what, INK), *more)):
        title = number == 0
        # A text of the figure lies over the lines that cross all panels.
        figure.text(
            0, 1, words, color=colour, fontsize=10.5 if title else 10,
            fontweight="bold" if title else "normal", va="bottom", zorder=5,
            transform=axes.transAxes + ScaledTranslation(
                place / 72, 5 / 72, figure.dpi_scale_trans
            ),
            bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip
        place += 12.0 + (7.6 if title else 6.4) * len(words)


def _wave(axes: Axes, samples: Samples) -> None:
    columns = min(COLUMNS, max(samples.size, 1))
    edges = np.linspace(0, samples.size, columns + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
    at_s = edges / TAP_RATE_HZ
    axes.fill_between(at_s, low, high, color=WAVE, linewidth=0.4, step="post")
    peak = max(float(np.abs(samples).max()), 0.01) * 1.05
    axes.set_ylim(-peak, peak)
    axes.set_yticks([0], [""])
    _head(axes, "Waveform", ("speech is shaded", QUIET))


def _pitch(axes: Axes, lines: Contours) -> None:
    axes.plot(lines.pitch_at_s, lines.pitch_st, color=PITCH, linewidth=1.5, solid_capstyle="round")
    shown = lines.pitch_st[np.isfinite(lines.pitch_st)]
    low, high = np.quantile(shown, (0.003, 0.997)) if shown.size else (0.0, 0.0)
    axes.set_ylim(min(low * 1.1, -PITCH_ST), max(high * 1.1, PITCH_ST))
    axes.yaxis.set_major_locator(MultipleLocator(5))
    axes.axhline(0, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    known = f"his own median, {lines.median_hz:.0f} Hz" if np.isfinite(lines.median_hz) else "none"
    _head(axes, "Pitch", (f"semitones over {known}", PITCH))


def _level(axes: Axes, lines: Contours) -> None:
    floor, top = LEVEL_DBOV
    edges = np.arange(0, lines.level_dbov.size, -(-lines.level_dbov.size // COLUMNS))
    at_s = lines.level_at_s[edges]
    shown = np.maximum(np.maximum.reduceat(lines.level_dbov, edges), floor)
    axes.fill_between(at_s, floor, shown, color=LEVEL, alpha=0.18, linewidth=0)
    axes.plot(at_s, shown, color=LEVEL, linewidth=0.9)
    axes.set_ylim(floor, top)
    axes.set_yticks([-60, -40, -20, 0])
    _head(axes, "Level", ("dBov", LEVEL))


def _judged(axes: Axes, course: Course) -> None:
    at_s = [moment.score.window_end_s for moment in course.moments]
    anger = [moment.score.anger for moment in course.moments]
    arousal = [moment.score.arousal for moment in course.moments]
    size, edge = (4.5, 0.7) if len(at_s) < MANY else (2.5, 0.0)
    for values, colour in ((arousal, AROUSAL), (anger, ANGER)):
        axes.plot(
            at_s, values, color=colour, linewidth=1.2, marker="o", markersize=size,
            markeredgecolor="white", markeredgewidth=edge, zorder=3,
        )  # fmt: skip
    axes.set_ylim(-1.08, 1.08)
    axes.set_yticks([-1, 0, 1])
    axes.axhline(0, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    _head(
        axes,
        "Judged windows",
        ("anger, 0 to 1", ANGER),
        ("arousal, -1 to 1", AROUSAL),
    )


def _mood(axes: Axes, course: Course, bands: Sequence[MoodBand]) -> None:
    floors = [(Mood.CALM, 0.0), *((band.mood, band.enter) for band in bands)]
    tops = [*(floor for _, floor in floors[1:]), 1.0]
    for (mood, floor), top in zip(floors, tops, strict=True):
        axes.axhspan(floor, top, color=MOODS[mood], alpha=0.12, linewidth=0, zorder=0.2)
        axes.annotate(
            mood, (1, (floor + top) / 2), (8, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=MOODS[mood], fontsize=11, fontweight="bold",
            va="center",
        )  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_yticks([0, *(band.enter for band in bands), 1])
    axes.set_yticklabels([f"{value:.2g}" for value in (0, *(band.enter for band in bands), 1)])
    _head(
        axes, "Emotional course", ("intensity, smoothed; coloured by the mood it stands for", QUIET)
    )
    if not course.moments:
        axes.text(
            0.5, 0.5, "too little speech to judge", transform=axes.transAxes, ha="center",
            va="center", color=QUIET, fontsize=13,
        )  # fmt: skip
        return
    at_s = [moment.at_s for moment in course.moments]
    intensity = [moment.point.intensity for moment in course.moments]
    points = np.column_stack([[*at_s, max(course.seconds, at_s[-1])], [*intensity, intensity[-1]]])
    strokes = np.stack([points[:-1], points[1:]], axis=1)
    colours = [MOODS[moment.point.mood] for moment in course.moments]
    axes.add_collection(
        LineCollection(list(strokes), colors=colours, linewidths=3.2, capstyle="round", zorder=4)
    )
    if len(at_s) < MANY:
        axes.scatter(
            at_s, intensity, s=34, color=colours, edgecolor="white", linewidth=0.9, zorder=5
        )


def _lanes(course: Course) -> list[str]:
    """Return the rules that rose, in the order in which they did so first."""
    return list(dict.fromkeys(alert.raised.rule_id for alert in course.alerts))[:LANES_MAX]


def _alerts(figure: Figure, axes: Axes, course: Course, lanes: Sequence[str]) -> None:
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.set_ylim(max(len(lanes), 1), 0)
    _head(axes, "Alerts", ("from when they would have risen until they cleared", QUIET))
    if not lanes:
        axes.annotate(
            "no rule was fulfilled", (0, 0.5), (8, 0), xycoords="axes fraction",
            textcoords="offset points", va="center", color=QUIET,
        )  # fmt: skip
    for alert in course.alerts:
        rule = alert.raised.rule_id
        lane = lanes.index(rule) if rule in lanes else len(lanes) - 1
        end_s = alert.cleared_at_s if alert.cleared_at_s is not None else course.seconds
        axes.barh(
            lane + 0.5, max(end_s - alert.at_s, 0.0), left=alert.at_s, height=0.84, color=LANE,
            linewidth=0,
        )  # fmt: skip
        right = alert.at_s > 0.88 * course.seconds
        # A text of the figure lies over the lines that cross all panels.
        figure.text(
            alert.at_s, lane + 0.5, f"{rule}  {clock(alert.at_s)}", color=ANGER, fontsize=10.5,
            transform=axes.transData + ScaledTranslation(
                (-8 if right else 8) / 72, 0, figure.dpi_scale_trans
            ),
            fontweight="bold", ha="right" if right else "left", va="center_baseline", zorder=5,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": LANE, "edgecolor": "none"},
        )  # fmt: skip


def _title(figure: Figure, name: str, course: Course, card: Card) -> None:
    figure.text(LEFT, 0.955, name, fontsize=19, fontweight="bold", va="center")
    use = "a business may use it" if card.business_use else "for research only"
    figure.text(
        LEFT,
        0.918,
        f"{course.seconds:.1f} s, {course.speech_s:.1f} s of speech, "
        f"{len(course.moments)} windows judged by {card.at} ({use}); no figure of real calls",
        fontsize=11.5,
        color=QUIET,
        va="center",
    )


def _mark(seconds: float) -> str:
    """Return a mark of time: tenths only where there are any."""
    return clock(seconds).removesuffix(".0")
