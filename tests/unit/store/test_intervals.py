from datetime import timedelta

import pytest

from domain.errors import LimitExceeded
from domain.interval_ports import Figures, IntervalMark
from domain.intervals import (
    QUARTER_S,
    AgentCounters,
    AgentInterval,
    QueueCounters,
    QueueInterval,
)
from store import intervals
from store.intervals import KEPT_DAYS, Intervals
from store.opening import open_store
from tests.store_support import START

QUARTER = timedelta(seconds=QUARTER_S)
MARK = IntervalMark(sequence=7, document="{}")


def queue(quarter: int, queue_id: str = "sales", **counters: float) -> QueueInterval:
    return QueueInterval(
        begin=START + quarter * QUARTER,
        seconds=QUARTER_S,
        queue_id=queue_id,
        counters=QueueCounters(**counters),  # type: ignore[arg-type]
    )


def agent(quarter: int, agent_id: str = "anna", **counters: float) -> AgentInterval:
    return AgentInterval(
        begin=START + quarter * QUARTER,
        seconds=QUARTER_S,
        agent_id=agent_id,
        counters=AgentCounters(**counters),  # type: ignore[arg-type]
    )


async def test_before_the_first_there_is_nothing(store):
    assert await store.intervals.load() is None
    assert await store.intervals.quarter(START) == Figures(queues=[], agents=[])
    assert await store.intervals.queues([START, START + QUARTER]) == []


async def test_rows_come_back_and_are_replaced(store):
    first = Figures(queues=[queue(0, arrived=3)], agents=[agent(0, ready_s=10.5)])
    await store.intervals.save(first, MARK)
    assert await store.intervals.quarter(START) == first
    second = Figures(queues=[queue(0, arrived=5)])
    await store.intervals.save(second, IntervalMark(sequence=9, document="[1]"))
    assert (await store.intervals.quarter(START)).queues == second.queues
    assert (await store.intervals.quarter(START)).agents == first.agents
    assert await store.intervals.load() == IntervalMark(sequence=9, document="[1]")


async def test_longer_intervals_are_put_together(store):
    rows = [
        queue(0, arrived=1, answer_wait_s=2.5, longest_wait_s=9.0),
        queue(1, arrived=2, answer_wait_s=0.5, longest_wait_s=4.0),
        queue(4, arrived=4),
        queue(1, "help", arrived=8),
    ]
    await store.intervals.save(Figures(queues=rows, agents=[agent(1, busy_s=60.0)]), MARK)
    hour = [START, START + 4 * QUARTER, START + 8 * QUARTER]
    help_, first, second = await store.intervals.queues(hour)
    assert (help_.queue_id, help_.counters.arrived) == ("help", 8)
    assert (first.begin, first.seconds, first.counters.arrived) == (START, 3_600.0, 3)
    assert (first.counters.answer_wait_s, first.counters.longest_wait_s) == (3.0, 9.0)
    assert second.counters.arrived == 4
    assert [one.queue_id for one in await store.intervals.queues(hour, "help")] == ["help"]
    (anna,) = await store.intervals.agents(hour)
    assert anna.counters == AgentCounters(busy_s=60.0)
    assert await store.intervals.agents(hour, "bert") == []


async def test_nodes_are_read_together_and_keep_their_own_mark(store):
    other = Intervals(store.database, node="other")
    await store.intervals.save(Figures(queues=[queue(0, arrived=1)]), MARK)
    await other.save(Figures(queues=[queue(0, arrived=2)]), IntervalMark(sequence=1, document=""))
    (row,) = await store.intervals.queues([START, START + QUARTER])
    assert row.counters.arrived == 3
    assert await store.intervals.load() == MARK
    assert (await other.quarter(START)).queues[0].counters.arrived == 2


async def test_too_many_are_refused(store, monkeypatch):
    monkeypatch.setattr(intervals, "ROWS_MAX", 1)
    await store.intervals.save(Figures(queues=[queue(0), queue(1)]), MARK)
    with pytest.raises(LimitExceeded, match="figures of one answer"):
        await store.intervals.queues([START, START + QUARTER, START + 2 * QUARTER])


async def test_old_figures_are_dropped_at_the_start(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        await store.intervals.save(Figures(queues=[queue(0), queue(1)], agents=[agent(0)]), MARK)
    clock.tick(KEPT_DAYS * 86_400 + 60)
    async with open_store(tmp_path, clock) as store:
        bounds = [START, START + QUARTER, START + 2 * QUARTER]
        assert [one.begin for one in await store.intervals.queues(bounds)] == [START + QUARTER]
        assert await store.intervals.agents(bounds) == []
