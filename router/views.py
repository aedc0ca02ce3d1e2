"""How agents, queues and waiting contacts stand, read from the core without changing it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.agent import AgentState, AgentView
from domain.decision import Obstacle
from domain.decision_ports import Eligibility
from domain.errors import NotKnown
from domain.ports import QueuePosition, QueueView, WaitingView
from router.core import RouterCore
from router.team_rules import barred
from router.waiting import WaitingContact

_WORKING = frozenset({AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP})


def position(core: RouterCore, contact_id: str, now_s: float) -> QueuePosition | None:
    """Return where a contact stands; None if it does not wait or is being offered."""
    contact = core.line.get(contact_id)
    if contact is None or contact.offered_to is not None:
        return None
    forecast = core.forecasts(now_s).of(contact)
    return QueuePosition(
        position=core.line.position(contact, now_s),
        expected_wait_s=None if forecast is None else forecast.p50_s,
        wait_p90_s=None if forecast is None else forecast.p90_s,
    )


def agent_views(core: RouterCore, now_s: float) -> list[AgentView]:
    """Return every agent as he stands."""
    return [
        AgentView(
            agent=standing.policy.agent,
            state=standing.state,
            reason=standing.reason,
            in_state_s=now_s - standing.since_s,
            wished=standing.wished,
            contact_id=next(iter(standing.work), None),
            contact_ids=tuple(standing.work),
            reachable=standing.reachable,
            media=frozenset(standing.media),
            answered=standing.answered,
            missed=standing.missed,
        )
        for standing in core.roster
    ]


def queue_views(core: RouterCore, now_s: float) -> list[QueueView]:
    """Return every queue of the policy as it stands.

    Agents count as eligible when they are logged in and have the queue's skills and
    language.
    """
    masks = _AgentMasks.of(core)
    crowds = {queue_id: _Crowd() for queue_id in core.policy.queues}
    for contact in core.line:
        if contact.queue_id in crowds:
            crowds[contact.queue_id].add(contact, now_s)
    views = []
    for queue in core.policy.queues.values():
        figures = core.figures[queue.id]
        crowd = crowds[queue.id]
        able = core.demand.able(queue.id)
        views.append(
            QueueView(
                queue_id=queue.id,
                waiting=crowd.waiting,
                offered=crowd.offered,
                connected=figures.connected,
                longest_wait_s=crowd.longest_wait_s,
                agents_eligible=int(np.count_nonzero(able & masks.logged_in)),
                agents_ready=int(np.count_nonzero(able & masks.ready)),
                arrived=figures.arrived,
                answered=figures.answered,
                abandoned=figures.abandoned,
                average_speed_of_answer_s=figures.average_speed_of_answer_s,
                service_level=figures.service_level,
                service_level_abandoned=figures.service_level_abandoned,
            )
        )
    return views


def waiting_views(core: RouterCore, queue_id: str, now_s: float) -> list[WaitingView]:
    """Return the contacts of a queue that wait or are being offered, the next first.

    Raises:
        NotKnown: There is no such queue.
    """
    contacts = core.line.of_queue(core.queue(queue_id).id, now_s)
    forecasts = core.forecasts(now_s).of_all(contacts)
    shown = []
    ahead = 0
    for contact, forecast in zip(contacts, forecasts, strict=True):
        # They come in order, so nobody has to be looked for once more.
        place = ahead + 1
        ahead += contact.offered_to is None
        shown.append(
            WaitingView(
                contact_id=contact.contact_id,
                position=place,
                waited_s=contact.waited_s(now_s),
                priority=contact.priority,
                language=contact.language,
                expected_wait_s=None if forecast is None else forecast.p50_s,
                wait_p90_s=None if forecast is None else forecast.p90_s,
                offered_to=contact.offered_to,
            )
        )
    return shown


def eligibility(core: RouterCore, contact_id: str, now_s: float) -> list[Eligibility]:
    """Return every agent, those who can be offered the contact first, the cheapest first.

    Raises:
        NotKnown: The contact does not wait.
    """
    contact = core.line.get(contact_id)
    if contact is None:
        raise NotKnown("waiting contact", contact_id)
    kept_for = core.demand.waited_for(contact, now_s)
    costs_s = core.demand.costs_s(contact, now_s)
    rules = core.policy.weights.team_rules
    judged = []
    for standing in core.roster:
        obstacle = core.demand.eligibility.obstacle(contact, standing, kept_for, now_s)
        if obstacle is None and barred(rules, contact, standing, core.roster):
            obstacle = Obstacle.TEAM_RULE
        cost_s = None if obstacle is not None else round(float(costs_s[standing.column]), 3)
        judged.append(Eligibility(agent_id=standing.agent_id, obstacle=obstacle, cost_s=cost_s))
    judged.sort(key=lambda one: (one.cost_s is None, one.cost_s or 0.0, one.agent_id))
    return judged


@dataclass(slots=True)
class _Crowd:
    """Those of one queue whom no agent has answered."""

    waiting: int = 0
    offered: int = 0
    longest_wait_s: float = 0.0

    def add(self, contact: WaitingContact, now_s: float) -> None:
        if contact.offered_to is None:
            self.waiting += 1
        else:
            self.offered += 1
        self.longest_wait_s = max(self.longest_wait_s, contact.waited_s(now_s))


@dataclass(frozen=True, slots=True)
class _AgentMasks:
    """The agents of the policy by state, each shape (agents,) as in the core's table."""

    logged_in: NDArray[np.bool_]
    working: NDArray[np.bool_]
    ready: NDArray[np.bool_]

    @classmethod
    def of(cls, core: RouterCore) -> "_AgentMasks":
        masks = np.zeros((3, len(core.demand.columns)), dtype=np.bool_)
        for standing in core.roster:
            column = standing.column
            if column >= 0:
                masks[0, column] = standing.state is not AgentState.LOGGED_OUT
                masks[1, column] = standing.state in _WORKING
                masks[2, column] = standing.state is AgentState.READY
        return cls(*masks)
