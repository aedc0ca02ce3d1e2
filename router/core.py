"""The router's core: who waits, who is free, who is offered what. Pure.

Inputs and the time come in; commands and events come out. `next_deadline_s` says when to
call `advance`, `wants_assignment` when to call `assign`, or, where the solving is done elsewhere,
`pose` and `settle`; the shell decides how soon.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, assert_never

from config.schema import QueueEntry
from domain.agent import AgentState, Medium
from domain.commands import Command, OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import ContactState, Disposition
from domain.deadlines import Deadlines
from domain.errors import IllegalTransition
from domain.events import ContactQueued, Event
from domain.offer import DeclineReason, Offer, OfferTrigger
from domain.offer_events import (
    ContactOverflowed,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferExplained,
    OfferMade,
    OfferWithdrawn,
)
from router.assignment.problem import Solution
from router.assignment.solver import solve
from router.changes import Changes
from router.demand import PAUSE_ENDS, STEP, Demand
from router.explanation import explain
from router.figures import QueueFigures
from router.forecasts import Forecasts, rank_of
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
    PlaceKept,
    PolicyChanged,
    PriorityAdded,
    ReachabilityChanged,
    ShiftChanged,
)
from router.known import Connected
from router.lessons import OutcomeModel
from router.offers import OfferBook, Pauses, names_of
from router.policy import RouterPolicy
from router.queues import Queues
from router.roster import Roster
from router.round import Match, Round
from router.standing import Serving
from router.totals import CoreTotals
from router.waiting import WaitingContact

Output = Command | Event

OFFERS_MAX: Final = 4
"""Offers made in one go, so that other tasks come in between: with their explanations they take
2 ms among 1,000 agents, and the telephones they ring cost more (`bench/decisions.py`)."""
PATIENCE_S: Final = 1.0
"""Where `unserved_s` lets contacts wait for a better agent: how often it is looked whether one is
urgent enough by now to take the one who is there."""

_LOOK_AGAIN: Final = "look again"
_EXPIRES: Final = "offer expires"
_OVERDUE: Final = "contact overdue"
_WRAPPED_UP: Final = "agent wrapped up"


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
        outcomes: OutcomeModel | None = None,
        explains: bool = True,
    ) -> None:
        """Begin with nobody waiting.

        Args:
            policy: Agents, queues and weights.
            now_s: The injected clock's time.
            new_id: Gives the ids of offers.
            remembered: What agents had asked for before a restart.
            outcomes: What outcomes have taught; None: nothing is learnt.
            explains: Whether each offer is explained; a simulation has no use for it.
        """
        self._new_id = new_id
        self._explains = explains
        self._out: list[Output] = []
        self._policy = policy
        self._queues = Queues()
        self._deadlines: Deadlines[tuple[str, ...]] = Deadlines()
        self._changes = Changes()
        self.roster = Roster(self._out.append, self._queues.note_handled, remembered, self._changes)
        self.offers = OfferBook()
        self.demand = Demand(self.roster, Pauses(), self._deadlines, outcomes, self._changes)
        self.line = self.demand.line
        self.totals = CoreTotals()
        self._connected: dict[str, Connected] = {}
        self._matches: deque[Match] = deque()
        self._asked: Round | None = None
        self._given: dict[int, str] = {}
        self._unsettled = False
        self._take_over(policy, now_s)

    @property
    def wants_assignment(self) -> bool:
        """Offers are still to be made, or something has changed that may bring new ones."""
        changed = self._unsettled and bool(self.line.waiting) and self.roster.any_free
        return changed or self.has_matches

    @property
    def has_matches(self) -> bool:
        """The last assignment was so large that a part of its offers is still to be made."""
        return bool(self._matches)

    @property
    def figures(self) -> Mapping[str, QueueFigures]:
        """What has happened in each queue, by its id."""
        return self._queues.figures

    def forecasts(self, now_s: float) -> Forecasts:
        """Return what foretells how long those who wait still wait, for this moment."""
        return Forecasts(self.demand, self.roster, self._queues.forecaster, now_s)

    def queue(self, queue_id: str) -> QueueEntry:
        """Return a queue as it is configured.

        Raises:
            NotKnown: There is no such queue.
        """
        return self._queues.get(queue_id)

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
            case PriorityAdded() | CustomerKnown() | MoodObserved() | OutcomeKnown():
                self.demand.take(happened, now_s)
            case PlaceKept(contact_id):
                self.demand.take(happened, now_s)
                self._deadlines.drop((_OVERDUE, contact_id))
            case ShiftChanged() | AgentStateRequested() | ReachabilityChanged():
                self._of_agent(happened, now_s)
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

        With very many offers only OFFERS_MAX are made; `wants_assignment` stays true for the
        rest. A large problem takes long: the shell has such solved elsewhere.
        """
        if not self._matches:
            asked = self.pose(now_s)
            if asked is not None:
                self.settle(asked, solve(asked.problem))
        return self.make_offers(now_s)

    def pose(self, now_s: float) -> Round | None:
        """Return the problem as it stands; None when there is nothing to solve."""
        self._meet_deadlines(now_s)
        self._unsettled = False
        asked = self.demand.pose(now_s)
        self._changes.clear()
        if self.demand.patient and self.line.waiting and self.roster.any_free:
            self._deadlines.set((_LOOK_AGAIN,), now_s + PATIENCE_S)
        return asked

    def settle(self, asked: Round, solution: Solution) -> None:
        """Take the solution of a round; `make_offers` makes what has come of it.

        Whoever has left or was taken meanwhile is passed over.
        """
        self.totals.assignments += 1
        whole = asked.whole and solution.complete and solution.exact
        self.totals.inexact += not whole
        matches = asked.matches(solution)
        self._matches.extend(matches)
        self._asked = asked
        self._given = {match.column: match.contact.contact_id for match in matches}
        if matches and not whole:
            # What is left over may still find somebody; without a match it is not asked again.
            self._unsettled = self._changes.everything = True

    def make_offers(self, now_s: float) -> list[Output]:
        """Make offers that were decided on, OFFERS_MAX at most."""
        self._meet_deadlines(now_s)
        for _ in range(min(OFFERS_MAX, len(self._matches))):
            self._offer(self._matches.popleft(), now_s)
        return self._take()

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
                    self._overdue(contact_id, now_s)
                case (kind,) if kind == _LOOK_AGAIN:
                    self._changes.everything = True
                case (kind, contact_id) if kind == STEP:
                    self.demand.step(contact_id, now_s, partial(self._note_overflow, now_s=now_s))
                case (kind, agent_id, contact_id) if kind == _WRAPPED_UP:
                    self._wrapped_up(agent_id, contact_id, now_s)
                case (kind, contact_id, agent_id) if kind == PAUSE_ENDS:
                    self.demand.end_pause(contact_id, agent_id)
                case _:
                    raise AssertionError(f"no deadline of kind {name}")
            self._unsettled = True

    def _enqueue(self, queued: ContactQueued, now_s: float) -> None:
        queue = self.queue(queued.queue_id)
        if queued.contact_id in self.line or queued.contact_id in self._connected:
            raise IllegalTransition("Contact", ContactState.QUEUED.value, "enqueue")
        self._queues.admit(queue, self.line.in_queue(queue.id), self.totals)
        contact = self.demand.add(queued, now_s)
        self._queues.forecaster.arrived(queue.id, rank_of(self.demand, contact), now_s)
        self._await_end(contact)
        self._out.append(queued)

    def _leave(self, contact_id: str, now_s: float) -> None:
        contact = self.line.get(contact_id)
        if contact is None:
            return
        self._queues.note_abandonment(contact, now_s)
        offer = self.offers.of_contact(contact_id)
        self._forget(contact)
        if offer is not None:
            self._settle(offer, OfferTrigger.WITHDRAW)
            self._out.append(OfferWithdrawn(**names_of(offer)))
            self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.CONTACT_LEFT))
            self.roster.release(self.roster.get(offer.agent_id), contact_id, now_s)
        self._close_queue(contact.queue_id)

    def _offer(self, match: Match, now_s: float) -> None:
        contact, agent = match.contact, match.agent
        if not self._may_meet(match, now_s):
            # Something happened since the assignment; the one who is left is new to the others.
            self._unsettled = True
            self._changes.contacts.add(contact.contact_id)
            if agent.column >= 0:
                self._changes.columns.add(agent.column)
            return
        queue = self._queues[contact.queue_id]
        ring_s = self._policy.ring_s(queue, contact.channel)
        offer = Offer(
            offer_id=self._new_id(),
            contact_id=contact.contact_id,
            agent_id=agent.agent_id,
            queue_id=queue.id,
            made_at_s=now_s,
            expires_at_s=now_s + ring_s,
        )
        self.offers.open(offer)
        explained = None
        if self._explains and self._asked is not None:
            kept_for = self.demand.waited_for(contact, now_s)
            explained = explain(
                match,
                self._asked,
                self._given,
                self.demand.eligibility.counts(contact, kept_for, now_s),
                offer_id=offer.offer_id,
                waited_s=contact.waited_s(now_s),
            )
        self.line.offer(contact, agent.agent_id)
        self._deadlines.set((_EXPIRES, offer.offer_id), offer.expires_at_s)
        self.totals.offers += 1
        cost = round(match.cost_s * 1_000)
        self._out.append(OfferMade(**names_of(offer), ring_s=ring_s, cost=cost))
        if explained is not None:
            self._out.append(OfferExplained(decision=explained))
        serving = Serving(contact.contact_id, queue.id, now_s, contact.channel)
        self.roster.reserve(agent, serving, now_s)
        self._out.append(OfferContact(offer=offer))

    def _may_meet(self, match: Match, now_s: float) -> bool:
        contact, agent = match.contact, match.agent
        waits = self.line.get(contact.contact_id) is contact and contact.offered_to is None
        paused = agent.agent_id in self.demand.pauses.agents(contact.contact_id, now_s)
        free = waits and self.roster.is_free(agent, contact.channel) and not paused
        # What it asks for, or what he can, may be another thing by now.
        return free and bool(self.demand.eligibility.able(contact)[agent.column])

    def _accept(self, offer_id: str, now_s: float) -> None:
        offer = self.offers.get(offer_id)
        if offer is None:
            return
        contact = self._waiting(offer)
        agent = self.roster.get(offer.agent_id)
        self._settle(offer, OfferTrigger.ACCEPT)
        self.demand.note_serving(contact, agent.agent_id)
        self._forget(contact)
        self._queues.note_answer(contact, now_s - offer.made_at_s, now_s)
        self.roster.connect(agent, contact.contact_id)
        self._connected[contact.contact_id] = Connected(agent.agent_id, contact.queue_id)
        waited_s = contact.waited_s(now_s)
        self._out.append(OfferAccepted(**names_of(offer), waited_s=waited_s))

    def _decline(self, offer: Offer, reason: DeclineReason, now_s: float) -> None:
        self._settle(offer, OfferTrigger.DECLINE)
        self._out.append(OfferDeclined(**names_of(offer), reason=reason))
        self._miss(offer, reason.value, now_s)

    def _expire(self, offer_id: str, now_s: float) -> None:
        offer = self.offers.get(offer_id)
        assert offer is not None
        self._settle(offer, OfferTrigger.EXPIRE)
        self._out.append(OfferExpired(**names_of(offer), rang_s=now_s - offer.made_at_s))
        self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.EXPIRED))
        self._miss(offer, "ring_no_answer", now_s)

    def _miss(self, offer: Offer, reason: str, now_s: float) -> None:
        """The agent gets nothing more until he asks; the contact waits at its old place."""
        contact = self._waiting(offer)
        self.roster.miss(self.roster.get(offer.agent_id), offer.contact_id, reason, now_s)
        self.demand.begin_pause(contact.contact_id, offer.agent_id, now_s)
        self.line.take_back(contact)
        self._changes.contacts.add(contact.contact_id)
        if contact.overdue:
            self._release(contact, now_s)
            return
        self._out.append(contact.queued(now_s))

    def _finish(self, contact_id: str, now_s: float) -> None:
        connected = self._connected.pop(contact_id, None)
        if connected is None:
            return
        self.figures[connected.queue_id].connected -= 1
        wrap_up_s = self._queues[connected.queue_id].wrap_up_s
        agent = self.roster.get(connected.agent_id)
        self.roster.end(agent, contact_id, now_s)
        if contact_id in agent.work:
            name = (_WRAPPED_UP, agent.agent_id, contact_id)
            self._deadlines.set(name, now_s + wrap_up_s)
        self.demand.forget(contact_id)
        self._close_queue(connected.queue_id)

    def _wrapped_up(self, agent_id: str, contact_id: str, now_s: float) -> None:
        """End a wrap-up; the agent may have ended it himself, and be anywhere by now."""
        if agent_id in self.roster:
            self.roster.wrapped_up(self.roster.get(agent_id), contact_id, now_s)

    def _await_end(self, contact: WaitingContact) -> None:
        """See to it that the queue's longest wait ends a contact, unless it keeps a place."""
        if not contact.overdue and not contact.kept:
            ends_s = contact.queued_at_s + self._queues[contact.queue_id].wait_s_max
            self._deadlines.set((_OVERDUE, contact.contact_id), ends_s)

    def _overdue(self, contact_id: str, now_s: float) -> None:
        contact = self.line.get(contact_id)
        assert contact is not None
        if contact.offered_to is None:
            self._release(contact, now_s)
        else:
            # The telephone that rings may still be answered.
            contact.overdue = True

    def _release(self, contact: WaitingContact, now_s: float) -> None:
        self._queues.note_release(contact, now_s)
        self._forget(contact)
        self._out.append(
            ReleaseContact(contact_id=contact.contact_id, disposition=Disposition.WAIT_EXCEEDED)
        )
        self._close_queue(contact.queue_id)

    def _of_agent(
        self, happened: ShiftChanged | AgentStateRequested | ReachabilityChanged, now_s: float
    ) -> None:
        match happened:
            case AgentStateRequested(agent_id, state, reason):
                self.roster.request(self.roster.get(agent_id), state, reason, now_s)
            case ReachabilityChanged(agent_id, reachable, medium):
                self._reach(agent_id, reachable, medium, now_s)
            case ShiftChanged(agent_id, on_shift):
                if agent_id in self.roster:
                    self.roster.set_on_shift(self.roster.get(agent_id), on_shift)

    def _reach(self, agent_id: str, reachable: bool, medium: Medium | None, now_s: float) -> None:
        if agent_id not in self.roster:
            # A telephone may stay registered after its agent left the configuration.
            return
        agent = self.roster.get(agent_id)
        self.roster.set_reachable(agent, reachable, now_s, medium)
        offer = self.offers.of_agent(agent_id)
        if offer is not None and not agent.reaches(self._waiting(offer).channel):
            self._out.append(WithdrawOffer(offer=offer, reason=WithdrawReason.AGENT_GONE))
            self._decline(offer, DeclineReason.UNREACHABLE, now_s)

    def _take_over(self, policy: RouterPolicy, now_s: float) -> None:
        """Take another policy. Offers and conversations that run go on as they began."""
        self._policy = policy
        # Made for people as they were; the change asks for another assignment.
        self._matches.clear()
        self._changes.everything = True
        self._queues.replace(policy.queues)
        self.roster.replace(policy.agents, now_s)
        self.demand.take_over(policy, self._queues.every, now_s)
        for contact in self.line:
            self._await_end(contact)
        for queue_id in list(self._queues.every):
            self._close_queue(queue_id)

    def _close_queue(self, queue_id: str) -> None:
        self._queues.close(queue_id, self.line.in_queue(queue_id))

    def _note_overflow(self, contact: WaitingContact, queue_id: str, *, now_s: float) -> None:
        """A contact goes on waiting in another queue."""
        self._queues.note_overflow(queue_id, contact.queue_id)
        self.totals.overflowed += 1
        self._out.append(
            ContactOverflowed(
                contact_id=contact.contact_id,
                queue_id=queue_id,
                to_queue_id=contact.queue_id,
                waited_s=contact.waited_s(now_s),
            )
        )
        self._close_queue(queue_id)

    def _waiting(self, offer: Offer) -> WaitingContact:
        contact = self.line.get(offer.contact_id)
        assert contact is not None, "a pending offer without its contact"
        return contact

    def _settle(self, offer: Offer, trigger: OfferTrigger) -> None:
        self.offers.settle(offer, trigger)
        self._deadlines.drop((_EXPIRES, offer.offer_id))

    def _forget(self, contact: WaitingContact) -> None:
        self.demand.remove(contact)
        self._deadlines.drop((_OVERDUE, contact.contact_id))
