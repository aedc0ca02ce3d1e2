"""Business hours: when somebody works, and when so much working time will have passed. Pure.

Opening hours are written in local time, and everything is reckoned in UTC: on the day when clocks
are put forward a shift is an hour shorter, and on the day when they are put back it is longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTES_OF_DAY: Final = 1_440
WEEK_MINUTES_MIN: Final = 60
"""Fewer open minutes a week are a slip of the pen, and a due time would lie centuries ahead."""

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class OpenSpan:
    """Some hours of a day.

    Attributes:
        begin: Minutes after local midnight, 0 to 1,439.
        end: The same, after `begin` and at most 1,440.
    """

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A week of opening hours in one place, and the days on which it is closed.

    Attributes:
        zone: Where.
        week: The spans of each day, Monday first, in order and apart from each other.
        holidays: Local dates without any.
    """

    zone: ZoneInfo
    week: tuple[tuple[OpenSpan, ...], ...]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a week that is none.

        Raises:
            ValueError: There are not seven days, spans overlap or end before they begin, or it
                is open for less than an hour.
        """
        if len(self.week) != 7:
            raise ValueError(f"a week has 7 days, not {len(self.week)}")
        for spans in self.week:
            last = 0
            for span in spans:
                if not last <= span.begin < span.end <= MINUTES_OF_DAY:
                    raise ValueError(f"{span}: spans of a day are in order and apart")
                last = span.end
        minutes = sum(span.end - span.begin for spans in self.week for span in spans)
        if minutes < WEEK_MINUTES_MIN:
            raise ValueError(f"open {minutes} minutes a week; at least {WEEK_MINUTES_MIN}")

    def is_open(self, at: datetime) -> bool:
        """Tell whether somebody works at an aware time."""
        begin, end = next(self._spans(at))
        return begin <= at < end

    def next_open(self, at: datetime) -> datetime:
        """Return the first moment from an aware time on when somebody works, UTC."""
        begin, _ = next(self._spans(at))
        return max(begin, at.astimezone(UTC))

    def due(self, begin: datetime, seconds: float) -> datetime:
        """Return when so many business seconds will have passed.

        Args:
            begin: Aware.
            seconds: 0 or more; 0 is `begin` itself.

        Returns:
            UTC; the earliest such moment: where a span is filled to its end, that end.
        """
        moment = begin.astimezone(UTC)
        left = timedelta(seconds=seconds)
        if left <= timedelta(0):
            return moment
        for first, last in self._spans(moment):
            whole = last - max(first, moment)
            if left <= whole:
                return max(first, moment) + left
            left -= whole
        raise AssertionError("the days have no end")

    def between(self, begin: datetime, end: datetime) -> float:
        """Return the business seconds from one aware time to another; below 0 when it is earlier.

        They add up: a to b and b to c is a to c.
        """
        if end < begin:
            return -self.between(end, begin)
        moment, until = begin.astimezone(UTC), end.astimezone(UTC)
        total = timedelta(0)
        if until == moment:
            return 0.0
        for first, last in self._spans(moment):
            if first >= until:
                break
            total += min(last, until) - max(first, moment)
        return total.total_seconds()

    def _spans(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield begin and end, UTC, of every span that ends after a moment."""
        # The day before as well, whose last hour may come twice.
        day = moment.astimezone(self.zone).date() - _DAY
        while True:
            if day not in self.holidays:
                for span in self.week[day.weekday()]:
                    begin, end = self._utc(day, span.begin), self._utc(day, span.end)
                    # A span inside the hour that is left out in spring is empty.
                    if end > moment and end > begin:
                        yield begin, end
            day += _DAY

    def _utc(self, day: date, minutes: int) -> datetime:
        """Return when a local clock first shows a time, or passes it by.

        Never earlier for a later time of the clock, so spans stay apart and in order. The end of
        a day is the beginning of the next.
        """
        if minutes == MINUTES_OF_DAY:
            day, minutes = day + _DAY, 0
        local = datetime(day.year, day.month, day.day, *divmod(minutes, 60))
        moment = local.replace(tzinfo=self.zone).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == local:
            return moment
        # No clock shows it: the moment when they were put forward, found by halving. With the
        # offset from after it the time lies before, with that from before it after.
        early, late = local.replace(tzinfo=self.zone, fold=1).astimezone(UTC), moment
        offset = early.astimezone(self.zone).utcoffset()
        while late - early > _SECOND:
            middle = (early + (late - early) / 2).replace(microsecond=0)
            if middle.astimezone(self.zone).utcoffset() == offset:
                early = middle
            else:
                late = middle
        return late


ALWAYS: Final = BusinessHours(ZoneInfo("UTC"), ((OpenSpan(0, MINUTES_OF_DAY),),) * 7)
"""Day and night."""
