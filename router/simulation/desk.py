"""The desk: offers, capacities and wrap-up as every dispatcher has them that is not the core.

A baseline differs from another by its `Order` alone: who is served first, by whom, and who must
wait a while for whom. The desk plays by the core's rules: one contact is offered to one agent at a
time, nobody gets more than his capacity, who missed an offer gets nothing more until he asks, and
no able pair is left unmatched when the order allows it.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from domain.agent import Agent, AgentState, language_proficiency
from domain.commands import OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import Channel, Disposition
from domain.deadlines import Deadlines
from domain.errors import LimitExceeded
from domain.events import ContactQueued
from domain.offer import Offer
from domain.offer_events import OfferAccepted, OfferExpired
from domain.skill import SkillRequirement, meets
from router.core import Output
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    Input,
    OfferAnswered,
    OfferRefused,
    PolicyChanged,
    ReachabilityChanged,
)
from router.policy import RouterPolicy
from router.simulation.dispatch import Told

CHANNEL_STEP_S: Final = 1e7
"""Calls go before chats, chats before messages, messages before mails, whatever they waited."""
_CHANNELS: Final = {
    Channel.VOICE: 0,
    Channel.CHAT: 1,
    Channel.MESSAGE: 2,
    Channel.MAIL: 3,
}
_EXPIRES, _OVERDUE, _WRAPPED_UP, _OPENS, _PAUSE = (
    "expires",
    "overdue",
    "wrapped up",
    "opens",
    "pause",
)

Need = tuple[str, str, Channel, tuple[SkillRequirement, ...]]
"""Queue, language, channel and skills: all that decides who is able."""


class Order(Protocol):
    """What makes a baseline."""

    def place(self, priority: int, value: int) -> float:
        """Return the seconds of waiting that a contact is given in advance."""

    def rank(self, level: int, load: int, idle_since_s: float) -> tuple[float, ...]:
        """Return an agent's place among those who are able; the least is rung.

        Args:
            level: Levels that the lowest of his proficiencies asked for falls short of 5.
            load: Contacts of the channel that he serves already.
            idle_since_s: When he last became free.
        """

    def opens_s(self, level: int) -> float:
        """Return how long a contact waits before agents of this level are asked."""


@dataclass(slots=True, eq=False)
class _Seat:
    """One agent as he stands."""

    agent: Agent
    reachable: bool = False
    ready: bool = False
    missed: bool = False
    load: dict[Channel, int] = field(default_factory=dict)
    idle_since_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Waiting:
    """One contact that nobody has answered; `key` is its place, the least goes first."""

    contact_id: str
    need: Need
    queued_at_s: float
    key: tuple[float, str]
    offer: Offer | None = None
    overdue: bool = False
    paused: set[str] = field(default_factory=set)


class Desk:
    """A dispatcher that serves contacts one by one."""

    def __init__(
        self, order: Order, policy: RouterPolicy, *, new_id: Callable[[], str], now_s: float
    ) -> None:
        """Begin with nobody waiting."""
        self._order = order
        self._new_id = new_id
        self._policy = policy
        self._seats: dict[str, _Seat] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._groups: dict[Need, list[_Waiting]] = {}
        self._in_queue: dict[str, int] = {}
        self._offers: dict[str, _Waiting] = {}
        self._served: dict[str, tuple[str, Channel, str]] = {}
        self._able: dict[Need, dict[str, int]] = {}
        self._open: dict[Channel, set[str]] = {channel: set() for channel in Channel}
        self._values: dict[str, int] = {}
        self._deadlines: Deadlines[tuple[str, ...]] = Deadlines()
        # What has changed since the last assignment, in order.
        self._new: dict[str, None] = {}
        self._freed: dict[str, None] = {}
        self._take_over(policy, now_s)

    @property
    def wants_assignment(self) -> bool:
        """Somebody has come or become free."""
        return bool(self._new or self._freed)

    def next_deadline_s(self) -> float | None:
        """Return when `advance` must be called next."""
        return self._deadlines.next_s()

    def told(self, contact_id: str, now_s: float) -> Told | None:
        """Nothing: these dispatchers make no estimate."""
        return None

    def advance(self, now_s: float) -> Sequence[Output]:
        """Do what is due by now."""
        out: list[Output] = []
        for name in self._deadlines.due(now_s):
            match name:
                case (kind, offer_id) if kind == _EXPIRES:
                    offer = self._offers[offer_id].offer
                    assert offer is not None
                    out.append(
                        OfferExpired(
                            offer_id=offer.offer_id,
                            contact_id=offer.contact_id,
                            agent_id=offer.agent_id,
                            queue_id=offer.queue_id,
                            rang_s=now_s - offer.made_at_s,
                        )
                    )
                    out += self._miss(offer, WithdrawReason.EXPIRED, now_s)
                case (kind, contact_id) if kind == _OVERDUE:
                    waiting = self._waiting[contact_id]
                    waiting.overdue = True
                    if waiting.offer is None:
                        out.append(self._release(waiting))
                case (kind, _, agent_id, channel) if kind == _WRAPPED_UP:
                    self._unload(agent_id, Channel(channel), now_s)
                case (kind, contact_id) if kind == _OPENS:
                    self._ask_again(self._waiting[contact_id], now_s)
                case (kind, contact_id, agent_id) if kind == _PAUSE:
                    waiting = self._waiting[contact_id]
                    waiting.paused.discard(agent_id)
                    self._new[contact_id] = None
        return out

    def handle(self, happened: Input, now_s: float) -> Sequence[Output]:
        """Take one input, after what is due by now."""
        out = list(self.advance(now_s))
        match happened:
            case ContactQueued():
                self._enqueue(happened, now_s)
            case ContactLeft(contact_id):
                out += self._leave(contact_id, now_s)
            case OfferAnswered(offer_id):
                out += self._accept(offer_id, now_s)
            case OfferRefused(offer_id):
                waiting = self._offers.get(offer_id)
                if waiting is not None and waiting.offer is not None:
                    out += self._miss(waiting.offer, WithdrawReason.AGENT_GONE, now_s)
            case ContactFinished(contact_id):
                self._finish(contact_id, now_s)
            case AgentStateRequested(agent_id, state):
                seat = self._seats[agent_id]
                was, seat.ready, seat.missed = seat.ready, state is AgentState.READY, False
                if not was and seat.ready:
                    seat.idle_since_s = now_s
                self._look_at(seat)
            case ReachabilityChanged(agent_id, reachable):
                out += self._reach(agent_id, now_s, reachable=reachable)
            case CustomerKnown(contact_id, profile):
                self._values[contact_id] = profile.value
            case PolicyChanged(policy):
                self._take_over(policy, now_s)
            case _:
                pass
        return out

    def assign(self, now_s: float) -> Sequence[Output]:
        """Serve who has come, in order, then let who has become free choose, in order."""
        out: list[Output] = []
        come = [self._waiting[one] for one in self._new if one in self._waiting]
        self._new.clear()
        for waiting in sorted(come, key=lambda one: one.key):
            if waiting.offer is None:
                seat = self._agent_for(waiting, now_s)
                if seat is not None:
                    out.append(self._offer(waiting, seat, now_s))
        freed = [self._seats[one] for one in self._freed if one in self._seats]
        self._freed.clear()
        for seat in sorted(freed, key=lambda one: (one.idle_since_s, one.agent.agent_id)):
            while (next_one := self._contact_for(seat, now_s)) is not None:
                out.append(self._offer(next_one, seat, now_s))
        return out

    def _agent_for(self, waiting: _Waiting, now_s: float) -> _Seat | None:
        channel = waiting.need[2]
        since_s = waiting.queued_at_s
        free, able = self._open[channel], self._able_for(waiting.need)
        best: tuple[tuple[float, ...], str] | None = None
        for agent_id in free if len(free) < len(able) else able:
            level = able.get(agent_id)
            if level is None or agent_id not in free or agent_id in waiting.paused:
                continue
            if since_s + self._order.opens_s(level) > now_s:
                continue
            seat = self._seats[agent_id]
            rank = self._order.rank(level, seat.load.get(channel, 0), seat.idle_since_s)
            if best is None or (rank, agent_id) < best:
                best = (rank, agent_id)
        return None if best is None else self._seats[best[1]]

    def _contact_for(self, seat: _Seat, now_s: float) -> _Waiting | None:
        agent_id = seat.agent.agent_id
        best: _Waiting | None = None
        for need, group in self._groups.items():
            if agent_id not in self._open[need[2]]:
                continue
            level = self._able_for(need).get(agent_id)
            if level is None:
                continue
            opens_s = self._order.opens_s(level)
            for waiting in group:
                if best is not None and waiting.key > best.key:
                    break
                opens_at_s = waiting.queued_at_s + opens_s
                if opens_at_s <= now_s and agent_id not in waiting.paused:
                    best = waiting
                    break
        return best

    def _able_for(self, need: Need) -> dict[str, int]:
        able = self._able.get(need)
        if able is None:
            _, language, channel, requirements = need
            able = self._able[need] = {
                agent_id: _level(seat.agent, requirements)
                for agent_id, seat in self._seats.items()
                if seat.agent.capacity.slots.get(channel, 0)
                and language_proficiency(seat.agent.languages, language) > 0
                and all(meets(one, seat.agent.skills) for one in requirements)
                and agent_id in self._policy.agents
            }
        return able

    def _offer(self, waiting: _Waiting, seat: _Seat, now_s: float) -> Output:
        agent_id, queue_id = seat.agent.agent_id, waiting.need[0]
        offer = Offer(
            offer_id=self._new_id(),
            contact_id=waiting.contact_id,
            agent_id=agent_id,
            queue_id=queue_id,
            made_at_s=now_s,
            expires_at_s=now_s + self._policy.queues[queue_id].ring_s,
        )
        self._leave_group(waiting)
        waiting.offer = offer
        self._offers[offer.offer_id] = waiting
        self._deadlines.set((_EXPIRES, offer.offer_id), offer.expires_at_s)
        channel = waiting.need[2]
        seat.load[channel] = seat.load.get(channel, 0) + 1
        self._look_at(seat)
        return OfferContact(offer=offer)

    def _enqueue(self, queued: ContactQueued, now_s: float) -> None:
        queue = self._policy.queues[queued.queue_id]
        count = self._in_queue.get(queue.id, 0)
        value = self._values.pop(queued.contact_id, 1)
        if count >= queue.waiting_max:
            raise LimitExceeded(f"queue {queue.id} waiting_max", count + 1, queue.waiting_max)
        self._in_queue[queue.id] = count + 1
        since_s = now_s - queued.waited_s
        before = since_s - self._order.place(queued.priority, value)
        waiting = _Waiting(
            contact_id=queued.contact_id,
            need=(queue.id, queued.language, queued.channel, queued.requirements),
            queued_at_s=since_s,
            key=(before + CHANNEL_STEP_S * _CHANNELS[queued.channel], queued.contact_id),
        )
        self._waiting[queued.contact_id] = waiting
        self._deadlines.set((_OVERDUE, queued.contact_id), since_s + queue.wait_s_max)
        self._enter_group(waiting)
        self._ask_again(waiting, now_s)

    def _ask_again(self, waiting: _Waiting, now_s: float) -> None:
        """Look for an agent now, and again when the next ones may be asked."""
        self._new[waiting.contact_id] = None
        later = [
            at_s
            for level in set(self._able_for(waiting.need).values())
            if (at_s := waiting.queued_at_s + self._order.opens_s(level)) > now_s
        ]
        if later:
            self._deadlines.set((_OPENS, waiting.contact_id), min(later))

    def _leave(self, contact_id: str, now_s: float) -> Iterable[Output]:
        waiting = self._waiting.get(contact_id)
        if waiting is None:
            return
        offer = waiting.offer
        self._forget(waiting)
        if offer is not None:
            self._close(offer, now_s)
            yield WithdrawOffer(offer=offer, reason=WithdrawReason.CONTACT_LEFT)

    def _accept(self, offer_id: str, now_s: float) -> Iterable[Output]:
        waiting = self._offers.pop(offer_id, None)
        if waiting is None or waiting.offer is None:
            return
        offer, channel = waiting.offer, waiting.need[2]
        self._deadlines.drop((_EXPIRES, offer_id))
        self._forget(waiting)
        self._served[waiting.contact_id] = (offer.agent_id, channel, offer.queue_id)
        yield OfferAccepted(
            offer_id=offer_id,
            contact_id=offer.contact_id,
            agent_id=offer.agent_id,
            queue_id=offer.queue_id,
            waited_s=now_s - waiting.queued_at_s,
        )

    def _miss(self, offer: Offer, reason: WithdrawReason, now_s: float) -> Iterable[Output]:
        """The agent gets nothing more until he asks; the contact waits at its old place."""
        waiting = self._waiting[offer.contact_id]
        seat = self._seats.get(offer.agent_id)
        if seat is not None:
            seat.missed = True
        self._close(offer, now_s)
        yield WithdrawOffer(offer=offer, reason=reason)
        waiting.offer = None
        self._enter_group(waiting)
        if waiting.overdue:
            yield self._release(waiting)
            return
        waiting.paused.add(offer.agent_id)
        pause_s = self._policy.weights.decline_pause_s
        self._deadlines.set((_PAUSE, waiting.contact_id, offer.agent_id), now_s + pause_s)
        self._ask_again(waiting, now_s)

    def _release(self, waiting: _Waiting) -> Output:
        self._forget(waiting)
        return ReleaseContact(contact_id=waiting.contact_id, disposition=Disposition.WAIT_EXCEEDED)

    def _close(self, offer: Offer, now_s: float) -> None:
        """Forget an offer that came to nothing, and give the agent his place back."""
        waiting = self._offers.pop(offer.offer_id)
        self._deadlines.drop((_EXPIRES, offer.offer_id))
        seat = self._seats.get(offer.agent_id)
        if seat is not None:
            seat.load[waiting.need[2]] -= 1
            self._look_at(seat)

    def _finish(self, contact_id: str, now_s: float) -> None:
        served = self._served.pop(contact_id, None)
        if served is None:
            return
        agent_id, channel, queue_id = served
        wrap_up_s = self._policy.queues[queue_id].wrap_up_s
        if wrap_up_s:
            name = (_WRAPPED_UP, contact_id, agent_id, channel.value)
            self._deadlines.set(name, now_s + wrap_up_s)
        else:
            self._unload(agent_id, channel, now_s)

    def _unload(self, agent_id: str, channel: Channel, now_s: float) -> None:
        seat = self._seats.get(agent_id)
        if seat is not None:
            seat.load[channel] -= 1
            seat.idle_since_s = now_s
            self._look_at(seat)

    def _reach(self, agent_id: str, now_s: float, *, reachable: bool) -> Iterable[Output]:
        seat = self._seats[agent_id]
        seat.reachable = reachable
        if not reachable:
            seat.ready = False
            for waiting in list(self._offers.values()):
                if waiting.offer is not None and waiting.offer.agent_id == agent_id:
                    yield from self._miss(waiting.offer, WithdrawReason.AGENT_GONE, now_s)
        self._look_at(seat)

    def _look_at(self, seat: _Seat) -> None:
        """Note for which channels an agent is free, and that he is when he was not before."""
        agent = seat.agent
        ready = seat.ready and seat.reachable and not seat.missed
        ready = ready and agent.agent_id in self._policy.agents
        for channel in agent.capacity.slots:
            free = self._open[channel]
            if ready and agent.capacity.free(channel, seat.load) > 0:
                free.add(agent.agent_id)
                self._freed[agent.agent_id] = None
            else:
                free.discard(agent.agent_id)

    def _take_over(self, policy: RouterPolicy, now_s: float) -> None:
        self._policy = policy
        self._able.clear()
        for agent_id, one in policy.agents.items():
            seat = self._seats.get(agent_id)
            if seat is None:
                self._seats[agent_id] = _Seat(one.agent, idle_since_s=now_s)
            else:
                seat.agent = one.agent
        for seat in self._seats.values():
            self._look_at(seat)
        for contact_id in self._waiting:
            self._new[contact_id] = None

    def _enter_group(self, waiting: _Waiting) -> None:
        insort(self._groups.setdefault(waiting.need, []), waiting, key=_key)

    def _leave_group(self, waiting: _Waiting) -> None:
        group = self._groups[waiting.need]
        del group[bisect_left(group, waiting.key, key=_key)]
        if not group:
            del self._groups[waiting.need]

    def _forget(self, waiting: _Waiting) -> None:
        del self._waiting[waiting.contact_id]
        self._in_queue[waiting.need[0]] -= 1
        if waiting.offer is None:
            self._leave_group(waiting)
        for name in ((_OVERDUE, waiting.contact_id), (_OPENS, waiting.contact_id)):
            self._deadlines.drop(name)
        for agent_id in waiting.paused:
            self._deadlines.drop((_PAUSE, waiting.contact_id, agent_id))


def _key(waiting: _Waiting) -> tuple[float, str]:
    return waiting.key


def _level(agent: Agent, requirements: Sequence[SkillRequirement]) -> int:
    return 5 - min((agent.skills[one.skill] for one in requirements), default=5)
