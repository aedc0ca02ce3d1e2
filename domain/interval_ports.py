"""Ports of the figures by interval: who stores them, and who tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.intervals import AgentInterval, QueueInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalMark:
    """How far the stored intervals go.

    Attributes:
        sequence: Number of the last event that they hold.
        document: What later events are read with, as JSON.
    """

    sequence: int
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of queues and of agents."""

    queues: Sequence[QueueInterval] = ()
    agents: Sequence[AgentInterval] = ()


class IntervalStore(Protocol):
    """The record of figures, in quarters of an hour."""

    async def load(self) -> IntervalMark | None:
        """Return how far this node's intervals go; None before the first.

        Raises:
            StoreError: They cannot be read.
        """
        ...

    async def quarter(self, begin: datetime) -> Figures:
        """Return what this node has stored of one quarter.

        Raises:
            StoreError: They cannot be read.
        """
        ...

    async def save(self, figures: Figures, mark: IntervalMark) -> None:
        """Put these in the place of the stored rows of the same quarters, with the mark.

        Raises:
            StoreError: Nothing is stored.
        """
        ...

    async def queues(
        self, bounds: Sequence[datetime], queue_id: str | None = None
    ) -> Sequence[QueueInterval]:
        """See `IntervalFigures.queues`."""
        ...

    async def agents(
        self, bounds: Sequence[datetime], agent_id: str | None = None
    ) -> Sequence[AgentInterval]:
        """See `IntervalFigures.agents`."""
        ...


class IntervalFigures(Protocol):
    """What the API asks of the figures."""

    def live(self) -> Figures:
        """Return the figures of the quarter of an hour that is not over, up to this moment."""
        ...

    async def queues(
        self, bounds: Sequence[datetime], queue_id: str | None = None
    ) -> Sequence[QueueInterval]:
        """Return figures of queues in order of time and of queue_id, up to this moment.

        Args:
            bounds: Begin of each interval and the end of the last, aware, growing, each a
                quarter of an hour; at least two.
            queue_id: Only of this queue; None: of all.

        Raises:
            LimitExceeded: There are too many.
            StoreError: They cannot be read.
        """
        ...

    async def agents(
        self, bounds: Sequence[datetime], agent_id: str | None = None
    ) -> Sequence[AgentInterval]:
        """Return figures of agents; see `queues`."""
        ...
