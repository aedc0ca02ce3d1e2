"""Opening hours of queues as they stand in a configuration."""

from datetime import UTC, datetime

import pytest

from config.opening_hours import opening_hours
from tests.config_support import RIGHT, loaded, mistakes, warned

CALENDAR = (
    "business_hours:\n  - {id: office, timezone: Europe/Berlin, hours: {mon: [09:00-17:00]}}\n"
)
NIGHT = '  - {id: night, name: Night, numbers: ["801"]}\n'


def opened(opening: str) -> str:
    """Return a configuration in which the queue `service` has opening hours."""
    numbers = '    numbers: ["800"]\n'
    return RIGHT.replace(numbers, f"{numbers}    opening: {opening}\n{NIGHT}") + CALENDAR


def test_without_hours_every_queue_is_open() -> None:
    configuration = loaded(RIGHT).configuration
    assert configuration.queues[0].opening is None
    assert opening_hours(configuration).is_open("service", datetime(2026, 3, 1, tzinfo=UTC))


def test_hours_are_those_of_the_calendar() -> None:
    text = opened("{calendar: office, other_queue: night}")
    assert warned(text) == []
    hours = opening_hours(loaded(text).configuration)
    assert hours.serving("service", datetime(2026, 3, 2, 9, tzinfo=UTC)) == "service"
    assert hours.serving("service", datetime(2026, 3, 2, 16, tzinfo=UTC)) == "night"


@pytest.mark.parametrize(
    ("opening", "path", "found"),
    [
        ("{}", "queues[0].opening.calendar", None),
        (
            "{calendar: ofice}",
            "queues[0].opening.calendar",
            "'ofice', which is no calendar of business_hours",
        ),
        (
            "{calendar: office, other_queue: nihgt}",
            "queues[0].opening.other_queue",
            "'nihgt', which is no queue",
        ),
        (
            "{calendar: office, other_queue: service}",
            "queues[0].opening.other_queue",
            "'service', the queue itself",
        ),
    ],
)
def test_what_is_not_there_is_refused(opening: str, path: str, found: str | None) -> None:
    (mistake,) = mistakes(opened(opening))
    assert mistake.path == path
    assert found is None or mistake.found == found
