"""A pause ends by its time or by a wake-up, and nothing of it goes on."""

import asyncio

import pytest

from channels.waking import pause

pytestmark = pytest.mark.asyncio


async def for_ever(_s: float) -> None:
    await asyncio.Event().wait()


async def test_it_ends_when_its_time_is_up() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await pause(asyncio.Event(), sleep, 2.5)
    assert slept == [2.5]


async def test_a_wake_up_cuts_it_short() -> None:
    woken = asyncio.Event()
    waiting = asyncio.create_task(pause(woken, for_ever, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    woken.set()
    await waiting


async def test_nothing_of_it_goes_on_once_it_is_over_or_cancelled() -> None:
    before = asyncio.all_tasks()
    woken = asyncio.Event()
    woken.set()
    await pause(woken, for_ever, 60)
    assert asyncio.all_tasks() == before
    waiting = asyncio.create_task(pause(asyncio.Event(), for_ever, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == before
