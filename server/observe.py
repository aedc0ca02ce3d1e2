"""How the node shows how it does: metrics, readiness, the lag of its event loop.

Wiring makes one `Observation`, adds each part as it is built, and enters it last:

    observation = Observation(clock=clock, stream=bus, version=__version__)
    observation.metrics.add("cells", cell_figures(pool.figures))
    observation.readiness.add("cells", lambda: None if pool.figures().warm else "none is warm")
    async with observation: ...
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Self

import structlog

from bus.local import LocalBus, LocalSubscription
from domain.events import Envelope
from domain.ports import Clock
from server.loop_lag import LoopLag
from server.measures import Measures
from server.metrics import Figure, NodeCollector, new_registry, text_of
from server.readiness import Readiness

_log = structlog.get_logger(__name__)

READER_NAME: Final = "metrics"
GATHER_S: Final = 0.25
"""Events are counted so often; whoever reads the metrics has those counted first that wait."""
TURN_EVENTS: Final = 200
"""Events counted before the event loop turns: 2 ms."""


class Observation:
    """Everything that is observed of one node. An async context manager.

    Attributes:
        metrics: Where the parts' figures are added, `server.figures` makes them.
        measures: What is observed as it happens.
        readiness: Where the parts' checks are added.
    """

    def __init__(self, *, clock: Clock, stream: LocalBus, version: str) -> None:
        """Prepare to observe.

        Args:
            clock: Measures the lag of the event loop.
            stream: Its events feed the measures.
            version: Of Warmline.
        """
        self._stream = stream
        self._version = version
        self._registry = new_registry()
        self.metrics = NodeCollector()
        self.measures = Measures(self._registry)
        self.readiness = Readiness()
        self._lag = LoopLag(clock, self.measures.loop_lag_seconds.observe)
        self._task: asyncio.Task[None] | None = None
        self._subscription: LocalSubscription | None = None
        self._registry.register(self.metrics)
        self.metrics.add("node", self._node_figures)

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        if self._subscription is not None:
            self._count(self._subscription.take(self._subscription.waiting))
        return text_of(self._registry)

    async def __aenter__(self) -> Self:
        # Subscribed before entering returns: no event after it goes uncounted.
        self._subscription = self._stream.subscribe(READER_NAME)
        self._task = asyncio.create_task(self._count_events(self._subscription), name="metrics")
        await self._lag.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._lag.__aexit__()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _count_events(self, subscription: LocalSubscription) -> None:
        async with subscription:
            while await subscription.arrival():
                self._count(subscription.take(TURN_EVENTS))
                await asyncio.sleep(0 if subscription.waiting else GATHER_S)

    def _count(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            try:
                self.measures.take(envelope)
            except Exception:
                # One event that cannot be counted must not end the counting.
                _log.exception("event not counted", event_type=type(envelope.event).__name__)

    def _node_figures(self) -> Iterable[Figure]:
        yield Figure("warmline_ready", float(not self.readiness.reasons()))
        yield Figure("warmline_draining", float(self.readiness.draining))
        yield Figure("warmline_build_info", 1, (self._version,))
        yield Figure("warmline_event_loop_lag_worst_seconds", self._lag.take_worst_s())
