"""Whether each calendar of `business_hours` is a week that somebody works in."""

import re
from datetime import date
from typing import Final

from config.business_hours import DAYS, minutes_of
from config.document import Keys
from config.review import Review
from domain.business_hours import WEEK_MINUTES_MIN

_SECTION: Final = "business_hours"
_READABLE: Final = re.compile(r"\d\d:\d\d-\d\d:\d\d")


def check(review: Review) -> None:
    """Run every check of this file."""
    names: dict[str, Keys] = {}
    for item in review.items(_SECTION):
        name = review.text(*item, "id")
        if name is not None and names.setdefault(name, item) != item:
            review.refuse(
                (*item, "id"),
                f"{name!r} a second time",
                "each name once",
                f"the first is on line {review.line(names[name])}",
            )
        _week(review, item)
        _holidays(review, item)


def _week(review: Review, item: Keys) -> None:
    """Refuse spans that end before they begin or overlap, and a week in which nobody works."""
    total = 0
    readable = review.document.at((*item, "hours")) is not None
    for day in DAYS:
        spans: list[tuple[int, int]] = []
        for keys, text in review.texts(*item, "hours", day):
            if not _READABLE.fullmatch(text):
                readable = False
                continue
            begin, end = minutes_of(text)
            if end <= begin:
                readable = False
                review.refuse(
                    keys,
                    f"{text!r}",
                    "an end after the beginning",
                    "hours past midnight are written on both days",
                )
                continue
            if any(begin < other_end and other_begin < end for other_begin, other_end in spans):
                readable = False
                review.refuse(keys, f"{text!r}, which overlaps another", "hours apart")
                continue
            spans.append((begin, end))
            total += end - begin
    if readable and total < WEEK_MINUTES_MIN:
        review.refuse(
            (*item, "hours"),
            f"{total} minutes a week",
            f"at least {WEEK_MINUTES_MIN} minutes",
            "else what is due would never be",
        )


def _holidays(review: Review, item: Keys) -> None:
    """Warn of a holiday that stands twice."""
    seen: set[date] = set()
    for keys, text in review.texts(*item, "holidays"):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if day in seen:
            review.warn(keys, f"{text} a second time", "each day once")
        seen.add(day)
