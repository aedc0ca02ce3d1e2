"""A clock that stands until it is told to go on."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    def __init__(self, monotonic_s: float = 1_000.0) -> None:
        self._monotonic_s = monotonic_s
        self._utc = datetime(2030, 1, 1, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def utc(self) -> datetime:
        return self._utc

    def advance(self, seconds: float) -> None:
        self._monotonic_s += seconds
        self._utc += timedelta(seconds=seconds)
