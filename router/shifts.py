"""Working hours: who is on shift at a moment."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from config.routing import Shift

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_on_shift(shifts: Sequence[Shift], at: datetime) -> bool:
    """Tell whether one of the shifts runs; whoever has none is always on shift.

    Args:
        shifts: Of every week.
        at: Local time of the agents.
    """
    return not shifts or any(_runs(shift, at) for shift in shifts)


def _runs(shift: Shift, at: datetime) -> bool:
    begin, end = time.fromisoformat(shift.begin), time.fromisoformat(shift.end)
    now, today = at.time(), _DAYS[at.weekday()]
    if begin < end:
        return today in shift.days and begin <= now < end
    # It ends on the next day.
    yesterday = _DAYS[(at - timedelta(days=1)).weekday()]
    return (today in shift.days and now >= begin) or (yesterday in shift.days and now < end)
