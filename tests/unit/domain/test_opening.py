"""Opening hours of queues: which serves whom, and when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.business_hours import BusinessHours, OpenSpan
from domain.opening import ALWAYS_OPEN, Opening, OpeningHours

EIGHT_TO_SIX = ((OpenSpan(480, 1080),),) * 7
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def site(zone: str, other_queue: str | None) -> Opening:
    return Opening(hours=BusinessHours(ZoneInfo(zone), EIGHT_TO_SIX), other_queue=other_queue)


def test_a_queue_without_hours_is_always_open() -> None:
    assert ALWAYS_OPEN.is_open("any", MIDNIGHT)
    assert ALWAYS_OPEN.serving("any", MIDNIGHT) == "any"
    assert ALWAYS_OPEN.next_open("any", MIDNIGHT) == MIDNIGHT


def test_nobody_serves_a_closed_queue() -> None:
    hours = OpeningHours({"berlin": site("Europe/Berlin", None)})
    assert hours.serving("berlin", MIDNIGHT) is None
    opens = hours.next_open("berlin", MIDNIGHT)
    assert opens == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert hours.serving("berlin", opens - timedelta(seconds=1)) is None
    assert hours.serving("berlin", opens) == "berlin"
    assert hours.serving("berlin", opens + timedelta(hours=10)) is None


def test_another_queue_takes_over_while_it_is_open_itself() -> None:
    hours = OpeningHours({"berlin": site("Europe/Berlin", "night")})
    assert hours.serving("berlin", MIDNIGHT) == "night"
    assert hours.serving("berlin", MIDNIGHT + timedelta(hours=12)) == "berlin"


def test_three_offices_in_a_ring_follow_the_sun() -> None:
    hours = OpeningHours(
        {
            "berlin": site("Europe/Berlin", "denver"),
            "denver": site("America/Denver", "sydney"),
            "sydney": site("Australia/Sydney", "berlin"),
        }
    )
    day = [hours.serving("berlin", MIDNIGHT + timedelta(hours=hour)) for hour in range(24)]
    # Denver is 7 hours behind UTC and Sydney 11 ahead: all three sleep at 1 and 2 in Denver.
    assert day == [
        *["denver", *["sydney"] * 6, *["berlin"] * 10, *["denver"] * 7],
    ]
    assert hours.serving("sydney", MIDNIGHT + timedelta(hours=12)) == "berlin"


def test_a_ring_in_which_all_sleep_serves_nobody() -> None:
    hours = OpeningHours(
        {"paris": site("Europe/Paris", "berlin"), "berlin": site("Europe/Berlin", "paris")}
    )
    assert hours.serving("paris", MIDNIGHT) is None
    assert hours.serving("paris", MIDNIGHT + timedelta(hours=8)) == "paris"
