"""Old conversations are forgotten at the start and again and again."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.errors import StoreError
from server.retention import Retention

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


class Clock:
    def utc(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 0.0


@dataclass
class FakeStore:
    fails: int = 0
    asked: list[datetime] = field(default_factory=list)
    thrice: asyncio.Event = field(default_factory=asyncio.Event)

    async def forget_before(self, until: datetime) -> int:
        self.asked.append(until)
        if len(self.asked) == 3:
            self.thrice.set()
        if len(self.asked) <= self.fails:
            raise StoreError("away")
        return 1


async def test_at_the_start_and_again_even_after_a_failure() -> None:
    store, told = FakeStore(fails=1), list[datetime]()
    keeper = Retention(store, Clock(), days=10, on_forgotten=told.append, every_s=0.0, again_s=0.0)
    async with keeper, asyncio.timeout(30):
        await store.thrice.wait()
    assert set(store.asked) == set(told) == {NOW - timedelta(days=10)}
    asked = len(store.asked)
    await asyncio.sleep(0)
    assert len(store.asked) == asked


async def test_for_ever() -> None:
    store = FakeStore()
    async with Retention(store, Clock(), days=0, on_forgotten=lambda _: None, every_s=0.0):
        await asyncio.sleep(0)
    assert store.asked == []
