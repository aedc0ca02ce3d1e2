"""Rules of tickets and calendars that fit together, and those that do not."""

from datetime import UTC, date, datetime

import pytest

from domain.business_hours import OpenSpan
from domain.contact import Channel
from domain.mood import Mood
from tests.config_support import RIGHT, loaded, mistakes, warned

CALENDAR = (
    "business_hours:\n  - id: office\n    timezone: Europe/Berlin\n    hours: {hours}\n{more}"
)
RULE = "tickets:\n  rules:\n    - {{id: r, when: {when}{more}}}\n"


def calendar(hours: str = "{mon: [09:00-17:00]}", more: str = "") -> str:
    return RIGHT + CALENDAR.format(hours=hours, more=more)


def rule(when: str = "complaint", more: str = "") -> str:
    return RIGHT + RULE.format(when=when, more=more)


def test_nothing_need_be_said() -> None:
    tickets = loaded(RIGHT).configuration.tickets
    assert (tickets.enabled, tickets.rules, tickets.calendar) == (True, [], None)
    assert tickets.due.by_priority() == {1: 144_000, 2: 57_600, 3: 28_800, 4: 7_200}


def test_a_right_calendar() -> None:
    text = calendar("{mon: [13:00-24:00, 00:00-12:00]}", "    holidays: [2026-12-25]\n")
    (made,) = loaded(text).configuration.business_hours
    hours = made.hours_of()
    assert hours.week[0] == (OpenSpan(0, 720), OpenSpan(780, 1440))
    assert hours.holidays == {date(2026, 12, 25)}
    assert hours.is_open(datetime(2026, 3, 2, 10, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 3, 2, 11, 30, tzinfo=UTC))
    assert warned(text) == []


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        (calendar("{mon: [17:00-09:00]}"), "business_hours[0].hours.mon[0]", "'17:00-09:00'"),
        (
            calendar("{mon: [09:00-12:00, 11:00-13:00]}"),
            "business_hours[0].hours.mon[1]",
            "'11:00-13:00', which overlaps another",
        ),
        (calendar("{mon: [09:00-09:30]}"), "business_hours[0].hours", "30 minutes a week"),
        (calendar("{mon: [9-17]}"), "business_hours[0].hours.mon[0]", "'9-17'"),
        (calendar().replace("Europe/Berlin", "Mars/Base"), "business_hours[0].timezone", None),
        (calendar().replace("Europe/Berlin", "../etc/x"), "business_hours[0].timezone", None),
        (calendar(more="    holidays: [2026-02-30]\n"), "business_hours[0].holidays[0]", None),
        (
            calendar() + CALENDAR.format(hours="{mon: [09:00-17:00]}", more="").partition("\n")[2],
            "business_hours[1].id",
            "'office' a second time",
        ),
    ],
)
def test_a_calendar_that_is_none(text: str, path: str, found: str | None) -> None:
    (mistake,) = mistakes(text)
    assert mistake.path == path
    assert found is None or mistake.found == found


def test_a_holiday_twice_is_odd() -> None:
    text = calendar(more="    holidays: [2026-12-25, 2026-12-25]\n")
    assert [path for _, path in warned(text)] == ["business_hours[0].holidays[1]"]


def test_a_right_rule() -> None:
    more = ", channels: [mail], queues: [service], owner: anna, queue_id: service, words: [bad]"
    (made,) = loaded(rule(more=more)).configuration.tickets.rules
    assert (made.channels, made.mood_min) == ([Channel.MAIL], Mood.ANGRY)
    assert warned(rule(more=more)) == []


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        (rule(more=", queues: [servce]"), "tickets.rules[0].queues[0]", "'servce'"),
        (rule(more=", queue_id: other"), "tickets.rules[0].queue_id", "'other'"),
        (rule(more=", owner: bob"), "tickets.rules[0].owner", "'bob'"),
        (
            rule() + "    - {id: r, when: unresolved}\n",
            "tickets.rules[1].id",
            "'r' a second time",
        ),
        (RIGHT + "tickets: {calendar: office}\n", "tickets.calendar", "'office'"),
        (rule(more=", channels: [fax]"), "tickets.rules[0].channels[0]", None),
        (rule(more=", priority: 5"), "tickets.rules[0].priority", None),
    ],
)
def test_a_rule_that_speaks_of_nothing(text: str, path: str, found: str | None) -> None:
    (mistake,) = mistakes(text)
    assert mistake.path == path
    assert found is None or mistake.found == found


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (rule("unresolved", ", words: [bad]"), "tickets.rules[0].words"),
        (rule("unresolved", ", mood_min: upset"), "tickets.rules[0].mood_min"),
        (rule("unresolved", ", wait_s_min: 5"), "tickets.rules[0].wait_s_min"),
        (rule("angry") + "emotion: {enabled: false}\n", "tickets.rules[0].when"),
        (RIGHT + "tickets: {reopen_days: 3}\n", "tickets.reopen_days"),
        (
            RIGHT + "tickets: {close_solved_after_days: 60}\n",
            "tickets.close_solved_after_days",
        ),
    ],
)
def test_what_is_odd(text: str, path: str) -> None:
    assert path in [where for _, where in warned(text)]
