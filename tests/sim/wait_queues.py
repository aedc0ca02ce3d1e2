"""Small queues in virtual time: M/G/n+M with agents who serve one queue or both."""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from domain.wait_forecast import WaitForecast
from router.departures import shared_ahead
from router.figures import HANDLE_TIME_SHARE
from router.wait_calibration import ForecastBook
from router.wait_model import Arrivals, Patience
from router.waiting_time import Asked, Crew, HandleBook, Outlook

WARM_UP = 300
"""Contacts before anything is judged."""


@dataclass(frozen=True)
class Shop:
    """One small centre.

    Attributes:
        agents: Which queues each serves.
        load: Work that arrives per work that can be done, of all who come.
        handle_s, spread: Mean and coefficient of variation of a lognormal handle time.
        patience_s: Mean of an exponential patience.
        urgent: Share of arrivals with a higher priority.
    """

    agents: tuple[str, ...]
    load: float
    handle_s: float = 240.0
    spread: float = 0.8
    patience_s: float = 600.0
    urgent: float = 0.0


@dataclass
class Judged:
    """A forecast and what came of it, of a customer who never leaves."""

    raw: WaitForecast
    told: WaitForecast
    today_s: float | None
    waited_s: float


@dataclass
class Waiting:
    number: int
    queue_id: str
    priority: int
    arrived_s: float
    stays: bool


