import asyncio

import pytest

from domain.errors import LimitExceeded, StoreError
from store.write_behind import WriteBehind


class Disk:
    def __init__(self):
        self.written = []
        self.failures = 0
        self.tried = asyncio.Event()
        self.done = asyncio.Event()

    async def write(self, values):
        self.tried.set()
        if self.failures:
            self.failures -= 1
            raise StoreError("full")
        self.written.append(dict(values))
        self.done.set()


@pytest.fixture
def disk():
    return Disk()


async def test_only_the_newest_value_of_a_key_is_written(disk):
    async with WriteBehind("numbers", disk.write) as behind:
        behind.put("a", 1)
        behind.put("b", 1)
        behind.put("a", 2)
        assert behind.waiting == 2
    assert disk.written == [{"a": 2, "b": 1}]
    assert behind.waiting == 0


async def test_a_failed_write_is_tried_again_with_what_came_meanwhile(disk):
    disk.failures = 2
    async with WriteBehind("numbers", disk.write, retry_s=0) as behind:
        behind.put("a", 1)
        behind.put("b", 1)
        await disk.tried.wait()
        behind.put("a", 2)
        await disk.done.wait()
    assert disk.written == [{"a": 2, "b": 1}]
    assert behind.failures == 2


async def test_leaving_tries_once_more_and_not_for_ever(disk):
    disk.failures = 100
    async with WriteBehind("numbers", disk.write, retry_s=3_600) as behind:
        behind.put("a", 1)
        await disk.tried.wait()
    assert behind.failures == 2
    assert behind.waiting == 1


async def test_keys_have_a_limit(disk):
    async with WriteBehind("numbers", disk.write, keys_max=1) as behind:
        behind.put("a", 1)
        behind.put("a", 2)
        with pytest.raises(LimitExceeded, match="numbers: 2 is over the limit of 1"):
            behind.put("b", 1)
