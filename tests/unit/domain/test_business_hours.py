from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.business_hours import ALWAYS, BusinessHours, OpenSpan

NINE_TO_FIVE = (OpenSpan(540, 720), OpenSpan(780, 1_020))
WEEK = (NINE_TO_FIVE,) * 5 + ((), ())


def berlin(week=WEEK, holidays=()):
    return BusinessHours(ZoneInfo("Europe/Berlin"), week, frozenset(holidays))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("begin", "hours", "due"),
    [
        ("2026-03-02T09:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T11:30", 1, "2026-03-02T13:30"),
        ("2026-03-02T08:00", 3, "2026-03-02T12:00"),
        # Friday to Monday.
        ("2026-03-06T16:00", 2, "2026-03-09T10:00"),
        # In winter a day has seven hours here, and in summer too.
        ("2026-03-27T09:00", 8, "2026-03-30T10:00"),
        ("2026-03-02T09:00", 0, "2026-03-02T09:00"),
    ],
)
def test_due(begin, hours, due):
    assert berlin().due(at(begin), hours * 3_600) == at(due)
    assert berlin().between(at(begin), at(due)) == hours * 3_600


def test_nobody_works_on_a_holiday():
    hours = berlin(holidays=[date(2026, 3, 3)])
    assert hours.due(at("2026-03-02T16:00"), 7_200) == at("2026-03-04T10:00")
    assert not hours.is_open(at("2026-03-03T10:00"))


@pytest.mark.parametrize(
    ("day", "spans", "hours"),
    [
        # 2 to 3 is left out in spring, and comes twice in autumn.
        (date(2026, 3, 29), ((0, 1_440),), 23),
        (date(2026, 10, 25), ((0, 1_440),), 25),
        (date(2026, 3, 29), ((120, 180),), 0),
        (date(2026, 3, 29), ((120, 150), (150, 240)), 1),
        (date(2026, 3, 29), ((60, 150),), 1),
        (date(2026, 10, 25), ((120, 180),), 2),
        (date(2026, 10, 25), ((120, 150), (150, 180)), 2),
    ],
)
def test_when_clocks_are_changed(day, spans, hours):
    sunday = tuple(OpenSpan(*span) for span in spans)
    made = berlin((NINE_TO_FIVE, *((),) * 5, sunday))
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Berlin"))
    assert made.between(begin, begin + timedelta(days=1)) == hours * 3_600


def test_day_and_night():
    begin = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert ALWAYS.due(begin, 7_200) == begin + timedelta(hours=2)
    assert ALWAYS.is_open(begin)


@pytest.mark.parametrize(
    "week",
    [
        WEEK[:6],
        ((OpenSpan(60, 60),), *WEEK[1:]),
        ((OpenSpan(60, 1_441),), *WEEK[1:]),
        ((OpenSpan(60, 120), OpenSpan(110, 130)), *WEEK[1:]),
        ((OpenSpan(0, 59),), *((),) * 6),
        ((),) * 7,
    ],
)
def test_no_week(week):
    with pytest.raises(ValueError, match=r"day|span|open"):
        berlin(week)
