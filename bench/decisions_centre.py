"""A centre at work around the running router: customers who come, wait and leave, agents who talk.

The router runs as in the node: real time, the bus with its readers, the SQLite store, the outcome
model. Only telephones are missing: the desk here answers as an agent does, after a while.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.router_people import Scene, Waiting
from bus.local import LocalBus
from config.routing import Learning, Routing
from domain.agent import AgentState
from domain.commands import WithdrawReason
from domain.contact import Disposition
from domain.mood import Mood
from domain.offer import Offer
from router.inputs import OutcomeKnown
from router.learning.model import OutcomeModel
from router.policy import AgentPolicy, RouterPolicy
from router.service import RouterService
from server.clock import SystemClock
from server.interval_recorder import IntervalRecorder
from server.journal import EventRecorder, JournalWriter
from server.wiring import DECISIONS_GATHER_S
from store.opening import open_store

RING_S: Final = 0.5
TALK_MEAN_S: Final = 4.0
WRAP_UP_S: Final = 1.0
"""A hundred agents who are so quick make 60 events a second, as some hundred real ones do."""
RING_S_MAX: Final = 120.0
WAITING_MAX: Final = 10_000
ENDS_WRAP_UP_SHARE: Final = 0.3
"""Share of wrap-ups that the agent ends himself."""
MOODS: Final = (Mood.CALM, Mood.UNEASY, Mood.UPSET, Mood.ANGRY)


class TimedRouter(RouterService):
    """The router, and what its turns cost: deadlines, assigning, explaining, the desk's calls.

    Attributes:
        turns_s: Processor time of each turn.
    """

    def __init__(self, *of: Any, **by: Any) -> None:
        """Build as the router is built."""
        super().__init__(*of, **by)
        self.turns_s: list[float] = []

    async def __aenter__(self) -> "TimedRouter":
        await super().__aenter__()
        return self

    def advance(self) -> None:
        """Do what is due now."""
        begun_s = time.thread_time()
        super().advance()
        self.turns_s.append(time.thread_time() - begun_s)


class Centre:
    """Plays the customers and agents, and measures: from an event to the desk's being asked.

    Attributes:
        waits_s: From what made a pair possible to its offer, seconds: the agent's becoming free or
            the contact's joining the queue, whichever came later.
        work_s: Processor time that the loop's thread spent between the two, whoever else works on
            the machine; not where a timer ended a wrap-up.
        offers: By the agent they were made to.
    """

    def __init__(self, scene: Scene, seed: int) -> None:
        """Prepare the people; `open_centre` gives the router."""
        self.waits_s: list[float] = []
        self.work_s: list[float] = []
        self.offers: dict[str, Offer] = {}
        self.rng = np.random.default_rng(seed)
        self.router: TimedRouter
        self.answers = True
        self._scene = scene
        self._possible: dict[str, tuple[float, float | None]] = {}
        self._waiting: dict[str, None] = {}
        self._came = 0
        self._calls: set[asyncio.TimerHandle] = set()

    @property
    def waiting(self) -> list[str]:
        """Ids of the contacts that no agent was offered yet."""
        return list(self._waiting)

    def offer_contact(self, offer: Offer) -> None:
        """Note when, and answer after a while."""
        since_s, cpu_s = max(
            self._possible[offer.agent_id], self._possible[offer.contact_id], key=itemgetter(0)
        )
        self.waits_s.append(time.monotonic() - since_s)
        if cpu_s is not None:
            self.work_s.append(time.thread_time() - cpu_s)
        self._waiting.pop(offer.contact_id, None)
        self.offers[offer.agent_id] = offer
        if self.answers:
            self._later(RING_S * float(self.rng.uniform(0.5, 1.5)), self._answer, offer)

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Nothing rings here."""

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """Nobody here waits for so long."""
        self._waiting.pop(contact_id, None)

    def come(self, *, waited_s: float = 0.0) -> None:
        """A customer joins his queue."""
        drawn = self._scene.contacts[int(self.rng.integers(len(self._scene.contacts)))]
        self._came += 1
        self.enqueue(drawn, f"call-{self._came}", waited_s)

    def enqueue(self, drawn: Waiting, contact_id: str, waited_s: float) -> None:
        """Let this customer join his queue under another id."""
        self.router.customer_known(contact_id, drawn.profile)
        if drawn.mood is not Mood.UNKNOWN:
            self.router.mood_observed(contact_id, drawn.mood)
        self._waiting[contact_id] = None
        self._possible[contact_id] = time.monotonic(), time.thread_time()
        self.router.enqueue(replace(drawn.queued, contact_id=contact_id, waited_s=waited_s))

    def go(self) -> None:
        """Somebody who waits gives up."""
        contact_id = self.somebody()
        del self._waiting[contact_id]
        self.router.leave(contact_id)

    def somebody(self) -> str:
        """Return the id of any contact that waits."""
        waiting = self.waiting
        return waiting[int(self.rng.integers(len(waiting)))]

    def feel(self) -> None:
        """It is observed how somebody who waits feels."""
        mood = MOODS[int(self.rng.integers(len(MOODS)))]
        self.router.mood_observed(self.somebody(), mood)

    def ready(self, agent_id: str) -> None:
        """An agent asks for work."""
        self._possible[agent_id] = time.monotonic(), time.thread_time()
        self.router.request_state(agent_id, AgentState.READY, "")

    def rest(self, agent_id: str) -> None:
        """An agent takes no work."""
        self.router.request_state(agent_id, AgentState.NOT_READY, "")

    def measure_anew(self) -> None:
        """Forget what was measured until now."""
        for kept in (self.waits_s, self.work_s, self.router.turns_s):
            kept.clear()

    def stop(self) -> None:
        """Nobody does anything any more."""
        for call in self._calls:
            call.cancel()

    def _answer(self, offer: Offer) -> None:
        if self.router.accept(offer.offer_id):
            self._later(float(self.rng.exponential(TALK_MEAN_S)), self._finish, offer)

    def _finish(self, offer: Offer) -> None:
        self._possible[offer.agent_id] = time.monotonic() + WRAP_UP_S, None
        self.router.finish(offer.contact_id)
        if self.rng.random() < ENDS_WRAP_UP_SHARE:
            self._later(WRAP_UP_S * float(self.rng.random()), self._end_wrap_up, offer.agent_id)
        outcome = OutcomeKnown(offer.contact_id, resolved=bool(self.rng.random() < 0.7))
        self._later(float(self.rng.exponential(1.0)), self.router.outcome_known, outcome)

    def _end_wrap_up(self, agent_id: str) -> None:
        # When the loop was late the time is over, and he may have something new.
        if self._possible[agent_id][0] > time.monotonic():
            self.ready(agent_id)

    def _later(self, seconds: float, act: object, what: object) -> None:
        assert callable(act)

        def do() -> None:
            self._calls.discard(handle)
            act(what)

        handle = asyncio.get_running_loop().call_later(seconds, do)
        self._calls.add(handle)