@dataclass
class Run:
    """A run of a shop from one seed."""

    shop: Shop
    seed: int
    contacts: int
    judged: list[Judged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.book, self.forecasts = HandleBook(), ForecastBook()
        self.patience = {"a": Patience(), "b": Patience()}
        self.arrivals = Arrivals()
        count = len(self.shop.agents)
        self.serving: list[tuple[str, float] | None] = [None] * count
        self.skilled = {
            queue_id: np.array([queue_id in one for one in self.shop.agents])
            for queue_id in ("a", "b")
        }
        self.line: list[Waiting] = []
        self.open: dict[int, tuple[WaitForecast, WaitForecast, float | None]] = {}
        self.handle_s: float | None = None
        self.plan: list[tuple[float, int, Callable[[float], None]]] = []
        self.planned = 0

    def at(self, at_s: float, what: Callable[[float], None]) -> None:
        self.planned += 1
        heapq.heappush(self.plan, (at_s, self.planned, what))

    def run(self) -> "Run":
        shop = self.shop
        per_s = shop.load * len(shop.agents) / shop.handle_s
        at_s = 0.0
        for number in range(self.contacts):
            at_s += self.random.expovariate(per_s)
            contact = Waiting(
                number,
                self.random.choice("ab"),
                int(self.random.random() < shop.urgent),
                at_s,
                self.random.random() < 0.25,
            )
            self.at(at_s, lambda now_s, contact=contact: self.arrive(contact, now_s))  # type: ignore[misc]
        while self.plan:
            now_s, _, what = heapq.heappop(self.plan)
            what(now_s)
        return self

    def arrive(self, contact: Waiting, now_s: float) -> None:
        self.arrivals.note(contact.priority, now_s)
        free = [
            place
            for place, serving in enumerate(self.serving)
            if serving is None and self.skilled[contact.queue_id][place]
        ]
        if free:
            self.patience[contact.queue_id].note(0.0, left=False)
            self.serve(self.random.choice(free), contact, now_s)
            return
        if contact.number >= WARM_UP // 2:
            self.ask(contact, now_s)
        self.line.append(contact)
        self.line.sort(key=lambda one: (-one.priority, one.number))
        if not contact.stays:
            patience_s = self.random.expovariate(1 / self.shop.patience_s)
            self.at(now_s + patience_s, lambda then_s: self.leave(contact, then_s))

    def ask(self, contact: Waiting, now_s: float) -> None:
        """Forecast as the router does: from counts and ages, without knowing what will come."""
        ages = [-1.0 if one is None else now_s - one[1] for one in self.serving]
        queues = ["" if one is None else one[0] for one in self.serving]
        outlook = Outlook.of(Crew(np.array(ages), queues), self.book)
        if outlook is None:
            return
        able = self.skilled[contact.queue_id]
        groups = ("a", "b")
        before = [
            sum(one.queue_id == group and one.priority >= contact.priority for one in self.line)
            for group in groups
        ]
        shared = [np.count_nonzero(able & self.skilled[group]) for group in groups]
        every = [np.count_nonzero(self.skilled[group]) for group in groups]
        ahead = shared_ahead(
            np.array([before], dtype=float), np.array(every, float), np.array([shared], float)
        )
        urgent_per_s = self.arrivals.rate_above_per_s(contact.priority, now_s)
        urgent_per_s *= float(np.mean(np.array(shared) / np.maximum(every, 1)))
        (raw,) = outlook.forecasts(
            Asked(
                able=able[None],
                kind=np.zeros(1, dtype=np.int64),
                ahead=ahead,
                leave_rate_per_s=np.array([self.patience[contact.queue_id].rate_per_s]),
                urgent_rate_per_s=np.array([urgent_per_s]),
            )
        )
        if raw is None:
            return
        told = self.forecasts.tell(str(contact.number), contact.queue_id, raw, now_s)
        today_s = simple_wait_s(
            ahead=sum(n for n, both in zip(before, shared, strict=True) if both),
            agents_free=0,
            agents_working=int(able.sum()),
            handle_s=self.handle_s,
        )
        self.open[contact.number] = (raw, told, today_s)

    def serve(self, place: int, contact: Waiting, now_s: float) -> None:
        self.serving[place] = (contact.queue_id, now_s)
        self.forecasts.answered(str(contact.number), now_s)
        found = self.open.pop(contact.number, None)
        if found is not None and contact.stays and contact.number >= WARM_UP:
            raw, told, today_s = found
            self.judged.append(Judged(raw, told, today_s, now_s - contact.arrived_s))
        spread = math.sqrt(math.log(1 + self.shop.spread**2))
        middle = math.log(self.shop.handle_s) - spread**2 / 2
        took_s = self.random.lognormvariate(middle, spread)
        self.at(now_s + took_s, lambda then_s: self.end(place, then_s))

    def end(self, place: int, now_s: float) -> None:
        serving = self.serving[place]
        assert serving is not None
        took_s = now_s - serving[1]
        self.book.note(serving[0], took_s)
        before_s = took_s if self.handle_s is None else self.handle_s
        self.handle_s = before_s + HANDLE_TIME_SHARE * (took_s - before_s)
        self.serving[place] = None
        for contact in self.line:
            if self.skilled[contact.queue_id][place]:
                self.line.remove(contact)
                waited_s = now_s - contact.arrived_s
                self.patience[contact.queue_id].note(waited_s, left=False)
                self.serve(place, contact, now_s)
                return

    def leave(self, contact: Waiting, now_s: float) -> None:
        if contact in self.line:
            self.line.remove(contact)
            self.forecasts.left(str(contact.number), now_s)
            self.open.pop(contact.number, None)
            self.patience[contact.queue_id].note(now_s - contact.arrived_s, left=True)


def simple_wait_s(
    *, ahead: int, agents_free: int, agents_working: int, handle_s: float | None
) -> float | None:
    """Return how long a contact may have to wait for an agent, seconds.

    With handle times that are exponentially distributed, `agents_working` busy agents
    become free `agents_working / handle_s` times a second, and the contact waits for as many
    of these as there are contacts ahead of it, and one more.

    Args:
        ahead: Waiting contacts that are more urgent and could take the same agents.
        agents_free: READY agents who may serve it.
        agents_working: Agents who may serve it and are READY, BUSY or in WRAP_UP.
        handle_s: Mean seconds that one contact occupies an agent; None when unknown.

    Returns:
        None when nothing can be said: nobody works, or no contact has ended yet.
    """
    if ahead < agents_free:
        return 0.0
    if agents_working == 0 or handle_s is None:
        return None
    return (ahead + 1 - agents_free) * handle_s / agents_working
