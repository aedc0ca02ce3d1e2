"""The router's core: who waits, who is free, who is offered what. Pure.

Inputs and the time come in; commands and events come out. `next_deadline_s` says when to
call `advance`, `wants_assignment` when to call `assign`; the shell decides how soon.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict, assert_never

from config.schema import QueueEntry
from domain.agent import AgentState
from domain.commands import Command, OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import ContactState, Disposition
from domain.deadlines import Deadlines
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.events import (
    ContactQueued,
    Event,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from domain.offer import DeclineReason, Offer, OfferTrigger
from router.eligibility import AgentTable
from router.figures import QueueFigures
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    Input,
    MoodObserved,
    OfferAnswered,
    OfferRefused,
    OutcomeKnown,
    PolicyChanged,
    PriorityAdded,
    ReachabilityChanged,
)
from router.lone import lone_match
from router.offers import OfferBook, Pauses
from router.policy import RouterPolicy
from router.roster import Roster, Serving, Standing
from router.slices import next_slice
from router.solver import solve
from router.waiting import WaitingContact, WaitingLine

Output = Command | Event

OFFERS_MAX: Final = 64
"""Offers made in one go, which takes 2 ms; the telephones they ring cost far more."""

_EXPIRES: Final = "offer expires"
_OVERDUE: Final = "contact overdue"
_WRAPPED_UP: Final = "agent wrapped up"
_PAUSE_ENDS: Final = "pause ends"


class _OfferNames(TypedDict):
    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str


class _Connected(NamedTuple):
    agent_id: str
    queue_id: str


@dataclass(slots=True)
class CoreTotals:
    """What has happened over all queues since the start.

    Attributes:
        assignments: Problems solved.
        sliced: Those that were only a part of who waited and who was free.
        offers: Offers made.
        refused: Contacts turned away by a queue at its limit.
    """

    assignments: int = 0
    sliced: int = 0
    offers: int = 0
    refused: int = 0


class RouterCore:
    """All that the router knows, and every decision it takes.

    A call that raises changes nothing but for deadlines that were due; what these led to
    is handed out by the next call.
    """

    def __init__(
        self,
        policy: RouterPolicy,
        *,
        new_id: Callable[[], str],
        now_s: float,
        remembered: Mapping[str, tuple[AgentState, str]] | None = None,
    ) -> None:
        """Begin with nobody waiting.

        Args:
            policy: Agents, queues and weights.
            now_s: The injected clock's time.
            new_id: Gives the ids of offers.
            remembered: What agents had asked for before a restart.
        """
        self._new_id = new_id
        self._out: list[Output] = []
        self._policy = policy
        self._queues: dict[str, QueueEntry] = {}
        self.line = WaitingLine(policy.weights)
        self.roster = Roster(self._out.append, self._note_served, remembered)
        self.offers = OfferBook()
        self.pauses = Pauses()
        self.figures: dict[str, QueueFigures] = {}
        self.totals = CoreTotals()
        self._connected: dict[str, _Connected] = {}
        self._matches: deque[tuple[WaitingContact, Standing, int]] = deque()
        self._deadlines: Deadlines[tuple[str, ...]] = Deadlines()
        self._unsettled = False
        self.table = AgentTable((), 0.0)
        self._take_over(policy, now_s)

    @property
    def wants_assignment(self) -> bool:
        """Offers are still to be made, or something has changed that may bring new ones."""
        changed = self._unsettled and self.roster.free_count > 0 and bool(self.line.groups)
        return changed or self.has_matches

    @property
    def has_matches(self) -> bool:
        """The last assignment was so large that a part of its offers is still to be made."""
        return bool(self._matches)

    def queue(self, queue_id: str) -> QueueEntry:
        """Return a queue as it is configured.

        Raises:
            NotKnown: There is no such queue.
        """
        queue = self._policy.queues.get(queue_id)
        if queue is None:
            raise NotKnown("queue", queue_id)
        return queue

    @property
    def policy(self) -> RouterPolicy:
        """The policy in force."""
        return self._policy

    def next_deadline_s(self) -> float | None:
        """Return when `advance` must be called next; None for not at all."""
        return self._deadlines.next_s()

    def advance(self, now_s: float) -> list[Output]:
        """Do what is due by now."""
        self._meet_deadlines(now_s)
        return self._take()

    def handle(self, happened: Input, now_s: float) -> list[Output]:
        """Take one input, after what is due by now.

        Raises:
            NotKnown: An agent or a queue is not in the policy.
            LimitExceeded: The queue is at its limit of waiting contacts.
            IllegalTransition: The agent cannot ask for that state, or the contact waits
                already.
        """
        self._meet_deadlines(now_s)
        match happened:
            case ContactQueued():
                self._enqueue(happened, now_s)
            case ContactLeft(contact_id):
                self._leave(contact_id, now_s)
            case OfferAnswered(offer_id):
                self._accept(offer_id, now_s)
            case OfferRefused(offer_id, reason):
                offer = self.offers.get(offer_id)
                if offer is not None:
                    self._decline(offer, reason, now_s)
            case ContactFinished(contact_id):
                self._finish(contact_id, now_s)
            case PriorityAdded(contact_id, steps):
                self.line.add_priority(contact_id, steps)
            case CustomerKnown() | MoodObserved() | OutcomeKnown():
                pass
            case AgentStateRequested(agent_id, state, reason_given):
                self.roster.request(self.roster.get(agent_id), state, reason_given, now_s)
            case ReachabilityChanged(agent_id, reachable):
                self._reach(agent_id, reachable, now_s)
            case PolicyChanged(policy):
                self._take_over(policy, now_s)
            case _:
                assert_never(happened)
        # A wrap-up of 0 s is over at once, and so is a wait that a new policy shortens.
        self._meet_deadlines(now_s)
        self._unsettled = True
        return self._take()

    def assign(self, now_s: float) -> list[Output]:
        """Solve who serves whom and make the offers.

        Bounded work: with very many free agents and queues only a part is solved, and with
        very many offers only OFFERS_MAX are made; `wants_assignment` stays true for the rest.
        """
        self._meet_deadlines(now_s)
        if not self._matches:
            self._solve(now_s)
        for _ in range(min(OFFERS_MAX, len(self._matches))):
            self._offer(*self._matches.popleft(), now_s)
        return self._take()

    def _solve(self, now_s: float) -> None:
        self._unsettled = False
        groups, free = self.line.groups, self.roster.free()
        lone = lone_match(
            groups,
            free,
            table=self.table,
            pauses=self.pauses,
            weights=self._policy.weights,
            now_s=now_s,
        )
        if lone is not None:
            if lone.agent is not None:
                self.totals.assignments += 1
                self._matches.append((lone.contact, lone.agent, lone.cost))
            return
        part = next_slice(
            groups,
            free,
            table=self.table,
            pauses=self.pauses,
            weights=self._policy.weights,
            now_s=now_s,
        )
        if part is not None:
            solution = solve(part.problem)
            self.totals.assignments += 1
            self.totals.sliced += not part.whole
            self._matches.extend(part.matches(solution))
            self._unsettled = not (part.whole and solution.exact)

    def _take(self) -> list[Output]:
        taken = self._out[:]
        self._out.clear()
        return taken

    def _meet_deadlines(self, now_s: float) -> None:
        for name in self._deadlines.due(now_s):
            match name:
                case (kind, offer_id) if kind == _EXPIRES:
                    self._expire(offer_id, now_s)
                case (kind, contact_id) if kind == _OVERDUE:
                    self._overdue(contact_id)
                case (kind, agent_id) if kind == _WRAPPED_UP:
                    self._wrapped_up(agent_id, now_s)
                case (kind, contact_id, agent_id) if kind == _PAUSE_ENDS:
                    self.pauses.end(contact_id, agent_id)
                case _:
                    raise AssertionError(f"no deadline of kind {name}")
            self._unsettled = True

    def _enqueue(self, queued: ContactQueued, now_s: float) -> None:
        queue = self.queue(queued.queue_id)
        if queued.contact_id in self.line or queued.contact_id in self._connected:
            raise IllegalTransition("Contact", ContactState.QUEUED.value, "enqueue")
        figures = self.figures[queue.id]
        waiting = self.line.in_queue(queue.id)
        if waiting >= queue.waiting_max:
            figures.refused += 1
            self.totals.refused += 1
            raise LimitExceeded(f"queue {queue.id} waiting_max", waiting + 1, queue.waiting_max)
        figures.arrived += 1
        contact = WaitingContact.of(queued, now_s)
        self.line.add(contact)
        self._deadlines.set((_OVERDUE, contact.contact_id), contact.queued_at_s + queue.wait_s_max)
        self._out.append(queued)

    def _leave(self, contact_id: str, now_s: float) -> None:
        contact = self.line.get(contact_id)
        if contact is None:
            return
        figures = self.figures[contact.queue_id]
        target_s = self._queues[contact.queue_id].service_level.target_s
        figures.note_abandonment(contact.waited_s(now_s), target_s)
        offer = self.offers.of_contact(contact_id)
        self._forget(contact)
        if offer is not None:
            self._settle(offer, OfferTrigger.WITHDRAW)
            self._out.append(OfferWithdrawn(**_names(offer)))
            self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.CONTACT_LEFT))
            self.roster.release(self.roster.get(offer.agent_id), now_s)
        self._close_queue(contact.queue_id)

    def _offer(self, contact: WaitingContact, agent: Standing, cost: int, now_s: float) -> None:
        if not self._may_meet(contact, agent, now_s):
            # Something happened since the assignment; what did has asked for another.
            return
        queue = self._queues[contact.queue_id]
        offer = Offer(
            offer_id=self._new_id(),
            contact_id=contact.contact_id,
            agent_id=agent.agent_id,
            queue_id=queue.id,
            made_at_s=now_s,
            expires_at_s=now_s + queue.ring_s,
        )
        self.offers.open(offer)
        self.line.offer(contact, agent.agent_id)
        self._deadlines.set((_EXPIRES, offer.offer_id), offer.expires_at_s)
        self.totals.offers += 1
        self._out.append(OfferMade(**_names(offer), ring_s=queue.ring_s, cost=cost))
        serving = Serving(contact.contact_id, queue.id, now_s)
        self.roster.reserve(agent, serving, now_s)
        self._out.append(OfferContact(offer=offer))

    def _may_meet(self, contact: WaitingContact, agent: Standing, now_s: float) -> bool:
        waits = self.line.get(contact.contact_id) is contact and contact.offered_to is None
        paused = agent.agent_id in self.pauses.agents(contact.contact_id, now_s)
        return waits and self.roster.is_free(agent) and not paused

    def _accept(self, offer_id: str, now_s: float) -> None:
        offer = self.offers.get(offer_id)
        if offer is None:
            return
        contact = self._waiting(offer)
        agent = self.roster.get(offer.agent_id)
        self._settle(offer, OfferTrigger.ACCEPT)
        self._forget(contact)
        waited_s = contact.waited_s(now_s)
        queue = self._queues[contact.queue_id]
        self.figures[queue.id].note_answer(waited_s, queue.service_level.target_s)
        agent.answered += 1
        self._connected[contact.contact_id] = _Connected(agent.agent_id, queue.id)
        self._out.append(OfferAccepted(**_names(offer), waited_s=waited_s))

    def _decline(self, offer: Offer, reason: DeclineReason, now_s: float) -> None:
        self._settle(offer, OfferTrigger.DECLINE)
        self._out.append(OfferDeclined(**_names(offer), reason=reason))
        self._miss(offer, reason.value, now_s)

    def _expire(self, offer_id: str, now_s: float) -> None:
        offer = self.offers.get(offer_id)
        assert offer is not None
        self._settle(offer, OfferTrigger.EXPIRE)
        self._out.append(OfferExpired(**_names(offer), rang_s=now_s - offer.made_at_s))
        self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.EXPIRED))
        self._miss(offer, "ring_no_answer", now_s)

    def _miss(self, offer: Offer, reason: str, now_s: float) -> None:
        """The agent gets nothing more until he asks; the contact waits at its old place."""
        contact = self._waiting(offer)
        self.roster.miss(self.roster.get(offer.agent_id), reason, now_s)
        until_s = now_s + self._policy.weights.decline_pause_s
        self.pauses.begin(contact.contact_id, offer.agent_id, until_s)
        self._deadlines.set((_PAUSE_ENDS, contact.contact_id, offer.agent_id), until_s)
        self.line.take_back(contact)
        if contact.overdue:
            self._release(contact)
            return
        self._out.append(
            ContactQueued(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                language=contact.profile.language,
                priority=contact.priority,
                requirements=contact.profile.requirements,
                waited_s=contact.waited_s(now_s),
            )
        )

    def _finish(self, contact_id: str, now_s: float) -> None:
        connected = self._connected.pop(contact_id, None)
        if connected is None:
            return
        self.figures[connected.queue_id].connected -= 1
        wrap_up_s = self._queues[connected.queue_id].wrap_up_s
        agent = self.roster.get(connected.agent_id)
        self.roster.end(agent, now_s)
        if agent.state is AgentState.WRAP_UP:
            self._deadlines.set((_WRAPPED_UP, agent.agent_id), now_s + wrap_up_s)
        self._close_queue(connected.queue_id)

    def _wrapped_up(self, agent_id: str, now_s: float) -> None:
        """End a wrap-up; the agent may have ended it himself, and be anywhere by now."""
        if agent_id in self.roster:
            agent = self.roster.get(agent_id)
            if agent.state is AgentState.WRAP_UP:
                self.roster.wrapped_up(agent, now_s)

    def _overdue(self, contact_id: str) -> None:
        contact = self.line.get(contact_id)
        assert contact is not None
        if contact.offered_to is None:
            self._release(contact)
        else:
            # The telephone that rings may still be answered.
            contact.overdue = True

    def _release(self, contact: WaitingContact) -> None:
        self.figures[contact.queue_id].released += 1
        self._forget(contact)
        self._out.append(
            ReleaseContact(contact_id=contact.contact_id, disposition=Disposition.WAIT_EXCEEDED)
        )
        self._close_queue(contact.queue_id)

    def _reach(self, agent_id: str, reachable: bool, now_s: float) -> None:
        if agent_id not in self.roster:
            # A telephone may stay registered after its agent left the configuration.
            return
        agent = self.roster.get(agent_id)
        if agent.policy.agent.contact_uri is not None:
            return
        self.roster.set_reachable(agent, reachable, now_s)
        offer = self.offers.of_agent(agent_id)
        if offer is not None and not reachable:
            self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.AGENT_GONE))
            self._decline(offer, DeclineReason.UNREACHABLE, now_s)

    def _take_over(self, policy: RouterPolicy, now_s: float) -> None:
        """Take another policy. Offers and conversations that run go on as they began."""
        self._policy = policy
        # Made for people as they were; the change asks for another assignment.
        self._matches.clear()
        self._queues.update(policy.queues)
        for queue_id in policy.queues:
            self.figures.setdefault(queue_id, QueueFigures())
        self.line.reweigh(policy.weights)
        for contact in self.line:
            wait_s_max = self._queues[contact.queue_id].wait_s_max
            if not contact.overdue:
                name = (_OVERDUE, contact.contact_id)
                self._deadlines.set(name, contact.queued_at_s + wait_s_max)
        self.roster.replace(policy.agents, now_s)
        agents = [entry.agent for entry in policy.agents.values()]
        self.table = AgentTable(agents, policy.weights.proficiency_weight_s)
        for queue_id in list(self._queues):
            self._close_queue(queue_id)

    def _close_queue(self, queue_id: str) -> None:
        """Forget a queue that was removed, once nobody waits in it or talks."""
        if queue_id in self._policy.queues or queue_id not in self._queues:
            return
        if not self.line.in_queue(queue_id) and not self.figures[queue_id].connected:
            del self._queues[queue_id]
            del self.figures[queue_id]

    def _note_served(self, serving: Serving, now_s: float) -> None:
        figures = self.figures.get(serving.queue_id)
        if figures is not None:
            figures.note_handled(now_s - serving.since_s)

    def _waiting(self, offer: Offer) -> WaitingContact:
        contact = self.line.get(offer.contact_id)
        assert contact is not None, "a pending offer without its contact"
        return contact

    def _settle(self, offer: Offer, trigger: OfferTrigger) -> None:
        self.offers.settle(offer, trigger)
        self._deadlines.drop((_EXPIRES, offer.offer_id))

    def _forget(self, contact: WaitingContact) -> None:
        self.line.remove(contact)
        self.pauses.forget(contact.contact_id)
        self._deadlines.drop((_OVERDUE, contact.contact_id))


def _names(offer: Offer) -> _OfferNames:
    return {
        "offer_id": offer.offer_id,
        "contact_id": offer.contact_id,
        "agent_id": offer.agent_id,
        "queue_id": offer.queue_id,
    }