@asynccontextmanager
async def open_centre(scene: Scene, seed: int) -> AsyncIterator[Centre]:
    """Run a router for these agents and queues, with what reads its events in a node."""
    clock = SystemClock()
    centre = Centre(scene, seed)
    changed = {"wrap_up_s": WRAP_UP_S, "ring_s": RING_S_MAX, "waiting_max": WAITING_MAX}
    queues = {queue.id: queue.model_copy(update=changed) for queue in scene.queues}
    policy = RouterPolicy(
        agents={free.agent.agent_id: AgentPolicy(agent=free.agent) for free in scene.agents},
        queues=queues,
        weights=Routing(),
    )
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder), clock) as store:
            bus = LocalBus(clock)
            async with (
                JournalWriter(bus, store.journal),
                EventRecorder(
                    bus, "decisions", store.decisions.append, gather_s=DECISIONS_GATHER_S
                ),
                IntervalRecorder(
                    bus,
                    store.intervals,
                    store.journal,
                    clock,
                    lambda queue_id: queues[queue_id].service_level.target_s,
                ),
                TimedRouter(
                    policy,
                    events=bus,
                    clock=clock,
                    desk=centre,
                    wishes=store.wishes,
                    outcomes=OutcomeModel(Learning()),
                ) as router,
            ):
                assert isinstance(router, TimedRouter)
                centre.router = router
                for free in scene.agents:
                    centre.router.set_reachable(free.agent.agent_id, True)
                    centre.router.request_state(free.agent.agent_id, AgentState.NOT_READY, "")
                yield centre
                centre.stop()
