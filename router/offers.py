"""Offers that are pending, and pairs that may not meet again for a while."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypedDict

from domain.machine import step
from domain.offer import TRANSITIONS, Offer, OfferState, OfferTrigger

PAUSES_MAX: Final = 100_000
"""Pauses kept at once; at the limit the oldest ends early, which costs a second try at most."""


NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(slots=True, eq=False)
class PendingOffer:
    """An offer and where it stands."""

    offer: Offer
    state: OfferState = OfferState.PENDING

    def settle(self, trigger: OfferTrigger) -> None:
        """Take the only step that an offer ever takes.

        Raises:
            IllegalTransition: It is settled already.
        """
        self.state = step(TRANSITIONS, self.state, trigger)


class OfferNames(TypedDict):
    """Who is who in an offer, as its events tell it."""

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str


def names_of(offer: Offer) -> OfferNames:
    """Return who is who in an offer."""
    return {
        "offer_id": offer.offer_id,
        "contact_id": offer.contact_id,
        "agent_id": offer.agent_id,
        "queue_id": offer.queue_id,
    }


class OfferBook:
    """Pending offers, found by offer, contact and agent; each of these has one at most."""

    def __init__(self) -> None:
        self._by_id: dict[str, PendingOffer] = {}
        self._by_contact: dict[str, PendingOffer] = {}
        self._by_agent: dict[str, PendingOffer] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Offer]:
        return (pending.offer for pending in self._by_id.values())

    def get(self, offer_id: str) -> Offer | None:
        """Return a pending offer; None when it is settled or never was."""
        pending = self._by_id.get(offer_id)
        return None if pending is None else pending.offer

    def of_contact(self, contact_id: str) -> Offer | None:
        """Return the pending offer of a contact."""
        pending = self._by_contact.get(contact_id)
        return None if pending is None else pending.offer

    def of_agent(self, agent_id: str) -> Offer | None:
        """Return the pending offer that rings at an agent."""
        pending = self._by_agent.get(agent_id)
        return None if pending is None else pending.offer

    def open(self, offer: Offer) -> None:
        """Keep a new offer."""
        assert offer.offer_id not in self._by_id
        assert offer.contact_id not in self._by_contact
        assert offer.agent_id not in self._by_agent
        pending = PendingOffer(offer)
        self._by_id[offer.offer_id] = pending
        self._by_contact[offer.contact_id] = pending
        self._by_agent[offer.agent_id] = pending

    def settle(self, offer: Offer, trigger: OfferTrigger) -> None:
        """Settle a pending offer and forget it."""
        pending = self._by_id.pop(offer.offer_id)
        del self._by_contact[offer.contact_id]
        del self._by_agent[offer.agent_id]
        pending.settle(trigger)


class Pauses:
    """Pairs of contact and agent that came to nothing and may not meet again for a while."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[str, float]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def begin(self, contact_id: str, agent_id: str, until_s: float) -> None:
        """Keep the pair apart until then."""
        agents = self._agents.setdefault(contact_id, {})
        self._size += agent_id not in agents
        agents[agent_id] = until_s
        if self._size > PAUSES_MAX:
            self.forget(next(iter(self._agents)))

    def end(self, contact_id: str, agent_id: str) -> None:
        """Let the pair meet again."""
        agents = self._agents.get(contact_id)
        if agents is None or agents.pop(agent_id, None) is None:
            return
        self._size -= 1
        if not agents:
            del self._agents[contact_id]

    def forget(self, contact_id: str) -> None:
        """The contact waits no longer."""
        self._size -= len(self._agents.pop(contact_id, ()))

    def agents(self, contact_id: str, now_s: float) -> frozenset[str]:
        """Return the agents whom this contact may not be offered to now."""
        agents = self._agents.get(contact_id)
        if agents is None:
            return NOBODY
        return frozenset(agent_id for agent_id, until_s in agents.items() if until_s > now_s)
