import asyncio
import threading

import pytest

from bus.local import JUMP, LocalBus, first_sequence
from domain.events import ConfigurationReloaded
from tests.store_support import START, HandClock


def event(number: int) -> ConfigurationReloaded:
    return ConfigurationReloaded(agents=number, queues=0, trunks=0)


@pytest.fixture
async def bus():
    return LocalBus(HandClock(), first=11, recent_max=5)


async def sequences(subscription, limit):
    return [envelope.sequence for envelope in await subscription.batch(limit)]


async def test_numbers_go_on_from_the_first(bus):
    assert (bus.first, bus.last) == (11, 10)
    assert [bus.publish(event(n)) for n in range(3)] == [11, 12, 13]
    assert bus.last == 13


async def test_each_reader_sees_every_event_from_his_subscription_on(bus):
    bus.publish(event(0))
    async with bus.subscribe("one") as one:
        bus.publish(event(1))
        async with bus.subscribe("two") as two:
            bus.publish(event(2))
            assert await sequences(one, 10) == [12, 13]
            (envelope,) = await two.batch(10)
    assert (envelope.sequence, envelope.at, envelope.event) == (13, START, event(2))


async def test_a_full_inbox_drops_the_oldest_and_counts_them(bus):
    async with bus.subscribe("slow", inbox_max=2) as slow, bus.subscribe("quick") as quick:
        for number in range(5):
            bus.publish(event(number))
        assert slow.lost == 3
        (figures, other) = bus.figures()
        assert (figures.name, figures.waiting, figures.lost) == ("slow", 2, 3)
        assert (other.name, other.waiting, other.lost) == ("quick", 5, 0)
        assert await sequences(slow, 10) == [14, 15]
        assert quick.lost == 0


async def test_what_is_there_can_be_taken_without_waiting(bus):
    async with bus.subscribe("reader") as reader:
        assert list(reader.take(10)) == []
        arriving = asyncio.create_task(reader.arrival())
        await asyncio.sleep(0)
        assert not arriving.done()
        for number in range(3):
            bus.publish(event(number))
        assert await arriving
        assert [envelope.sequence for envelope in reader.take(2)] == [11, 12]
        assert await reader.arrival(), "one is left"
        assert [envelope.sequence for envelope in reader.take(2)] == [13]
    assert not await reader.arrival(), "closed, and all is read"


async def test_iterating_waits_for_what_comes(bus):
    async with bus.subscribe("reader") as reader:
        iterator = aiter(reader)
        waiting = asyncio.ensure_future(anext(iterator))
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish(event(0))
        assert (await waiting).sequence == 11
        bus.publish(event(1))
        assert (await anext(iterator)).sequence == 12


async def test_what_is_in_the_inbox_can_be_read_after_closing(bus):
    reader = bus.subscribe("reader")
    bus.publish(event(0))
    reader.close()
    reader.close()
    bus.publish(event(1))
    assert [envelope.sequence async for envelope in reader] == [11]
    assert await reader.batch(1) == []
    assert bus.figures() == []


async def test_closing_ends_one_who_waits(bus):
    async with bus.subscribe("reader") as reader:
        waiting = asyncio.create_task(reader.batch(1))
        await asyncio.sleep(0)
    assert await waiting == []


async def test_the_last_events_stay_in_memory(bus):
    assert bus.recent_first == 11
    assert bus.recent(10, 10) == []
    for number in range(7):
        bus.publish(event(number))
    assert bus.recent_first == 13
    assert bus.recent(11, 10) is None
    assert [e.sequence for e in bus.recent(12, 10)] == [13, 14, 15, 16, 17]
    assert [e.sequence for e in bus.recent(14, 2)] == [15, 16]
    assert bus.recent(17, 10) == []


async def test_published_waits_for_a_higher_number(bus):
    await bus.published(9)
    one = asyncio.create_task(bus.published(10))
    two = asyncio.create_task(bus.published(11))
    three = asyncio.create_task(bus.published(10))
    await asyncio.sleep(0)
    three.cancel()
    await asyncio.gather(three, return_exceptions=True)
    assert three.cancelled()
    bus.publish(event(0))
    await one
    assert not two.done()
    bus.publish(event(1))
    await two


async def test_publishing_from_another_thread_is_a_mistake(bus):
    mistakes = []

    def publish():
        try:
            bus.publish(event(0))
        except AssertionError as error:
            mistakes.append(str(error))

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join()
    assert mistakes == ["publish from the event loop's thread only"]


def test_numbers_jump_after_a_stop_that_was_not_clean():
    assert first_sequence(0, clean=True) == 1
    assert first_sequence(41, clean=True) == 42
    assert first_sequence(41, clean=False) == 41 + JUMP
