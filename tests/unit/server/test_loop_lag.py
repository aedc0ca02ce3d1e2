import asyncio

from structlog.testing import capture_logs

from server.loop_lag import LoopLag
from tests.unit.channels.http.fakes import FakeClock


class Nap:
    """Sleeps that last as long as they are told to."""

    def __init__(self, clock: FakeClock, *overslept_s: float) -> None:
        self._clock = clock
        self._overslept_s = list(overslept_s)
        self.done = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if not self._overslept_s:
            self.done.set()
            await asyncio.Event().wait()
        self._clock.now_s += seconds + self._overslept_s.pop(0)


async def test_it_measures_by_how_much_it_overslept() -> None:
    clock = FakeClock()
    nap = Nap(clock, 0.0, 0.02, 0.7, -0.01, 0.1)
    seen: list[float] = []
    with capture_logs() as lines:
        async with LoopLag(clock, seen.append, interval_s=0.25, sleep=nap) as lag:
            await nap.done.wait()
            assert [round(one, 6) for one in seen] == [0, 0.02, 0.7, 0, 0.1]
            assert round(lag.take_worst_s(), 6) == 0.7
            assert lag.take_worst_s() == 0
    assert [line["lag_s"] for line in lines] == [0.7]


async def test_leaving_twice_is_harmless() -> None:
    lag = LoopLag(FakeClock(), lambda _: None)
    async with lag:
        pass
    await lag.__aexit__()
