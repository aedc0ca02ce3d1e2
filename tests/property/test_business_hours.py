"""Business hours add up, in every week and over every change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.business_hours import BusinessHours, OpenSpan
from tests.property.examples import EXAMPLES

# Clocks that change at 2, at midnight (Santiago), by half an hour (Lord Howe), twice a year
# around Ramadan (Casablanca), and a day that there never was (Apia, 30 December 2011).
ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Shanghai"),
        *("Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Kolkata"),
    ]
)
MOMENTS = st.datetimes(datetime(2011, 12, 1), datetime(2031, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1_000 * 1_000)
)
DAYS = st.lists(st.integers(0, 48), max_size=6, unique=True).map(
    lambda edges: tuple(
        OpenSpan(begin * 30, end * 30)
        for begin, end in zip(*[iter(sorted(edges))] * 2, strict=False)
    )
)


@st.composite
def hours(draw: st.DrawFn) -> BusinessHours:
    week = tuple(draw(st.lists(DAYS, min_size=7, max_size=7)))
    assume(sum(span.end - span.begin for day in week for span in day) >= 60)
    holidays = draw(st.frozensets(st.dates(date(2011, 12, 1), date(2031, 1, 1)), max_size=3))
    return BusinessHours(ZoneInfo(draw(ZONES)), week, holidays)


SECONDS = st.floats(0, 400_000).map(lambda seconds: round(seconds, 3))


@settings(deadline=None, max_examples=EXAMPLES * 4)
@given(hours(), MOMENTS, SECONDS)
def test_what_is_due_has_taken_that_long(open_hours: BusinessHours, begin: datetime, s: float):
    due = open_hours.due(begin, s)
    assert due >= begin
    assert abs(open_hours.between(begin, due) - s) < 1e-5
    if s > 0:
        # It is the first such moment: a little before, it was a little less.
        assert open_hours.between(begin, due - timedelta(milliseconds=1)) < s


@settings(deadline=None, max_examples=EXAMPLES * 4)
@given(hours(), MOMENTS, SECONDS, SECONDS)
def test_due_times_add_up_and_are_in_order(
    open_hours: BusinessHours, begin: datetime, first: float, second: float
):
    assume(first > 0)
    at_once = open_hours.due(begin, first + second)
    in_two = open_hours.due(open_hours.due(begin, first), second)
    assert abs(at_once - in_two) < timedelta(milliseconds=1) or (
        # Where the rest is less than a microsecond, it is the end of one span or the next's begin.
        open_hours.between(*sorted((at_once, in_two))) < 1e-5
    )
    assert open_hours.due(begin, first) <= open_hours.due(begin, first + second)
    later = begin + timedelta(seconds=second)
    assert open_hours.due(begin, first) <= open_hours.due(later, first)


@settings(deadline=None, max_examples=EXAMPLES * 4)
@given(hours(), MOMENTS, MOMENTS, MOMENTS)
def test_seconds_between_add_up(
    open_hours: BusinessHours, one: datetime, two: datetime, three: datetime
):
    # A year is the most, for days are gone through one by one.
    near = [one, *(one + (at - one) % timedelta(days=365) for at in (two, three))]
    a, b, c = near
    parts = open_hours.between(a, b) + open_hours.between(b, c)
    assert abs(parts - open_hours.between(a, c)) < 1e-5
    assert abs(open_hours.between(a, b)) <= abs((b - a).total_seconds()) + 1e-5
    assert open_hours.between(a, b) == -open_hours.between(b, a)


@settings(deadline=None, max_examples=EXAMPLES * 2)
@given(hours(), MOMENTS)
def test_somebody_works_exactly_when_time_runs(open_hours: BusinessHours, at: datetime):
    runs = open_hours.between(at, at + timedelta(milliseconds=1)) > 0
    opens = open_hours.next_open(at)
    assert open_hours.is_open(opens)
    assert open_hours.between(at, opens) == 0
    assert open_hours.is_open(at) == (opens == at)
    assert runs == (opens < at + timedelta(milliseconds=1))
