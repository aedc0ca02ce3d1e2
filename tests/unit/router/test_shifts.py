from datetime import datetime

import pytest

from config.routing import Shift
from router.shifts import is_on_shift

DAY = Shift(days=["mon", "tue"], begin="08:00", end="16:30")
NIGHT = Shift(days=["sun"], begin="22:00", end="06:00")


@pytest.mark.parametrize(
    ("shifts", "at", "on"),
    [
        # 2026-11-23 is a Monday.
        ([DAY], "2026-11-23 08:00", True),
        ([DAY], "2026-11-23 16:29", True),
        ([DAY], "2026-11-23 16:30", False),
        ([DAY], "2026-11-23 07:59", False),
        ([DAY], "2026-11-25 12:00", False),
        ([NIGHT], "2026-11-22 22:00", True),
        ([NIGHT], "2026-11-23 05:59", True),
        ([NIGHT], "2026-11-23 06:00", False),
        ([NIGHT], "2026-11-23 22:30", False),
        ([DAY, NIGHT], "2026-11-23 03:00", True),
        ([], "2026-11-23 03:00", True),
    ],
)
def test_who_works_when(shifts, at, on):
    assert is_on_shift(shifts, datetime.fromisoformat(at)) is on
