"""A small centre for tests of the simulator: 150 contacts a day, six agents."""

from dataclasses import replace
from itertools import count
from pathlib import Path

from config.workload import Workload
from config.workload_file import read_workload
from domain.agent import AgentState
from domain.commands import OfferContact
from domain.contact import Channel
from domain.events import ContactQueued
from router.inputs import AgentStateRequested, ReachabilityChanged
from router.policy import RouterPolicy, requirements_of
from router.simulation.arrivals import Arrival
from router.simulation.centre import Centre, apart_of
from router.simulation.desk import Desk, Order

TINY = """\
name: tiny
contacts_per_day: 150
shape: {"08:00": 1, "09:00": 3, "11:00": 2}
queues:
  - id: sales
    share: 3
    channels: {voice: 3, chat: 1}
    skills: {sales: 2}
    priority: 1
    topics: {offer: {share: 2, handle_s: 120}, order: {handle_s: 90}}
  - id: help
    share: 1
    channels: {voice: 1, mail: 1}
    topics: {other: {handle_s: 60}}
    wait_s_max: 7200
teams:
  - {id: desk, agents: 4, skills: {sales: [2, 5]}, languages: {en: [3, 5]}}
  - {id: zh, agents: 2, skills: {sales: [2, 4]}, languages: {zh: [4, 5], en: [2, 3]}}
shifts:
  - {id: day, begin: "08:00", end: "12:00", breaks_s: [600]}
customers:
  count: 60
  languages: {en: 4, zh: 1}
  products: {basic: 1, plus: 1}
  regions: {north: 1, south: 1}
"""


def workload(text: str = TINY) -> Workload:
    return read_workload(text.encode(), Path("tiny.yaml"))


def changed(text: str = TINY, **updates: object) -> Workload:
    """Return the workload with some of its fields set otherwise."""
    return workload(text).model_copy(update=updates)


def centre(seed: int = 1, of: Workload | None = None) -> Centre:
    return Centre.of(of or workload(), seed)


def arrival(contact_id: str = "x", **changes: object) -> Arrival:
    fields: dict = {
        "contact_id": contact_id,
        "at_s": 30_000.0,
        "channel": Channel.VOICE,
        "queue_id": "sales",
        "customer_id": "c1",
        "patience_s": 100.0,
        "key": 7,
        "topic": "offer",
    }
    return Arrival(**(fields | changes))


def exclusive(policy: RouterPolicy) -> RouterPolicy:
    """Return a policy whose agents serve no chat beside a call, as the configuration has it."""
    apart = apart_of(policy.weights)
    return replace(
        policy,
        agents={
            agent_id: replace(
                one,
                agent=replace(one.agent, capacity=replace(one.agent.capacity, apart=apart)),
            )
            for agent_id, one in policy.agents.items()
        },
    )


class Bench:
    """A desk that is told things by a test."""

    def __init__(self, order: Order, policy: RouterPolicy) -> None:
        numbers = count(1)
        self.policy = policy
        self.desk = Desk(order, policy, new_id=lambda: f"o{next(numbers)}", now_s=0.0)

    def ready(self, agent_id: str, now_s: float) -> None:
        self.desk.handle(ReachabilityChanged(agent_id, True), now_s)
        self.desk.handle(AgentStateRequested(agent_id, AgentState.READY), now_s)

    def queue(self, contact_id: str, queue_id: str, now_s: float, **changes: object) -> None:
        queue = self.policy.queues[queue_id]
        fields: dict = {
            "contact_id": contact_id,
            "queue_id": queue_id,
            "language": "en",
            "priority": queue.priority,
            "requirements": requirements_of(queue),
        }
        self.desk.handle(ContactQueued(**(fields | changes)), now_s)

    def pairs(self, now_s: float) -> dict[str, str]:
        """Advance, assign, and return the agent by contact of the new offers."""
        out = list(self.desk.advance(now_s)) + list(self.desk.assign(now_s))
        return {
            one.offer.contact_id: one.offer.agent_id for one in out if isinstance(one, OfferContact)
        }
