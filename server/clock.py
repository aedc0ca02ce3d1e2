"""The real clock; everything else is given one, so that tests decide what time it is."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `ports.Clock` over the operating system's clocks."""

    def monotonic_s(self) -> float:
        """Return seconds that never go back (CLOCK_MONOTONIC)."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the wall time, aware, UTC."""
        return datetime.now(UTC)
