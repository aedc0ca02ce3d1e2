"""The router's shell: feeds the core from an event loop and carries out what it decides.

Every port call returns at once. Events are published within the call; commands to the desk
and the assignment come in the next turn of the event loop, so the desk is never called from
within its own call.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, assert_never
from zoneinfo import ZoneInfo

import structlog

from domain.agent import AgentState, AgentView, Medium
from domain.chance import random_bytes
from domain.commands import Command, OfferContact, ReleaseContact, WithdrawOffer
from domain.customer_profile import CustomerProfile
from domain.decision_ports import Eligibility
from domain.events import ContactQueued
from domain.mood import Mood
from domain.offer import DeclineReason
from domain.offer_events import OfferAccepted
from domain.ports import (
    Clock,
    ContactDesk,
    EventPublisher,
    QueuePosition,
    QueueView,
    WaitingView,
    WishStore,
)
from router import views
from router.assignment.process import SolverProcess, solve_at_once
from router.core import OFFERS_MAX, Output, RouterCore
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
from router.lessons import OutcomeModel
from router.policy import RouterPolicy
from router.round import Round
from router.shifts import is_on_shift

REST_S_MAX: Final = 0.020
"""Longest pause between two assignments; what happens meanwhile is solved together."""
REST_PER_ASSIGNMENT: Final = 1.0
"""Pause after an assignment, as a multiple of the time it took: assigning takes half of the
event loop at most, and with small problems nobody waits for the pause to end."""

SOLVE_S_MAX: Final = 1.0
"""A large assignment that is not solved by then is made greedily; the largest that is measured,
10,000 contacts and agents, takes half as long (`bench/router.py`)."""
SHIFTS_EVERY_S: Final = 15.0
"""How often it is looked whose working hours have begun or ended; they are told in minutes."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class RouterFigures:
    """How the router does, for the metrics.

    Attributes:
        waiting: Contacts that no agent has answered, those being offered too.
        refused: Contacts turned away by a queue at its limit, since the start.
        overflowed: Contacts that went on waiting in another queue, since the start.
        inexact: Assignments that may be a little short of the optimum; see `CoreTotals`.
        assign_s, assign_s_max: Seconds spent assigning: all, and the longest.
        desk_failures: Commands that the desk raised an error for.
    """

    waiting: int = 0
    offers_pending: int = 0
    offers_made: int = 0
    refused: int = 0
    overflowed: int = 0
    assignments: int = 0
    inexact: int = 0
    assign_s: float = 0.0
    assign_s_max: float = 0.0
    desk_failures: int = 0

    @property
    def exact(self) -> int:
        """Return how many assignments were the optimum."""
        return self.assignments - self.inexact


