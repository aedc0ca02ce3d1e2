"""How long those who wait still wait: the people as they stand, put before the forecaster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.agent import AgentState
from domain.contact import Channel
from domain.wait_forecast import WaitForecast
from router.demand import Demand
from router.departures import shared_ahead
from router.roster import Roster
from router.standing import Standing
from router.wait_forecaster import WaitForecaster
from router.waiting import WaitingContact
from router.waiting_time import Crew, Outlook

RANK_S: Final = 30.0
"""Seconds of waiting that priority and value together are worth in one step of rank, by which it
is learnt how often somebody more urgent comes."""
AT_ONCE: Final = 500
"""Forecasts made in one go: what they are made of takes a few megabytes then."""
_WORKING: Final = frozenset({AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP})
_FREE_S: Final = -1.0
_ANSWERED: Final = WaitForecast(p50_s=0.0, p90_s=0.0, mean_s=0.0)
"""Of who is being offered: he waits no longer."""


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Those who wait in one channel, the most urgent first, and who may serve them.

    Attributes:
        rank: The place of each in that order, from 0, by contact_id.
        kind: What each asks for, in that order, as a row of `able`, shape (contacts,).
        able: Which places of the crew may serve each kind, shape (kinds, places).
        common: Of the places that may serve each kind, how many may serve each other one too,
            shape (kinds, kinds).
        column: The place of each queue in `shares_of`, by its id.
        shares_of: Of the places that may serve each queue, the share that may serve each kind,
            shape (kinds, queues).
    """

    rank: Mapping[str, int]
    kind: NDArray[np.int64]
    able: NDArray[np.bool_]
    common: NDArray[np.float64]
    column: Mapping[str, int]
    shares_of: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        contacts: Sequence[WaitingContact],
        kind: NDArray[np.int64],
        able: NDArray[np.bool_],
        theirs: Mapping[str, NDArray[np.bool_]],
    ) -> "_Crowd":
        """Compare every kind with every kind, and with every queue.

        Args:
            contacts: The most urgent first.
            kind: Of each.
            able: See above.
            theirs: Which places may serve each queue, each shape (places,).
        """
        places = able.astype(np.float64)
        queues = np.array(list(theirs.values()), dtype=np.float64)
        queues = queues.reshape(len(theirs), able.shape[1])
        return cls(
            rank={contact.contact_id: rank for rank, contact in enumerate(contacts)},
            kind=kind,
            able=able,
            common=places @ places.T,
            column={queue_id: number for number, queue_id in enumerate(theirs)},
            shares_of=places @ queues.T / np.maximum(queues.sum(axis=1), 1.0),
        )

    def ahead(self, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how many contacts stand before each for its agents; see `shared_ahead`."""
        order = np.unique(ranks)
        alike = np.zeros((len(order), len(self.able)))
        before = 0
        for row, rank in enumerate(order.tolist()):
            alike[row] = np.bincount(self.kind[before:rank], minlength=len(self.able))
            before = rank
        counts = alike.cumsum(axis=0)[np.searchsorted(order, ranks)]
        return shared_ahead(counts, self.common.diagonal(), self.common[self.kind[ranks]])


class Forecasts:
    """Forecasts for one moment; what all contacts share is computed once."""

    def __init__(
        self, demand: Demand, roster: Roster, forecaster: WaitForecaster, now_s: float
    ) -> None:
        self._demand = demand
        self._forecaster = forecaster
        self._now_s = now_s
        self._working = [one for one in roster if one.state in _WORKING and one.column >= 0]
        self._crowds: dict[Channel, _Crowd] = {}
        self._crews: dict[Channel, tuple[NDArray[np.int64], Outlook | None]] = {}

    def of(self, contact: WaitingContact) -> WaitForecast | None:
        """Return how long a contact still waits; None where nothing can be said."""
        (found,) = self.of_all([contact])
        return found

    def of_all(self, contacts: Sequence[WaitingContact]) -> list[WaitForecast | None]:
        """Return the forecast of each, many of one channel made in one go."""
        found: list[WaitForecast | None] = [_ANSWERED] * len(contacts)
        by_channel: dict[Channel, list[int]] = {}
        for place, contact in enumerate(contacts):
            if contact.offered_to is None:
                by_channel.setdefault(contact.channel, []).append(place)
        for channel, every in by_channel.items():
            for begin in range(0, len(every), AT_ONCE):
                places = every[begin : begin + AT_ONCE]
                made = self._of_channel(channel, [contacts[place] for place in places])
                for place, forecast in zip(places, made, strict=True):
                    found[place] = forecast
        return found

    def _of_channel(
        self, channel: Channel, contacts: Sequence[WaitingContact]
    ) -> list[WaitForecast | None]:
        crowd = self._crowd(channel)
        _, outlook = self._crew(channel)
        ranks = np.array([crowd.rank[each.contact_id] for each in contacts], dtype=np.int64)
        kinds, kind = np.unique(crowd.kind[ranks], return_inverse=True)
        own = [crowd.column[each.queue_id] for each in contacts]
        shares = crowd.shares_of[kinds[kind]]
        shares[np.arange(len(own)), own] = 1.0
        return self._forecaster.forecasts(
            outlook,
            [(each.contact_id, each.queue_id) for each in contacts],
            able=crowd.able[kinds],
            kind=kind,
            ahead=crowd.ahead(ranks),
            priorities=[rank_of(self._demand, each) for each in contacts],
            queue_ids=list(crowd.column),
            shares=shares,
            now_s=self._now_s,
        )

    def _crowd(self, channel: Channel) -> "_Crowd":
        """Return those who wait in a channel, put in order once for all of them."""
        known = self._crowds.get(channel)
        if known is None:
            columns, _ = self._crew(channel)
            line = self._demand.line
            waiting = [one for one in line.waiting if one.channel is channel]
            urgency_s = line.urgency_s(line.places(waiting), self._now_s)
            order = np.argsort(-urgency_s, kind="stable").tolist()
            contacts = [waiting[place] for place in order]
            kind, able = self._demand.eligibility.kinds(contacts)
            theirs = {
                queue_id: self._demand.able(queue_id)[columns]
                for queue_id in self._demand.queue_ids
            }
            known = self._crowds[channel] = _Crowd.of(contacts, kind, able[:, columns], theirs)
        return known

    def _crew(self, channel: Channel) -> tuple[NDArray[np.int64], Outlook | None]:
        """Return the column of the agent of each place that serves a channel, and the outlook."""
        known = self._crews.get(channel)
        if known is None:
            columns: list[int] = []
            ages_s: list[float] = []
            queue_ids: list[str] = []
            for one in self._working:
                for age_s, queue_id in _places(one, channel, self._now_s):
                    columns.append(one.column)
                    ages_s.append(age_s)
                    queue_ids.append(queue_id)
            outlook = None
            if columns:
                outlook = self._forecaster.outlook(Crew(np.array(ages_s), queue_ids))
            known = self._crews[channel] = (np.array(columns, dtype=np.int64), outlook)
        return known


def _places(one: Standing, channel: Channel, now_s: float) -> Sequence[tuple[float, str]]:
    """Return for each place of an agent in a channel since when it is taken, and by whose queue.

    What he does on a channel that excludes this one takes the places too.
    """
    capacity = one.policy.agent.capacity
    apart = [
        serving
        for serving in one.work.values()
        if serving.channel is channel or frozenset((serving.channel, channel)) in capacity.apart
    ]
    taken = [(now_s - serving.since_s, serving.queue_id) for serving in apart]
    slots = capacity.slots.get(channel, 0)
    return (taken + [(_FREE_S, "")] * slots)[:slots]


def rank_of(demand: Demand, contact: WaitingContact) -> int:
    """Return how urgent a contact is beyond its wait, in steps of RANK_S."""
    weights = demand.weights(contact.queue_id)
    seconds = weights.priority_weight_s * contact.priority
    seconds += weights.value_weight_s * (contact.value - 1)
    return int(seconds // RANK_S)
