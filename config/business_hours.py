"""The section `business_hours` of the schema: when people work, under a name for each calendar."""

import re
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from config.section import Section
from config.values import Identifier, rule
from domain.business_hours import BusinessHours, OpenSpan

CALENDARS_MAX: Final = 100
HOLIDAYS_MAX: Final = 1_000
"""Thirty a year for thirty years."""
SPANS_MAX: Final = 6
"""Of a day: early, noon, late, and then nobody can keep it in mind."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        # Not the error's own words: they name folders of this machine.
        raise ValueError("the time zone database does not have it") from None
    return value


def _date(value: str) -> str:
    date.fromisoformat(value)
    return value


TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64),
    AfterValidator(_zone),
    Field(json_schema_extra=rule("a name of the time zone database, such as Asia/Shanghai")),
]
HourSpan = Annotated[
    str,
    Field(
        pattern=_SPAN,
        json_schema_extra=rule("two times of a day, such as 09:00-17:30; 24:00 is its end"),
    ),
]
Holiday = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_date),
    Field(json_schema_extra=rule("a date such as 2026-12-25")),
]
Spans = Annotated[list[HourSpan], Field(max_length=SPANS_MAX)]


def minutes_of(span: str) -> tuple[int, int]:
    """Return begin and end of a span, minutes after midnight."""
    begin, end = (
        60 * int(hours) + int(minutes) for hours, minutes in re.findall(r"(\d\d):(\d\d)", span)
    )
    return begin, end


class WeekHours(Section):
    """When somebody works, by day; a day that is left out is closed."""

    mon: Spans = []
    """Monday."""
    tue: Spans = []
    """Tuesday."""
    wed: Spans = []
    """Wednesday."""
    thu: Spans = []
    """Thursday."""
    fri: Spans = []
    """Friday."""
    sat: Spans = []
    """Saturday."""
    sun: Spans = []
    """Sunday."""


class Calendar(Section):
    """Business hours of one place."""

    id: Identifier
    """Name of the calendar, by which others refer to it."""
    timezone: TimeZone
    """Where: the hours are those of a clock there, in summer and in winter."""
    hours: WeekHours
    """When somebody works."""
    holidays: Annotated[list[Holiday], Field(max_length=HOLIDAYS_MAX)] = []
    """Days on which nobody does."""

    def hours_of(self) -> BusinessHours:
        """Return the calendar as it is reckoned with; the review has seen to it that it is one."""
        week = tuple(
            tuple(sorted(OpenSpan(*minutes_of(span)) for span in getattr(self.hours, day)))
            for day in DAYS
        )
        holidays = frozenset(map(date.fromisoformat, self.holidays))
        return BusinessHours(ZoneInfo(self.timezone), week, holidays)
