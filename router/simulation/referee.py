"""The referee: holds every decision against the rules, with books of his own.

He knows nothing of how a policy works. He sees what it was told and what it wants done, and stops
the day at the first offer that must not be made.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from config.schema import QueueEntry
from domain.agent import Agent, AgentState, language_proficiency
from domain.contact import Channel
from domain.errors import SimulationError
from domain.offer import Offer
from router.policy import RouterPolicy

_INSTANT_S: Final = 1e-6
"""Two times that are nearer are the same instant."""
OVERFLOWS_MAX: Final = 5


@dataclass(slots=True)
class _Book:
    """What is known of an agent.

    Attributes:
        held: Contacts that are offered to him or served by him, and their channels.
        wrapping: Channel of each contact in after-contact work, and until when.
    """

    agent: Agent
    reachable: bool
    asked: AgentState
    missed: bool
    held: dict[str, Channel]
    wrapping: list[tuple[Channel, float]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a contact asks for, as the policy was told."""

    contact_id: str
    queue_id: str
    language: str
    channel: Channel
    queued_at_s: float


class Referee:
    """Raises at the first broken rule."""

    def __init__(self, name: str, policy: RouterPolicy) -> None:
        """Begin with nobody waiting.

        Args:
            name: Of the policy that is watched, for messages.
            policy: What it is configured with.
        """
        self._name = name
        self._books: dict[str, _Book] = {}
        self._requests: dict[str, Request] = {}
        self._offers: dict[str, Offer] = {}
        self._offered: dict[str, str] = {}
        self._serves: dict[str, str] = {}
        self.offers = 0
        self.configured(policy)

    def configured(self, policy: RouterPolicy) -> None:
        """The configuration was read."""
        self._policy = policy
        for agent_id, one in policy.agents.items():
            book = self._books.get(agent_id)
            if book is None:
                self._books[agent_id] = _Book(
                    one.agent, False, AgentState.LOGGED_OUT, False, {}, []
                )
            else:
                book.agent = one.agent

    def state_asked(self, agent_id: str, state: AgentState) -> None:
        """An agent asks for a state; whoever does ends his wrap-up."""
        book = self._books[agent_id]
        book.asked, book.missed = state, False
        book.wrapping.clear()

    def reachable(self, agent_id: str, *, reachable: bool) -> None:
        """An agent's telephone is there, or gone; then he is logged out."""
        book = self._books[agent_id]
        book.reachable = reachable
        if not reachable:
            book.asked = AgentState.LOGGED_OUT

    def queued(self, request: Request) -> None:
        """A contact waits."""
        self._requests[request.contact_id] = request

    def left(self, contact_id: str) -> None:
        """A contact waits no longer, and is not served."""
        if self._requests.pop(contact_id, None) is None:
            raise self._broken(contact_id, "it was released and did not wait")
        offer_id = self._offered.get(contact_id)
        if offer_id is not None:
            self.settled(offer_id)

    def offered(self, offer: Offer, now_s: float) -> None:
        """An offer is made.

        Raises:
            SimulationError: It must not be.
        """
        contact_id, agent_id = offer.contact_id, offer.agent_id
        request, book = self._requests.get(contact_id), self._books.get(agent_id)
        if request is None:
            raise self._broken(contact_id, f"it does not wait and is offered to {agent_id}")
        if contact_id in self._offered:
            raise self._broken(contact_id, f"it is offered to {agent_id} and to another")
        if book is None or agent_id not in self._policy.agents:
            raise self._broken(contact_id, f"{agent_id} is not in the configuration")
        if not book.reachable or book.asked is not AgentState.READY or book.missed:
            raise self._broken(contact_id, f"{agent_id} is not ready")
        waited_s = now_s - request.queued_at_s
        if not self._able(request, book.agent, waited_s):
            raise self._broken(contact_id, f"{agent_id} is not able after {waited_s:.1f} s")
        load: dict[Channel, int] = {}
        for channel in book.held.values():
            load[channel] = load.get(channel, 0) + 1
        book.wrapping = [one for one in book.wrapping if one[1] > now_s + _INSTANT_S]
        for channel, _ in book.wrapping:
            load[channel] = load.get(channel, 0) + 1
        if book.agent.capacity.free(request.channel, load) < 1:
            busy = ", ".join(f"{count} {channel}" for channel, count in load.items())
            raise self._broken(contact_id, f"{agent_id} has no room for it beside {busy}")
        self.offers += 1
        self._offers[offer.offer_id] = offer
        self._offered[contact_id] = offer.offer_id
        book.held[contact_id] = request.channel

    def settled(self, offer_id: str, *, missed: bool = False) -> None:
        """An offer came to nothing."""
        offer = self._offers.pop(offer_id, None)
        if offer is None:
            return
        self._offered.pop(offer.contact_id, None)
        book = self._books[offer.agent_id]
        book.held.pop(offer.contact_id, None)
        book.missed = book.missed or missed

    def accepted(self, offer_id: str) -> None:
        """An agent serves a contact.

        Raises:
            SimulationError: No such offer is pending.
        """
        offer = self._offers.pop(offer_id, None)
        if offer is None or offer.contact_id not in self._requests:
            raise self._broken(offer_id, "an offer was accepted that is not pending")
        del self._offered[offer.contact_id]
        del self._requests[offer.contact_id]
        self._serves[offer.contact_id] = offer.agent_id

    def finished(self, contact_id: str, wrap_up_until_s: float) -> None:
        """A conversation has ended and its wrap-up begins."""
        book = self._books[self._serves.pop(contact_id)]
        book.wrapping.append((book.held.pop(contact_id), wrap_up_until_s))

    def held_by(self, agent_id: str) -> Collection[str]:
        """Return the contacts that an agent serves or is offered."""
        return self._books[agent_id].held.keys()

    def _able(self, request: Request, agent: Agent, waited_s: float) -> bool:
        """Tell whether the loosest rules in force by now let him serve it."""
        queue: QueueEntry | None = self._policy.queues[request.queue_id]
        for _ in range(OVERFLOWS_MAX):
            if queue is None:
                return False
            if _fits(queue, request, agent, waited_s + _INSTANT_S):
                return True
            over = queue.routing.overflow
            if over is None or waited_s + _INSTANT_S < over.after_s:
                return False
            queue = self._policy.queues.get(over.queue)
        return False

    def _broken(self, what: str, rule: str) -> SimulationError:
        return SimulationError(f"{self._name}: {what}: {rule}")


def _fits(queue: QueueEntry, request: Request, agent: Agent, waited_s: float) -> bool:
    routing = queue.routing
    skills, language_min = dict(queue.skills), routing.language_min
    for step in routing.relax:
        if step.after_s <= waited_s:
            for skill, least in step.skills.items():
                skills[skill] = min(least, skills.get(skill, least))
            language_min = min(language_min, step.language_min or language_min)
    if language_proficiency(agent.languages, request.language) < language_min:
        return False
    return all(agent.skills.get(skill, 0) >= least for skill, least in skills.items())
