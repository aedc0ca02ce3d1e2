import asyncio

import pytest

from bus.local import LocalBus
from bus.resume import Resume
from domain.errors import EventsGone
from domain.events import ConfigurationReloaded
from tests.store_support import HandClock, digit


class Memory:
    """A journal in memory."""

    def __init__(self, *sequences):
        self.events = [digit(sequence) for sequence in sequences]
        self.reads = 0

    def store(self, bus, up_to):
        """Store what the bus has published and is in its memory."""
        last = self.events[-1].sequence if self.events else 0
        self.events += [
            e for e in bus.recent(bus.recent_first - 1, 1_000) if last < e.sequence <= up_to
        ]

    async def after(self, sequence, *, limit=1_000):
        self.reads += 1
        return [e for e in self.events if e.sequence > sequence][:limit]

    async def bounds(self):
        if not self.events:
            return (0, 0)
        return (self.events[0].sequence, self.events[-1].sequence)


def publish(bus, count):
    for _ in range(count):
        bus.publish(ConfigurationReloaded(agents=0, queues=0, trunks=0))


async def take(following, count):
    return [(await anext(following)).sequence for _ in range(count)]


async def is_waiting(following):
    task = asyncio.ensure_future(anext(following))
    for _ in range(5):
        await asyncio.sleep(0)
    waiting = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return waiting


async def test_without_a_place_only_new_events_come():
    bus = LocalBus(HandClock(), first=4)
    publish(bus, 2)
    following = Resume(bus, Memory(1, 2, 3)).follow()
    publish(bus, 1)
    assert await take(following, 1) == [6]
    assert await is_waiting(following)
    publish(bus, 1)
    assert await take(following, 1) == [7]
    assert aiter(following) is following


async def test_stored_events_come_first_then_live_ones_without_gap_or_duplicate():
    bus = LocalBus(HandClock(), first=4)
    journal = Memory(1, 2, 3)
    publish(bus, 2)
    journal.store(bus, 4)
    following = Resume(bus, journal, page_events=2).follow(1)
    assert await take(following, 2) == [2, 3]
    publish(bus, 1)
    assert await take(following, 3) == [4, 5, 6]
    assert await is_waiting(following)


async def test_a_short_absence_costs_the_journal_one_look_at_its_bounds():
    bus = LocalBus(HandClock())
    journal = Memory()
    publish(bus, 10)
    assert await take(Resume(bus, journal).follow(5), 5) == [6, 7, 8, 9, 10]
    assert journal.reads == 0


async def test_a_slow_reader_is_served_from_the_journal_again():
    bus = LocalBus(HandClock(), recent_max=3)
    journal = Memory()
    following = Resume(bus, journal, page_events=2).follow(0)
    publish(bus, 2)
    assert await take(following, 1) == [1]
    for _ in range(10):
        publish(bus, 1)
        journal.store(bus, bus.last - 1)
    assert await take(following, 11) == list(range(2, 13))
    assert await is_waiting(following)


async def test_numbers_may_jump_between_runs():
    bus = LocalBus(HandClock(), first=1_000_003, recent_max=2)
    journal = Memory(1, 2, 3)
    publish(bus, 3)
    journal.store(bus, bus.last)
    journal.events.insert(3, digit(1_000_003))
    expected = [2, 3, 1_000_003, 1_000_004, 1_000_005]
    assert await take(Resume(bus, journal).follow(1), 5) == expected


async def test_a_number_from_the_jump_is_followed_by_the_new_run():
    # Event 5 was seen live, and its run was killed before it was stored.
    bus = LocalBus(HandClock(), first=1_000_003)
    following = Resume(bus, Memory(1, 2, 3)).follow(5)
    publish(bus, 1)
    assert await take(following, 1) == [1_000_003]


async def test_zero_gives_all_that_is_kept():
    bus = LocalBus(HandClock(), first=10)
    publish(bus, 1)
    assert await take(Resume(bus, Memory(7, 8, 9)).follow(0), 4) == [7, 8, 9, 10]
    assert await take(Resume(LocalBus(HandClock(), first=10), Memory(7)).follow(6), 1) == [7]


async def test_nothing_stored_and_nothing_published_is_no_error():
    bus = LocalBus(HandClock())
    following = Resume(bus, Memory()).follow(0)
    assert await is_waiting(following)
    publish(bus, 1)
    assert await take(following, 1) == [1]


@pytest.mark.parametrize("after", [1, 5])
async def test_a_place_that_is_trimmed_is_gone(after):
    bus = LocalBus(HandClock(), first=10)
    with pytest.raises(EventsGone, match=f"events after {after} are not kept: only 7 to 9"):
        await take(Resume(bus, Memory(7, 8, 9)).follow(after), 1)


async def test_a_place_that_was_never_reached_is_gone():
    bus = LocalBus(HandClock(), first=4)
    publish(bus, 1)
    with pytest.raises(EventsGone) as caught:
        await take(Resume(bus, Memory(1, 2, 3)).follow(5), 1)
    assert (caught.value.after, caught.value.first, caught.value.last) == (5, 1, 4)


async def test_a_reader_overtaken_by_trimming_is_told():
    bus = LocalBus(HandClock(), recent_max=2)
    journal = Memory()
    following = Resume(bus, journal).follow(0)
    publish(bus, 1)
    assert await take(following, 1) == [1]
    publish(bus, 9)
    journal.events = [digit(7), digit(8)]
    with pytest.raises(EventsGone, match="after 1 "):
        await take(following, 1)


async def test_events_that_the_journal_lost_are_told_and_not_skipped():
    bus = LocalBus(HandClock(), recent_max=2)
    journal = Memory()
    publish(bus, 9)
    journal.events = [digit(1), digit(2), digit(5), digit(6), digit(7), digit(8)]
    following = Resume(bus, journal).follow(0)
    assert await take(following, 2) == [1, 2]
    with pytest.raises(EventsGone, match="after 2 are not kept: only 5 to 9"):
        await take(following, 1)
    journal.events = []
    following = Resume(bus, journal).follow(7)
    assert await take(following, 2) == [8, 9]
