"""Three hours of a small centre from one seed: nobody is lost, callers are told the truth."""

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from statistics import mean

from domain.agent import AgentState
from domain.commands import OfferContact
from domain.events import AgentStateChanged, ContactQueued
from domain.offer_events import OfferAccepted
from router import views
from router.core import Output, RouterCore
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    Input,
    OfferAnswered,
    ReachabilityChanged,
)
from tests.unit.router.people import agent, policy, queue, queued

HOURS_S = 3 * 3_600.0
TALK_S = 180.0
PATIENCE_S = 900.0


@dataclass
class Day:
    """Callers and agents with moods, all drawn from one seed."""

    seed: int
    answered: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    arrived: int = 0
    left: int = 0
    missed: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        people = [
            agent(f"a{n}", extension=f"{100 + n}", skills={"tech": 1 + n % 5}) for n in range(8)
        ]
        people += [agent(f"z{n}", extension=f"{200 + n}", languages={"zh": 5}) for n in range(4)]
        queues = [queue(), queue("help", skills={"tech": 2}), queue("chinese", language="zh")]
        ids = count(1)
        self.numbers = count(1)
        self.core = RouterCore(policy(people, queues), new_id=lambda: f"o{next(ids)}", now_s=0.0)
        self.events: list[tuple[float, int, Input]] = []
        self.trace: list[Output] = []
        for one in people:
            self.plan(0.0, ReachabilityChanged(one.id, True))
            self.plan(0.0, AgentStateRequested(one.id, AgentState.READY))
        for queue_id, rate_s in (("sales", 60.0), ("help", 70.0), ("chinese", 60.0)):
            at_s = 0.0
            while (at_s := at_s + self.random.expovariate(1 / rate_s)) < HOURS_S:
                self.arrived += 1
                language = "zh" if queue_id == "chinese" else "en"
                skills = {"tech": 2} if queue_id == "help" else {}
                contact_id = f"{queue_id}-{at_s:012.3f}"
                self.plan(at_s, queued(contact_id, queue_id, language=language, skills=skills))
                self.plan(at_s + self.random.expovariate(1 / PATIENCE_S), ContactLeft(contact_id))

    def plan(self, at_s: float, happens: Input) -> None:
        heapq.heappush(self.events, (at_s, next(self.numbers), happens))

    def run(self) -> "Day":
        while self.events:
            at_s, _, happens = heapq.heappop(self.events)
            while (due_s := self.core.next_deadline_s()) is not None and due_s <= at_s:
                self.note(self.core.advance(due_s), due_s)
                self.assign(due_s)
            self.note(self.core.handle(happens, at_s), at_s)
            self.assign(at_s)
            if isinstance(happens, ContactQueued):
                self.ask(happens.contact_id, at_s)
        return self

    def assign(self, now_s: float) -> None:
        while self.core.wants_assignment:
            self.note(self.core.assign(now_s), now_s)

    def ask(self, contact_id: str, now_s: float) -> None:
        place = views.position(self.core, contact_id, now_s)
        if place is not None and place.expected_wait_s is not None:
            self.told[contact_id] = place.expected_wait_s

    def note(self, outputs: list[Output], now_s: float) -> None:
        self.trace += outputs
        for output in outputs:
            match output:
                case OfferContact(offer=offer):
                    if self.random.random() < 0.95:
                        self.plan(now_s + self.random.uniform(1, 8), OfferAnswered(offer.offer_id))
                case OfferAccepted():
                    self.answered[output.contact_id] = output.waited_s
                    talk_s = self.random.expovariate(1 / TALK_S)
                    self.plan(now_s + talk_s, ContactFinished(output.contact_id))
                case AgentStateChanged(after=AgentState.NOT_READY, reason="ring_no_answer"):
                    self.missed += 1
                    back = AgentStateRequested(output.agent_id, AgentState.READY)
                    self.plan(now_s + 60, back)
                case _:
                    pass


def test_nobody_is_lost_and_nobody_is_forgotten():
    day = Day(seed=1).run()
    left = sum(figures.abandoned for figures in day.core.figures.values())
    assert day.arrived == len(day.answered) + left
    assert len(day.core.line) == len(day.core.offers) == 0
    assert day.missed > 5
    assert len(day.answered) > 0.8 * day.arrived
    assert max(day.answered.values()) < PATIENCE_S * 4


def test_what_callers_are_told_is_what_they_wait():
    told, waited = [], []
    for seed in range(3):
        day = Day(seed=seed).run()
        for contact_id, expected_s in day.told.items():
            if contact_id in day.answered and expected_s > 0:
                told.append(expected_s)
                waited.append(day.answered[contact_id])
    assert len(told) > 100
    assert 0.6 < mean(told) / mean(waited) < 1.6


def test_the_same_seed_is_the_same_day():
    assert Day(seed=7).run().trace == Day(seed=7).run().trace
