"""How long to wait before the next attempt: longer each time, with chance, or as it was asked."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

FIRST_S: Final = 1.0
"""A receiver that restarts behind a load balancer is back after that."""
JITTER: Final = 0.5
"""Up to half more or less, so that many that failed together do not come back together."""
RETRY_AFTER_S_MAX: Final = 3_600.0
"""A receiver that asks for more is asked again after an hour: alerts are for today."""
DIGITS_MAX: Final = 9
"""Of a number of seconds: 30 years, before Python is asked to read a megabyte of digits."""


def backoff_s(failures: int, longest_s: float, chance: Random) -> float:
    """Return the seconds to wait after so many failures in a row.

    Args:
        failures: At least 1.
        longest_s: Doubling stops there; chance may add to it.
        chance: Where chance comes from.
    """
    assert failures >= 1
    # 2 ** 40 seconds are over any limit, and a float holds them.
    doubled = FIRST_S * 2.0 ** min(failures - 1, 40)
    return min(doubled, longest_s) * chance.uniform(1 - JITTER, 1 + JITTER)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Return how long a receiver asks to be left alone; None when he asks for nothing readable.

    Args:
        value: The header field Retry-After: seconds or a date.
        now: Wall time, UTC.

    Source:
        RFC 9110 section 10.2.3.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        asked_s = float(text) if len(text) <= DIGITS_MAX else RETRY_AFTER_S_MAX
        return min(asked_s, RETRY_AFTER_S_MAX)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:  # "-0000": UTC, from nowhere in particular (RFC 5322 section 3.3).
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), RETRY_AFTER_S_MAX)
