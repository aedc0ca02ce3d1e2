from datetime import UTC, datetime, timedelta

from domain.ports import Clock
from server.clock import SystemClock


def test_it_never_goes_back_and_knows_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.monotonic_s() <= clock.monotonic_s()
    assert clock.utc().utcoffset() == timedelta(0)
    assert clock.utc() > datetime(2026, 1, 1, tzinfo=UTC)
