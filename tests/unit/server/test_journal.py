import asyncio

import pytest

from bus.local import LocalBus, first_sequence
from domain.contact import Disposition
from domain.errors import EventCodecError, StoreError
from domain.events import ConfigurationReloaded, ContactClosed, ContactQueued
from server.journal import EventRecorder, JournalWriter, QueueLogWriter
from store.opening import open_store
from store.queue_log import QueueLog
from store.queue_log_file import QueueLogFile
from tests.store_support import START, HandClock

RELOADED = ConfigurationReloaded(agents=0, queues=0, trunks=0)
T = int(START.timestamp())


class Disk:
    def __init__(self):
        self.batches = []
        self.errors = []
        self.tried = asyncio.Event()

    async def write(self, batch):
        self.tried.set()
        if self.errors:
            raise self.errors.pop()
        self.batches.append([envelope.sequence for envelope in batch])


@pytest.fixture
async def bus():
    return LocalBus(HandClock())


@pytest.fixture
def disk():
    return Disk()


async def test_what_comes_together_is_written_together(bus, disk):
    async with EventRecorder(bus, "disk", disk.write, batch_max=3):
        for _ in range(4):
            bus.publish(RELOADED)
    assert disk.batches == [[1, 2, 3], [4]]
    assert bus.figures() == []


async def test_events_gather_before_they_are_written(bus, disk):
    async with EventRecorder(bus, "disk", disk.write, gather_s=0.01):
        bus.publish(RELOADED)
        for _ in range(5):
            await asyncio.sleep(0)
        bus.publish(RELOADED)
        assert disk.batches == []
        await disk.tried.wait()
        assert disk.batches == [[1, 2]]


async def test_enough_events_gather_no_longer(bus, disk):
    async with EventRecorder(bus, "disk", disk.write, batch_max=2, gather_s=1_000):
        bus.publish(RELOADED)
        bus.publish(RELOADED)
        await disk.tried.wait()
        assert disk.batches == [[1, 2]]


async def test_a_stop_does_not_wait_for_company(bus, disk):
    async with EventRecorder(bus, "disk", disk.write, gather_s=1_000):
        bus.publish(RELOADED)
        for _ in range(5):
            await asyncio.sleep(0)
        bus.publish(RELOADED)
    assert disk.batches == [[1, 2]]


async def test_a_failed_batch_is_tried_again_in_order(bus, disk):
    disk.errors = [StoreError("full")] * 3
    async with EventRecorder(bus, "disk", disk.write, retry_s=0) as recorder:
        bus.publish(RELOADED)
        await disk.tried.wait()
        bus.publish(RELOADED)
        while recorder.failures < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert disk.batches == [[1], [2]]
    assert recorder.lost == 0


async def test_while_it_fails_the_inbox_stays_within_its_limit(bus, disk):
    disk.errors = [StoreError("full")]
    async with EventRecorder(bus, "disk", disk.write, retry_s=0, inbox_max=2) as recorder:
        bus.publish(RELOADED)
        await disk.tried.wait()
        for _ in range(5):
            bus.publish(RELOADED)
        assert (recorder.lost, recorder.waiting) == (3, 2)
    assert disk.batches == [[1], [5, 6]]


async def test_a_stop_does_not_wait_for_ever(bus, disk):
    disk.errors = [StoreError("full")] * 100
    async with EventRecorder(bus, "disk", disk.write, retry_s=0, batch_max=1) as recorder:
        bus.publish(RELOADED)
        bus.publish(RELOADED)
    assert disk.batches == []
    assert recorder.lost == 2
    assert recorder.failures == 6


@pytest.mark.parametrize("error", [EventCodecError("no form"), KeyError("a mistake of ours")])
async def test_an_event_that_can_never_be_written_does_not_hold_up_the_others(bus, disk, error):
    disk.errors = [error]
    async with EventRecorder(bus, "disk", disk.write, batch_max=1) as recorder:
        bus.publish(RELOADED)
        bus.publish(RELOADED)
    assert disk.batches == [[2]]
    assert recorder.lost == 1


async def test_all_that_was_published_is_in_the_journal_after_a_clean_stop(tmp_path):
    clock = HandClock()
    for run in range(3):
        async with open_store(tmp_path, clock) as store:
            _, last = await store.journal.bounds()
            assert (last, store.stopped_cleanly) == (run * 700, True)
            bus = LocalBus(clock, first=first_sequence(last, clean=store.stopped_cleanly))
            async with JournalWriter(bus, store.journal):
                for _ in range(700):
                    bus.publish(RELOADED)
        clock.tick(1)


async def test_a_journal_with_a_hole_is_no_clean_stop(tmp_path, monkeypatch):
    clock = HandClock()

    async def fail(batch):
        raise StoreError("full")

    async with open_store(tmp_path, clock) as store:
        monkeypatch.setattr(store.journal, "append", fail)
        bus = LocalBus(clock)
        async with JournalWriter(bus, store.journal, retry_s=0):
            bus.publish(RELOADED)
    clock.tick(1)
    async with open_store(tmp_path, clock) as store:
        assert not store.stopped_cleanly


def queued(contact_id):
    return ContactQueued(contact_id=contact_id, queue_id="sales", language="en", priority=0)


LEFT = ContactClosed(
    contact_id="a",
    queue_id="sales",
    disposition=Disposition.ABANDONED,
    agent_id=None,
    wait_s=3.0,
    talk_s=0.0,
)


async def test_the_queue_log_tells_of_every_event_once(bus, tmp_path):
    path = tmp_path / "absent" / "queue_log"
    writer = QueueLogWriter(bus, QueueLog(), QueueLogFile(path), HandClock(), retry_s=0, gather_s=0)
    async with writer:
        bus.publish(queued("a"))
        while not writer.recorder.failures:  # noqa: ASYNC110
            await asyncio.sleep(0)
        path.parent.mkdir()
        bus.publish(queued("b"))
        bus.publish(LEFT)
    assert path.read_text().splitlines() == [
        f"{T}|NONE|NONE|NONE|QUEUESTART|",
        f"{T}|a|sales|NONE|ENTERQUEUE|||1",
        f"{T}|b|sales|NONE|ENTERQUEUE|||2",
        f"{T}|a|sales|NONE|ABANDON|1|1|3",
    ]
    assert writer.recorder.lost == 0


async def test_the_queue_log_says_when_the_node_started(bus, tmp_path):
    path = tmp_path / "queue_log"
    async with QueueLogWriter(bus, QueueLog(), QueueLogFile(path), HandClock()):
        assert path.read_text() == f"{T}|NONE|NONE|NONE|QUEUESTART|\n"
