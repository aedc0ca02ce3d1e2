"""Show: an emotional course as a table for people, or as lines of JSON for programs."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from rich.table import Table
from rich.text import Text

from domain.mood import Mood
from models.card import Card
from server.analyse.course import Course, Moment, RisenAlert

STYLES: Final = {
    Mood.UNKNOWN: "dim",
    Mood.CALM: "green",
    Mood.UNEASY: "yellow",
    Mood.UPSET: "dark_orange",
    Mood.ANGRY: "bold red",
}
BAR: Final = 10
"""Characters of a full intensity."""
NOT_REAL: Final = (
    "Its figures are of acted speech over a simulated telephone line, not of real calls: set "
    "thresholds on calls of your own."
)


def clock(seconds: float) -> str:
    """Return minutes and seconds: "1:07.4"."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def table(course: Course) -> Table:
    """Return a row for each judged window, and one for each alert that rises or clears."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("time", "mood", "intensity", "trend", "anger", "arousal", "confidence"):
        shown.add_column(name, no_wrap=True, justify="right" if name in _RIGHT else "left")
    shown.add_column("evidence", ratio=1)
    for entry in in_order(course):
        if isinstance(entry, Moment):
            shown.add_row(*_row(entry))
        else:
            alert, rises = entry
            shown.add_row(*_alert_row(alert, rises=rises))
    return shown


_RIGHT: Final = frozenset(("time", "trend", "anger", "arousal", "confidence"))


def in_order(course: Course) -> Iterator[Moment | tuple[RisenAlert, bool]]:
    """Yield windows and alerts as they came; an alert twice where it clears, True as it rises."""
    entries: list[tuple[float, int, Moment | tuple[RisenAlert, bool]]] = [
        (moment.at_s, 0, moment) for moment in course.moments
    ]
    for alert in course.alerts:
        entries.append((alert.at_s, 1, (alert, True)))
        if alert.cleared_at_s is not None:
            entries.append((alert.cleared_at_s, 2, (alert, False)))
    yield from (entry for _, _, entry in sorted(entries, key=lambda entry: entry[:2]))


def _row(moment: Moment) -> list[Text]:
    point, score = moment.point, moment.score
    style = STYLES[point.mood]
    filled = round(point.intensity * BAR)
    return [
        Text(clock(moment.at_s)),
        Text(point.mood, style),
        Text.assemble(
            ("━" * filled, style), ("─" * (BAR - filled), "dim"), f" {point.intensity:.2f}"
        ),
        Text(f"{point.trend_per_min:+.2f}"),
        Text(f"{score.anger:.2f}"),
        Text(f"{score.arousal:+.2f}"),
        Text(f"{point.confidence:.2f}"),
        Text(", ".join(str(each) for each in score.evidence), "dim"),
    ]


def _alert_row(alert: RisenAlert, *, rises: bool) -> list[Text]:
    rule = alert.raised.rule_id
    if rises:
        words = Text(
            f"alert {rule} rises: tells {', '.join(alert.raised.tell) or 'nobody'}", "bold red"
        )
        at_s = alert.at_s
    else:
        assert alert.cleared_at_s is not None
        at_s = alert.cleared_at_s
        words = Text(f"alert {rule} clears after {at_s - alert.at_s:.0f} s", "bold green")
    return [Text(clock(at_s), "bold"), *[Text("")] * 6, words]


def summary(name: str, course: Course, card: Card) -> list[Text]:
    """Return what came of a recording, and what the model that judged it may be used for."""
    lines = [
        Text.assemble(
            (name, "bold"),
            f": {course.seconds:.1f} s, {course.speech_s:.1f} s of speech, "
            f"{_counted(len(course.moments), 'window')} judged",
        )
    ]
    if course.moments:
        worst = max(course.moments, key=lambda moment: moment.point.intensity).point
        mood = max((moment.point.mood for moment in course.moments), key=lambda mood: mood.rank)
        lines.append(
            Text.assemble(
                "worst mood ",
                (mood, STYLES[mood]),
                f", highest intensity {worst.intensity:.2f} at {clock(worst.at_s)}, "
                f"{_counted(len(course.alerts), 'alert')}",
            )
        )
    else:
        lines.append(Text("too little speech to judge"))
    return [*lines, *licence(card)]


def licence(card: Card) -> list[Text]:
    """Return which model it is, what its licence allows and what its figures are of."""
    use = ("may", "green") if card.business_use else ("must not", "bold red")
    claims = ", ".join(card.labels)
    return [
        Text.assemble(
            (card.at, "bold"), f" claims {claims}. A business ", use, f" use it. {card.licence}"
        ),
        Text(NOT_REAL, "dim"),
    ]


def json_lines(name: str, course: Course, card: Card) -> Iterator[str]:
    """Yield an object a line: windows and alerts in their order, then a summary.

    Each has `type`, "window", "alert" or "summary", and `file`.
    """
    for entry in in_order(course):
        if isinstance(entry, Moment):
            yield _line(
                "window",
                name,
                at_s=round(entry.at_s, 3),
                mood=entry.point.mood,
                intensity=round(entry.point.intensity, 4),
                trend_per_min=round(entry.point.trend_per_min, 4),
                confidence=round(entry.point.confidence, 4),
                score=msgspec.to_builtins(entry.score),
            )
        else:
            alert, rises = entry
            yield _line(
                "alert",
                name,
                at_s=round(alert.at_s if rises else alert.cleared_at_s or 0.0, 3),
                happened="raised" if rises else "cleared",
                rule_id=alert.raised.rule_id,
                reason=None if rises else alert.reason,
                mood=alert.raised.mood,
                intensity=round(alert.raised.intensity, 4),
                tell=alert.raised.tell,
                heard_until_s=alert.raised.heard_until_s,
            )
    yield _line(
        "summary",
        name,
        seconds=round(course.seconds, 3),
        speech_s=round(course.speech_s, 3),
        windows=len(course.moments),
        alerts=len(course.alerts),
        model=card.at,
        business_use=card.business_use,
        licence=card.licence,
        remark=NOT_REAL,
    )


def _line(what: str, name: str, **fields: Any) -> str:
    return json.dumps({"type": what, "file": name, **fields}, ensure_ascii=False)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
