"""Figures by interval over restarts, kills and a store that fails."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from domain.agent import AgentState
from domain.contact import Disposition
from domain.errors import StoreError
from domain.events import AgentStateChanged, ContactClosed, ContactQueued, Event
from domain.interval_ports import IntervalMark
from domain.intervals import QUARTER_S
from server.interval_recorder import IntervalRecorder
from store.opening import open_store
from tests.store_support import START, HandClock

QUARTER = timedelta(seconds=QUARTER_S)
BOUNDS = [START, START + QUARTER, START + 2 * QUARTER]


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock) as opened:
        yield opened


def recorder(store, bus, clock) -> IntervalRecorder:
    return IntervalRecorder(
        bus,
        store.intervals,
        store.journal,
        clock,
        lambda _: 20.0,
        save_every_s=3_600.0,
        gather_s=0.0,
    )


def queued(contact_id: str) -> ContactQueued:
    return ContactQueued(contact_id=contact_id, queue_id="sales", language="en", priority=0)


READY = AgentStateChanged(
    agent_id="ann", before=AgentState.LOGGED_OUT, after=AgentState.READY, reason=""
)


async def journaled(store, bus, *events: Event) -> None:
    """Publish events and let the journal have them."""
    first = bus.last
    for event in events:
        bus.publish(event)
    await store.journal.append(bus.recent(first, len(events)))


async def counted(figures: IntervalRecorder) -> None:
    """Wait until everything published is counted."""
    for _ in range(1_000):
        if not figures.recorder.waiting:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{figures.recorder.waiting} events still wait")


async def arrivals(figures: IntervalRecorder) -> list[int]:
    return [row.counters.arrived for row in await figures.queues(BOUNDS)]


async def test_figures_are_told_up_to_now(store, clock):
    bus = LocalBus(clock)
    async with recorder(store, bus, clock) as figures:
        bus.publish(READY)
        bus.publish(queued("c1"))
        await counted(figures)
        clock.tick(60)
        live = figures.live()
        assert live.queues[0].counters.arrived == 1
        assert live.agents[0].counters.ready_s == 60.0
        assert await arrivals(figures) == [1]
        clock.tick(QUARTER_S)
        first, second = await figures.agents(BOUNDS, "ann")
        assert (first.counters.ready_s, second.counters.ready_s) == (900.0, 60.0)
        assert await figures.agents(BOUNDS, "bob") == []


async def test_leaving_stores_what_was_published(store, clock):
    bus = LocalBus(clock)
    async with recorder(store, bus, clock):
        bus.publish(queued("c1"))
    rows = await store.intervals.queues(BOUNDS)
    assert [row.counters.arrived for row in rows] == [1]


async def test_a_restart_goes_on_where_the_figures_were(store, clock):
    bus = LocalBus(clock)
    async with recorder(store, bus, clock):
        await journaled(store, bus, queued("c1"), READY)
        clock.tick(30)
        bus.publish(queued("c2"))
    clock.tick(600)
    later = LocalBus(clock, first=bus.last + 1)
    async with recorder(store, later, clock) as figures:
        clock.tick(10)
        later.publish(queued("c3"))
        # Known from the run before, or it would count as nothing.
        later.publish(
            ContactClosed(
                contact_id="c1",
                queue_id="sales",
                disposition=Disposition.NODE_DIED,
                agent_id=None,
                wait_s=30.0,
                talk_s=0.0,
            )
        )
        await counted(figures)
        (row,) = await figures.queues(BOUNDS)
        assert (row.counters.arrived, row.counters.lost) == (3, 1)
        # The time in which no node ran is nobody's.
        (agent,) = await figures.agents(BOUNDS)
        assert agent.counters.ready_s == 30.0


async def test_after_a_kill_the_rest_is_read_from_the_journal(store, clock):
    bus = LocalBus(clock)
    figures = recorder(store, bus, clock)
    await figures.__aenter__()
    await journaled(store, bus, queued("c1"))
    await counted(figures)
    await figures.queues(BOUNDS)
    clock.tick(QUARTER_S)
    await journaled(store, bus, queued("c2"), queued("c3"))
    await counted(figures)
    # Killed: what was counted and not stored is gone with the process.
    for task in (figures._task, figures.recorder._task):
        assert task is not None
        task.cancel()
    later = LocalBus(clock, first=bus.last + 1_000)
    async with recorder(store, later, clock) as again:
        assert await arrivals(again) == [1, 2]
        assert again.missed == 0


async def test_events_that_the_journal_has_forgotten_are_told_of(store, clock):
    await store.intervals.save(
        (await store.intervals.quarter(START)),
        IntervalMark(sequence=3, document='{"sequence":3}'),
    )
    bus = LocalBus(clock, first=50)
    await journaled(store, bus, queued("c1"))
    later = LocalBus(clock, first=60)
    with capture_logs() as lines:
        async with recorder(store, later, clock) as figures:
            assert figures.missed == 46
            assert await arrivals(figures) == [1]
    assert any(line["event"] == "events of the figures are no longer stored" for line in lines)


async def test_a_mark_that_cannot_be_read_begins_anew(store, clock):
    mark = IntervalMark(sequence=3, document="nonsense")
    await store.intervals.save(await store.intervals.quarter(START), mark)
    bus = LocalBus(clock)
    with capture_logs() as lines:
        async with recorder(store, bus, clock) as figures:
            bus.publish(queued("c1"))
            await counted(figures)
            assert await arrivals(figures) == [1]
    assert any("cannot be read" in line["event"] for line in lines)


async def test_a_store_that_fails_loses_nothing(store, clock, monkeypatch):
    bus = LocalBus(clock)
    save = store.intervals.save

    async def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    async with recorder(store, bus, clock) as figures:
        bus.publish(queued("c1"))
        await counted(figures)
        monkeypatch.setattr(store.intervals, "save", fail)
        with pytest.raises(StoreError, match="the disk is full"):
            await figures.queues(BOUNDS)
        assert figures.save_failures == 1
        clock.tick(QUARTER_S)
        bus.publish(queued("c2"))
        await counted(figures)
        monkeypatch.setattr(store.intervals, "save", save)
        assert await arrivals(figures) == [1, 1]
        assert figures.dropped == 0
