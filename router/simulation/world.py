"""The world: customers come, wait, give up or are served; agents come, rest and go.

One heap of what will happen, in virtual time. The policy decides who serves whom and nothing else:
whoever it is, the same customers come with the same patience, and the same telephones fail.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, Final

from config.workload import seconds_of
from domain.agent import AgentState
from domain.commands import OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import Channel
from domain.errors import LimitExceeded
from domain.events import ContactQueued
from domain.mood import Mood, next_mood
from domain.offer import Offer
from domain.offer_events import OfferAccepted
from router.core import Output
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    Input,
    MoodObserved,
    OfferAnswered,
    OutcomeKnown,
    PolicyChanged,
    ReachabilityChanged,
)
from router.policy import RouterPolicy
from router.simulation.arrivals import Arrival
from router.simulation.case import Case, End
from router.simulation.centre import DAY_S, Centre
from router.simulation.customers import Customers
from router.simulation.dispatch import Dispatcher
from router.simulation.draws import exponential, key_of, lognormal, uniform, weibull
from router.simulation.referee import Referee, Request
from router.simulation.truth import Truth, mood_after

RING_S: Final = (1.5, 6.0)
"""An agent at his desk answers a ringing telephone within two to six seconds."""
TOLD_SHARE: Final = 0.05
"""Share of contacts whose told wait is checked: enough for a percent, and cheap."""
RETURN_SIGMA: Final = 0.8
"""Spread of the time until a customer comes again: two of three between half the median and
twice it."""
EARLY_S: Final = 7_200.0
"""Who found the centre closed calls within two hours of its opening."""
_MOOD_TOLD, _TOLD_ASKED, _ANSWER, _RING, _RETURNS, _RETURN_S, _EARLY, _PATIENCE, _CRASH = (
    40, 41, 1_000, 2_000, 42, 43, 44, 1, 60
)  # fmt: skip


class World:
    """One or more days with one policy."""

    def __init__(
        self,
        centre: Centre,
        dispatcher: Dispatcher,
        referee: Referee,
        *,
        policies: Sequence[RouterPolicy],
        arrivals: Iterable[Arrival],
        days: int = 1,
    ) -> None:
        """Plan the days.

        Args:
            centre: Who serves, and the truth.
            dispatcher: Who decides; it knows the first of `policies` already.
            referee: Who watches.
            policies: Configurations that take turns at each reload of the workload's faults.
            arrivals: Contacts that are no repeated ones.
            days: How many.
        """
        self.cases: dict[str, Case] = {}
        self.busy_s: dict[str, float] = dict.fromkeys(centre.staff, 0.0)
        self.served: dict[str, int] = dict.fromkeys(centre.staff, 0)
        self.paid_s = {agent_id: days * one.shift.paid_s for agent_id, one in centre.staff.items()}
        self.queues = centre.queues
        self.no_answers = self.crashes = 0
        self.end_s = days * DAY_S
        self._centre = centre
        self._dispatcher = dispatcher
        self._referee = referee
        self._policies = policies
        hours = [seconds_of(clock) for clock in centre.workload.shape]
        self._opens_s, self._closes_s = hours[0], hours[-1]
        self._reloads = 0
        self._customers = Customers(centre)
        self._truth = Truth(centre)
        self._numbers = centre.workload.truth
        self._faults = centre.workload.faults
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._order = count()
        self.now_s = 0.0
        self._ready: set[str] = set()
        self._down: set[str] = set()
        self._working: dict[str, int] = dict.fromkeys(centre.staff, 0)
        self._since_s: dict[str, float] = dict.fromkeys(centre.staff, 0.0)
        for day in range(days):
            self._plan_day(day)
        for arrival in arrivals:
            self._plan(arrival.at_s, self._arrive, arrival)

    def run(self) -> "World":
        """Play until the end of the last day."""
        events, dispatcher = self._events, self._dispatcher
        while True:
            due_s = dispatcher.next_deadline_s()
            at_s = events[0][0] if events else self.end_s
            if due_s is not None and due_s <= min(at_s, self.end_s):
                self.now_s = max(self.now_s, due_s)
                self._do(dispatcher.advance(self.now_s))
            elif events and at_s < self.end_s:
                self.now_s, _, act, about = heapq.heappop(events)
                act(about)
            else:
                break
            while dispatcher.wants_assignment:
                self._do(dispatcher.assign(self.now_s))
        self.now_s = self.end_s
        for agent_id, working in self._working.items():
            if working:
                self.busy_s[agent_id] += max(0.0, self.now_s - self._since_s[agent_id])
        return self

    def _plan(self, at_s: float, act: Callable[[Any], None], about: Any) -> None:
        heapq.heappush(self._events, (at_s, next(self._order), act, about))

    def _plan_day(self, day: int) -> None:
        midnight_s = day * DAY_S
        for agent_id, one in self._centre.staff.items():
            shift = one.shift
            self._plan(midnight_s + shift.begin_s, self._come, agent_id)
            for begin_s, end_s in shift.breaks:
                self._plan(midnight_s + begin_s, self._rest, agent_id)
                self._plan(midnight_s + end_s, self._return, agent_id)
            self._plan(midnight_s + shift.end_s, self._go, agent_id)
            if self._faults.crashes_per_agent_day:
                key = key_of(self._centre.seed, day, one.number, _CRASH)
                length_s = shift.end_s - shift.begin_s
                mean_s = length_s / self._faults.crashes_per_agent_day
                at_s = mean_s * exponential(key, 0)
                if at_s < length_s:
                    self._plan(midnight_s + shift.begin_s + at_s, self._crash, agent_id)
        for clock in self._faults.reloads:
            self._plan(midnight_s + seconds_of(clock), self._reload, None)

    # What happens to agents.

    def _come(self, agent_id: str) -> None:
        if agent_id not in self._down:
            self._referee.reachable(agent_id, reachable=True)
            self._tell(ReachabilityChanged(agent_id, True))
        self._return(agent_id)

    def _return(self, agent_id: str) -> None:
        self._ready.add(agent_id)
        self._ask(agent_id, AgentState.READY)

    def _rest(self, agent_id: str) -> None:
        self._ready.discard(agent_id)
        self._ask(agent_id, AgentState.NOT_READY)

    def _go(self, agent_id: str) -> None:
        self._ready.discard(agent_id)
        self._ask(agent_id, AgentState.LOGGED_OUT)

    def _back_from_miss(self, agent_id: str) -> None:
        if agent_id in self._ready:
            self._ask(agent_id, AgentState.READY)

    def _ask(self, agent_id: str, state: AgentState) -> None:
        if agent_id not in self._down and self._configured(agent_id):
            self._referee.state_asked(agent_id, state)
            self._tell(AgentStateRequested(agent_id, state))

    def _configured(self, agent_id: str) -> bool:
        return agent_id in self._policies[self._reloads % len(self._policies)].agents

    def _crash(self, agent_id: str) -> None:
        """His telephone fails: calls on it are cut off."""
        if not self._configured(agent_id):
            return
        self.crashes += 1
        self._down.add(agent_id)
        self._referee.reachable(agent_id, reachable=False)
        for case in [
            case for case in self._talking(agent_id) if case.arrival.channel is Channel.VOICE
        ]:
            self._end(case, cut=True)
        self._tell(ReachabilityChanged(agent_id, False))
        self._plan(self.now_s + self._faults.crash_s, self._repaired, agent_id)

    def _talking(self, agent_id: str) -> list[Case]:
        return [
            self.cases[contact_id]
            for contact_id in self._referee.held_by(agent_id)
            if self.cases[contact_id].agent_id == agent_id
        ]

    def _repaired(self, agent_id: str) -> None:
        self._down.discard(agent_id)
        if not self._configured(agent_id):
            return
        self._referee.reachable(agent_id, reachable=True)
        self._tell(ReachabilityChanged(agent_id, True))
        if agent_id in self._ready:
            self._ask(agent_id, AgentState.READY)

    def _reload(self, _: None) -> None:
        """The configuration is read again: some agents are gone, or come back."""
        self._reloads += 1
        policy = self._policies[self._reloads % len(self._policies)]
        before = self._policies[(self._reloads - 1) % len(self._policies)]
        self._referee.configured(policy)
        self._tell(PolicyChanged(policy))
        for agent_id in sorted(policy.agents.keys() - before.agents.keys()):
            self._referee.reachable(agent_id, reachable=True)
            self._tell(ReachabilityChanged(agent_id, True))
            if agent_id in self._ready:
                self._ask(agent_id, AgentState.READY)

    # What happens to contacts.

    def _arrive(self, arrival: Arrival) -> None:
        customer = self._customers.get(arrival)
        case = Case(
            arrival=arrival,
            customer=customer,
            value=customer.value if arrival.value is None else arrival.value,
            mood=customer.mood(arrival, self.now_s),
            repeat=(arrival.queue_id, arrival.topic) in customer.open_matters,
        )
        self.cases[arrival.contact_id] = case
        profile = customer.profile(arrival, self.now_s)
        queue = self._centre.queues[arrival.queue_id]
        self._tell(CustomerKnown(arrival.contact_id, profile))
        queued = ContactQueued(
            contact_id=arrival.contact_id,
            queue_id=arrival.queue_id,
            language=customer.language,
            priority=queue.priority,
            requirements=self._centre.requirements[arrival.queue_id],
            channel=arrival.channel,
        )
        self._referee.queued(
            Request(
                arrival.contact_id, arrival.queue_id, customer.language, arrival.channel, self.now_s
            )
        )
        try:
            self._tell(queued)
        except LimitExceeded:
            self._referee.left(arrival.contact_id)
            case.end = End.REFUSED
            self._gave_up(case)
            return
        heard = arrival.channel is Channel.VOICE and profile.profiling
        if heard and uniform(arrival.key, _MOOD_TOLD) < self._numbers.mood_told:
            self._tell(MoodObserved(arrival.contact_id, next_mood(Mood.CALM, case.mood)))
        if uniform(arrival.key, _TOLD_ASKED) < TOLD_SHARE:
            case.told = self._dispatcher.told(arrival.contact_id, self.now_s)
        self._plan(self.now_s + arrival.patience_s, self._give_up, case)

    def _give_up(self, case: Case) -> None:
        if case.end is End.WAITING:
            contact_id = case.arrival.contact_id
            self._referee.left(contact_id)
            self._close(case, End.ABANDONED)
            self._tell(ContactLeft(contact_id))
            self._gave_up(case)

    def _close(self, case: Case, end: End) -> None:
        case.waited_s = self.now_s - case.arrival.at_s
        case.end = end

    def _gave_up(self, case: Case) -> None:
        """An unserved customer may try again."""
        case.customer.gave_up(self.now_s)
        self._come_again(case, self._numbers.redial_share, self._numbers.redial_s)

    def _come_again(self, case: Case, share: float, median_s: float) -> None:
        arrival = case.arrival
        if arrival.attempt >= self._numbers.attempts_max:
            return
        if uniform(arrival.key, _RETURNS) >= share:
            return
        after_s = lognormal(arrival.key, _RETURN_S, median_s, RETURN_SIGMA)
        key = key_of(arrival.key, arrival.attempt)
        way = self._centre.workload.channel(arrival.channel.value)
        again = Arrival(
            contact_id=f"{arrival.contact_id}+",
            at_s=self._in_hours(self.now_s + after_s, key),
            channel=arrival.channel,
            queue_id=arrival.queue_id,
            customer_id=arrival.customer_id,
            patience_s=weibull(key, _PATIENCE, way.patience_s, way.patience_shape),
            key=key,
            topic=arrival.topic,
            language=arrival.language,
            value=arrival.value,
            attempt=arrival.attempt + 1,
        )
        self._plan(again.at_s, self._arrive, again)

    def _in_hours(self, at_s: float, key: int) -> float:
        """Return when a customer comes who would have come then.

        Who finds the centre closed comes in the first hours of the next day.
        """
        midnight_s = at_s - at_s % DAY_S
        if at_s - midnight_s < self._opens_s:
            return midnight_s + self._opens_s + EARLY_S * uniform(key, _EARLY)
        if at_s - midnight_s > self._closes_s:
            return midnight_s + DAY_S + self._opens_s + EARLY_S * uniform(key, _EARLY)
        return at_s

    def _answer(self, offer: Offer) -> None:
        self._tell(OfferAnswered(offer.offer_id))

    def _connected(self, accepted: OfferAccepted) -> None:
        case, agent_id = self.cases[accepted.contact_id], accepted.agent_id
        self._referee.accepted(accepted.offer_id)
        self._close(case, End.SERVED)
        case.agent_id = agent_id
        self.served[agent_id] += 1
        case.fate = self._truth.fate(
            case.arrival,
            case.customer,
            self._centre.staff[agent_id],
            at_s=self.now_s,
            waited_s=case.waited_s,
            mood=mood_after(case.mood, case.waited_s),
            others=len(self._talking(agent_id)) - 1,
        )
        if not self._working[agent_id]:
            self._since_s[agent_id] = max(self.now_s, self._since_s[agent_id])
        self._working[agent_id] += 1
        self._plan(self.now_s + case.fate.handle_s, self._finish, case)

    def _finish(self, case: Case) -> None:
        if case.finished_s is None:
            self._end(case, cut=False)

    def _end(self, case: Case, *, cut: bool) -> None:
        arrival, fate, agent_id = case.arrival, case.fate, case.agent_id
        assert fate is not None
        assert agent_id is not None
        case.finished_s = self.now_s
        if cut:
            case.fate = fate = fate.cut_off()
        wrapped_up_s = self.now_s + self._centre.queues[arrival.queue_id].wrap_up_s
        self._referee.finished(arrival.contact_id, wrapped_up_s)
        self._working[agent_id] -= 1
        if not self._working[agent_id]:
            self.busy_s[agent_id] += wrapped_up_s - self._since_s[agent_id]
            self._since_s[agent_id] = wrapped_up_s
        self._tell(ContactFinished(arrival.contact_id))
        if fate.told:
            self._tell(
                OutcomeKnown(
                    arrival.contact_id,
                    resolved=fate.resolved,
                    satisfied=fate.satisfied,
                    calmer=fate.calmer,
                )
            )
        case.customer.met(arrival, agent_id, self.now_s, resolved=fate.resolved)
        if not fate.resolved:
            quick = fate.dropped
            self._come_again(
                case,
                self._numbers.redial_share if quick else self._numbers.return_share,
                self._numbers.redial_s if quick else self._numbers.return_s,
            )

    # What the policy is told, and what it wants done.

    def _tell(self, happened: Input) -> None:
        self._do(self._dispatcher.handle(happened, self.now_s))

    def _do(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case OfferContact(offer=offer):
                    self._ring(offer)
                case OfferAccepted():
                    self._connected(output)
                case WithdrawOffer(offer=offer, reason=reason):
                    missed = reason is not WithdrawReason.CONTACT_LEFT
                    self._referee.settled(offer.offer_id, missed=missed)
                    if reason is WithdrawReason.EXPIRED:
                        self.no_answers += 1
                        self._plan(
                            self.now_s + self._faults.away_s, self._back_from_miss, offer.agent_id
                        )
                case ReleaseContact(contact_id=contact_id):
                    case = self.cases[contact_id]
                    self._referee.left(contact_id)
                    self._close(case, End.RELEASED)
                    self._gave_up(case)
                case _:
                    pass

    def _ring(self, offer: Offer) -> None:
        self._referee.offered(offer, self.now_s)
        case = self.cases[offer.contact_id]
        case.rung += 1
        key = case.arrival.key
        if uniform(key, _ANSWER + case.rung) >= self._faults.no_answer:
            low, high = RING_S
            self._plan(
                self.now_s + low + (high - low) * uniform(key, _RING + case.rung),
                self._answer,
                offer,
            )