class RouterService:
    """Implements the ports Routing, AgentDesk and WaitingRoom.

    Use it as an async context manager: no port may be called before entering; after leaving
    they still answer, but nothing more happens by itself. Leaving twice is harmless.
    """

    def __init__(
        self,
        policy: RouterPolicy,
        *,
        events: EventPublisher,
        clock: Clock,
        desk: ContactDesk | None = None,
        wishes: WishStore | None = None,
        outcomes: OutcomeModel | None = None,
        new_id: Callable[[], str] = lambda: random_bytes(16).hex(),
    ) -> None:
        """Build nothing yet: the first events are published on entering.

        Args:
            policy: Agents, queues and weights.
            events: Takes every event.
            clock: The one source of time.
            desk: Rings telephones; may be set later, before entering.
            wishes: Keeps what agents ask for over a restart.
            outcomes: What outcomes have taught; None: nothing is learnt.
            new_id: Gives the ids of offers.
        """
        self.desk = desk
        self._policy = policy
        self._events = events
        self._clock = clock
        self._wishes = wishes
        self._new_id = new_id
        self._entered: RouterCore | None = None
        self._commands: deque[Command] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = float("inf")
        self._assign_from_s = float("-inf")
        self._assign_s = 0.0
        self._assign_s_max = 0.0
        self._desk_failures = 0
        self._outcomes = outcomes
        self._elsewhere = SolverProcess()
        self._solving: asyncio.Task[None] | None = None
        self._shift_timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "RouterService":
        remembered = {} if self._wishes is None else await self._wishes.load()
        self._entered = RouterCore(
            self._policy,
            new_id=self._new_id,
            now_s=self._clock.monotonic_s(),
            remembered=remembered,
            outcomes=self._outcomes,
        )
        self._loop = asyncio.get_running_loop()
        self._watch_shifts()
        self.advance()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in (self._turn, self._timer, self._shift_timer, self._solving):
            if handle is not None:
                handle.cancel()
        self._turn = self._timer = self._shift_timer = self._loop = None
        if self._solving is not None:
            await asyncio.gather(self._solving, return_exceptions=True)
            self._solving = None
        await self._elsewhere.__aexit__(kind, error, trace)

    def enqueue(self, queued: ContactQueued) -> None:
        """Let a contact wait.

        Raises:
            NotKnown: There is no such queue.
            LimitExceeded: The queue is at its limit of waiting contacts.
            IllegalTransition: The contact waits already, or an agent talks with it.
        """
        self._handle(queued)

    def keep_place(self, contact_id: str) -> None:
        """A contact waits, or is about to, with nobody on the line until he is called back."""
        self._handle(PlaceKept(contact_id))

    def leave(self, contact_id: str) -> None:
        """The customer is gone while waiting or ringing; harmless if he no longer waits."""
        self._handle(ContactLeft(contact_id))

    def add_priority(self, contact_id: str, steps: int) -> bool:
        """Let a waiting contact be served earlier; False: it does not wait.

        Args:
            contact_id: Which.
            steps: Of priority, at least 1: nobody is served later for what he feels.
        """
        if steps < 1:
            raise ValueError(f"priority of {contact_id}: {steps} steps would make service worse")
        waits = contact_id in self._core.line
        self._handle(PriorityAdded(contact_id, steps))
        return waits

    def customer_known(self, contact_id: str, profile: CustomerProfile) -> None:
        """It is known who a contact's customer is, before it waits or later."""
        self._handle(CustomerKnown(contact_id, profile))

    def mood_observed(self, contact_id: str, mood: Mood) -> None:
        """It was observed how a contact's customer feels."""
        self._handle(MoodObserved(contact_id, mood))

    def outcome_known(self, outcome: OutcomeKnown) -> None:
        """It is known what became of a contact."""
        self._handle(outcome)

    def eligibility(self, contact_id: str) -> Sequence[Eligibility]:
        """Return every agent, those who can be offered the contact first, the cheapest first.

        Raises:
            NotKnown: No such contact waits.
        """
        return views.eligibility(self._core, contact_id, self._clock.monotonic_s())

    def accept(self, offer_id: str) -> bool:
        """The agent has answered. False: too late, the offer is settled otherwise."""
        outputs = self._handle(OfferAnswered(offer_id))
        return any(
            isinstance(output, OfferAccepted) and output.offer_id == offer_id for output in outputs
        )

    def decline(self, offer_id: str, reason: DeclineReason) -> None:
        """The agent's side refused; harmless if the offer is settled already."""
        self._handle(OfferRefused(offer_id, reason))

    def finish(self, contact_id: str) -> None:
        """The conversation has ended; the agent's wrap-up begins. Harmless when repeated."""
        self._handle(ContactFinished(contact_id))

    def position(self, contact_id: str) -> QueuePosition | None:
        """Return where the contact stands; None if it does not wait or is being offered."""
        return views.position(self._core, contact_id, self._clock.monotonic_s())

    def waiting(self, queue_id: str) -> Sequence[WaitingView]:
        """Return the contacts of a queue that wait or are being offered, the next first.

        Raises:
            NotKnown: There is no such queue.
        """
        return views.waiting_views(self._core, queue_id, self._clock.monotonic_s())

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        """Ask for READY, NOT_READY or LOGGED_OUT; return the state now in force.

        While BUSY the wish is kept and taken when the contact has ended.

        Raises:
            NotKnown: There is no such agent.
            IllegalTransition: Nobody can ask for that state, or his telephone is out of
                reach.
        """
        self._handle(AgentStateRequested(agent_id, state, reason))
        if self._wishes is not None:
            self._wishes.save(agent_id, state, reason)
        return self._core.roster.get(agent_id).state

    def set_reachable(self, agent_id: str, reachable: bool, medium: Medium | None = None) -> None:
        """The agent's telephone has registered or its last binding is gone, or so his desk.

        Harmless when repeated, for an agent with a fixed address, and for nobody's name.
        """
        self._handle(ReachabilityChanged(agent_id, reachable, medium))

    def set_at_desk(self, agent_id: str, at_desk: bool) -> None:
        """The agent's desk, where he reads and writes, is connected or no longer."""
        self.set_reachable(agent_id, at_desk, Medium.DESK)

    def has_room(self, queue_id: str) -> bool:
        """Tell whether one more contact may wait in a queue; False for one that is not there."""
        queue = self._policy.queues.get(queue_id)
        return queue is not None and self._core.line.in_queue(queue_id) < queue.waiting_max

    def agents(self) -> Sequence[AgentView]:
        """Return every agent as he stands."""
        return views.agent_views(self._core, self._clock.monotonic_s())

    def queues(self) -> Sequence[QueueView]:
        """Return every queue as it stands."""
        return views.queue_views(self._core, self._clock.monotonic_s())

    def reload(self, policy: RouterPolicy) -> None:
        """Take another policy; offers and conversations that run go on."""
        self._policy = policy
        self._handle(PolicyChanged(policy))
        self.check_shifts()

    def figures(self) -> RouterFigures:
        """Return how the router does."""
        core = self._core
        return RouterFigures(
            waiting=len(core.line),
            offers_pending=len(core.offers),
            offers_made=core.totals.offers,
            refused=core.totals.refused,
            overflowed=core.totals.overflowed,
            assignments=core.totals.assignments,
            inexact=core.totals.inexact,
            assign_s=self._assign_s,
            assign_s_max=self._assign_s_max,
            desk_failures=self._desk_failures,
        )

    def advance(self) -> None:
        """Do what is due now. The timer calls it; a test with a clock of its own may too."""
        self._turn = None
        try:
            now_s = self._clock.monotonic_s()
            self._sort(self._core.advance(now_s))
            if self._core.wants_assignment and now_s >= self._assign_from_s:
                self._assign(now_s)
            while self._commands:
                self._carry_out(self._commands.popleft())
        finally:
            self._arm()

    @property
    def _core(self) -> RouterCore:
        assert self._entered is not None, "the router is used before it was entered"
        return self._entered

    def _handle(self, happened: Input) -> list[Output]:
        try:
            outputs = self._core.handle(happened, self._clock.monotonic_s())
            self._sort(outputs)
        finally:
            self._arm()
        return outputs

    def _sort(self, outputs: list[Output]) -> None:
        """Publish events; keep commands for the next turn."""
        for output in outputs:
            if isinstance(output, OfferContact | WithdrawOffer | ReleaseContact):
                self._commands.append(output)
            else:
                self._events.publish(output)

    def _assign(self, now_s: float) -> None:
        core = self._core
        many = False
        if not core.has_matches and self._solving is None:
            asked = core.pose(now_s)
            solution = None if asked is None else solve_at_once(asked.problem)
            if asked is None:
                pass
            elif solution is not None:
                core.settle(asked, solution)
                many = len(solution.contacts) > OFFERS_MAX
            elif self._loop is not None:
                self._solving = self._loop.create_task(self._solve_elsewhere(asked))
        # After a large problem the offers wait for the next turn of the loop.
        outputs = [] if many else core.make_offers(now_s)
        took_s = self._clock.monotonic_s() - now_s
        self._assign_s += took_s
        self._assign_s_max = max(self._assign_s_max, took_s)
        # Offers decided on are made without a rest, with other tasks in between.
        rest_s = 0.0 if core.has_matches else REST_PER_ASSIGNMENT * took_s
        self._assign_from_s = now_s + took_s + min(REST_S_MAX, rest_s)
        self._sort(outputs)

    async def _solve_elsewhere(self, asked: Round) -> None:
        """Have a large problem solved by the process beside, and take up what comes of it."""
        solution = await self._elsewhere.solve(asked.problem, SOLVE_S_MAX)
        self._solving = None
        self._core.settle(asked, solution)
        self._arm()

    def _watch_shifts(self) -> None:
        """Tell the core whose working hours have begun or ended, now and every while."""
        self.check_shifts()
        assert self._loop is not None
        self._shift_timer = self._loop.call_later(SHIFTS_EVERY_S, self._watch_shifts)

    def check_shifts(self) -> None:
        """Tell the core whose working hours have begun or ended."""
        policy = self._policy
        local = self._clock.utc().astimezone(ZoneInfo(policy.weights.timezone))
        for agent_id, agent in policy.agents.items():
            on_shift = is_on_shift(agent.shifts, local)
            if self._core.roster.get(agent_id).on_shift is not on_shift:
                self._handle(ShiftChanged(agent_id, on_shift))

    def _carry_out(self, command: Command) -> None:
        assert self.desk is not None, "the router was entered without a desk"
        try:
            match command:
                case OfferContact():
                    self.desk.offer_contact(command.offer)
                case WithdrawOffer():
                    self.desk.withdraw_offer(command.offer, command.reason)
                case ReleaseContact():
                    self.desk.release_contact(command.contact_id, command.disposition)
                case _:
                    assert_never(command)
        except Exception:
            # One contact must not stop the queue for all others.
            self._desk_failures += 1
            _log.exception("router.desk_failed", command=type(command).__name__)
            if isinstance(command, OfferContact):
                self.decline(command.offer.offer_id, DeclineReason.UNREACHABLE)

    def _arm(self) -> None:
        """See to it that `advance` is called at the next deadline, or in the next turn."""
        if self._loop is None or self._turn is not None:
            return
        at_s = self._core.next_deadline_s()
        due_s = float("inf") if at_s is None else at_s
        if self._core.has_matches or (self._core.wants_assignment and self._solving is None):
            due_s = min(due_s, self._assign_from_s)
        now_s = self._clock.monotonic_s()
        if self._commands or due_s <= now_s:
            self._turn = self._loop.call_soon(self.advance)
        elif due_s != self._timer_s:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            self._timer_s = due_s
            if due_s < float("inf"):
                self._timer = self._loop.call_later(due_s - now_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._timer_s = float("inf")
        self.advance()
