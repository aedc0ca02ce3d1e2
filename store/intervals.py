"""Figures of queues and agents by quarter of an hour, and how far they go."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Row, Select, Table, bindparam, delete, func, select

from domain.errors import LimitExceeded
from domain.interval_ports import Figures, IntervalMark
from domain.intervals import (
    MAXIMA,
    QUARTER_S,
    AgentCounters,
    AgentInterval,
    Counters,
    QueueCounters,
    QueueInterval,
)
from store.database import Database
from store.schema import AGENT_INTERVALS, INTERVAL_MARKS, QUEUE_INTERVALS
from store.statements import Step, upsert

ROWS_MAX: Final = 20_000
"""Rows of one answer: 200 agents in 100 intervals, about 8 MB of JSON."""
KEPT_DAYS: Final = 400
"""A month can be compared with that of the year before; with 200 agents about 400 MB."""


class Intervals:
    """Implements `IntervalStore`."""

    def __init__(self, database: Database, *, node: str) -> None:
        """Keep figures in a database that is open.

        Args:
            database: Open.
            node: Whose figures are written; those of all nodes are read together.
        """
        self._database = database
        self._node = node
        self._put_queue = upsert(database.dialect, QUEUE_INTERVALS)
        self._put_agent = upsert(database.dialect, AGENT_INTERVALS)
        self._put_mark = upsert(database.dialect, INTERVAL_MARKS)
        self._forget = [
            delete(table).where(table.c.begin_at < bindparam("until"))
            for table in (QUEUE_INTERVALS, AGENT_INTERVALS)
        ]

    async def forget_old(self, now: datetime) -> None:
        """Drop figures that are over 400 days old; to be called at the start.

        Raises:
            StoreError: They are still there.
        """
        row = {"until": now - timedelta(days=KEPT_DAYS)}
        await self._database.write("old figures", *(Step(each, (row,)) for each in self._forget))

    async def load(self) -> IntervalMark | None:
        """Return how far this node's intervals go; None before the first.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(INTERVAL_MARKS).where(INTERVAL_MARKS.c.node == self._node)
        async with self._database.reading("mark of the intervals") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else IntervalMark(sequence=row.sequence, document=row.document)

    async def quarter(self, begin: datetime) -> Figures:
        """Return what this node has stored of one quarter.

        Raises:
            StoreError: The database cannot be read.
        """
        found: list[Sequence[Row[Any]]] = []
        async with self._database.reading(f"figures of {begin}") as connection:
            for table in (QUEUE_INTERVALS, AGENT_INTERVALS):
                mine = (table.c.begin_at == begin) & (table.c.node == self._node)
                found.append((await connection.execute(select(table).where(mine))).all())
        return Figures(
            queues=[_queue(row, begin, QUARTER_S) for row in found[0]],
            agents=[_agent(row, begin, QUARTER_S) for row in found[1]],
        )

    async def save(self, figures: Figures, mark: IntervalMark) -> None:
        """Put these in the place of the stored rows of the same quarters, with the mark.

        Raises:
            StoreError: Nothing is stored.
        """
        queues = tuple(
            {
                "begin_at": one.begin,
                "node": self._node,
                "queue_id": one.queue_id,
                **asdict(one.counters),
            }
            for one in figures.queues
        )
        agents = tuple(
            {
                "begin_at": one.begin,
                "node": self._node,
                "agent_id": one.agent_id,
                **asdict(one.counters),
            }
            for one in figures.agents
        )
        marked: Mapping[str, Any] = {"node": self._node, **asdict(mark)}
        steps = [Step(self._put_mark, (marked,))]
        if queues:
            steps.append(Step(self._put_queue, queues))
        if agents:
            steps.append(Step(self._put_agent, agents))
        await self._database.write("figures by interval", *steps, urgent=False)

    async def queues(
        self, bounds: Sequence[datetime], queue_id: str | None = None
    ) -> Sequence[QueueInterval]:
        """Return figures of queues by interval; see `IntervalFigures.queues`.

        Raises:
            LimitExceeded: They are over 20,000.
            StoreError: The database cannot be read.
        """
        rows = await self._sums(QUEUE_INTERVALS, "queue_id", QueueCounters, bounds, queue_id)
        return [_queue(row, begin, seconds) for row, begin, seconds in rows]

    async def agents(
        self, bounds: Sequence[datetime], agent_id: str | None = None
    ) -> Sequence[AgentInterval]:
        """Return figures of agents by interval; see `IntervalFigures.queues`.

        Raises:
            LimitExceeded: They are over 20,000.
            StoreError: The database cannot be read.
        """
        rows = await self._sums(AGENT_INTERVALS, "agent_id", AgentCounters, bounds, agent_id)
        return [_agent(row, begin, seconds) for row, begin, seconds in rows]

    async def _sums(
        self,
        table: Table,
        whose: str,
        kind: type[Counters],
        bounds: Sequence[datetime],
        only: str | None,
    ) -> list[tuple[Row[Any], datetime, float]]:
        """Return the sums of each interval, put together by the database."""
        sums = [
            (func.max if each.name in MAXIMA else func.sum)(table.c[each.name]).label(each.name)
            for each in fields(kind)
        ]
        query: Select[Any] = select(table.c[whose], *sums).group_by(table.c[whose])
        query = query.order_by(table.c[whose])
        if only is not None:
            query = query.where(table.c[whose] == only)
        found: list[tuple[Row[Any], datetime, float]] = []
        async with self._database.reading("figures by interval") as connection:
            for begin, end in pairwise(bounds):
                within = query.where(table.c.begin_at >= begin, table.c.begin_at < end)
                seconds = (end - begin).total_seconds()
                rows = (await connection.execute(within)).all()
                found.extend((row, begin, seconds) for row in rows)
                if len(found) > ROWS_MAX:
                    raise LimitExceeded("figures of one answer", len(found), ROWS_MAX)
        return found


def _queue(row: Row[Any], begin: datetime, seconds: float) -> QueueInterval:
    counters = QueueCounters(**_values(row, QueueCounters))
    return QueueInterval(begin=begin, seconds=seconds, queue_id=row.queue_id, counters=counters)


def _agent(row: Row[Any], begin: datetime, seconds: float) -> AgentInterval:
    counters = AgentCounters(**_values(row, AgentCounters))
    return AgentInterval(begin=begin, seconds=seconds, agent_id=row.agent_id, counters=counters)


def _values(row: Row[Any], kind: type[Counters]) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(kind)}
