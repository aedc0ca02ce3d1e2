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
from router.roster import Roster
from router.standing import Standing
from router.wait_forecaster import WaitForecaster
from router.waiting import WaitingContact
from router.waiting_time import Crew, Outlook, shared_ahead

RANK_S: Final = 30.0
"""Seconds of waiting that priority and value together are worth in one step of rank, by which it
is learnt how often somebody more urgent comes."""
_WORKING: Final = frozenset({AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP})
_FREE_S: Final = -1.0


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Those who wait in one channel, the most urgent first, and who may serve them.

    Attributes:
        rank: The place of each in that order, from 0, by contact_id.
        kind: What each asks for, in that order, as a row of `able`, shape (contacts,).
        able: Which places of the crew may serve each kind, shape (kinds, places).
        common: Of the places that may serve each kind, how many may serve each other one too,
            shape (kinds, kinds).
        queue_ids: Every queue.
        shares_of: Of the places that may serve each queue, the share that may serve each kind,
            shape (kinds, queues).
    """

    rank: Mapping[str, int]
    kind: NDArray[np.int64]
    able: NDArray[np.bool_]
    common: NDArray[np.float64]
    queue_ids: Sequence[str]
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
            queue_ids=list(theirs),
            shares_of=places @ queues.T / np.maximum(queues.sum(axis=1), 1.0),
        )

    def ahead(self, rank: int) -> float:
        """Return how many contacts stand before one for its agents; see `shared_ahead`."""
        counts = np.bincount(self.kind[:rank], minlength=len(self.able)).astype(np.float64)
        return shared_ahead(counts, self.common.diagonal(), self.common[self.kind[rank]])

    def shares(self, kind: int) -> dict[str, float]:
        """Return the share of each queue's agents who may serve a kind, by queue."""
        return dict(zip(self.queue_ids, self.shares_of[kind].tolist(), strict=True))


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
        if contact.offered_to is not None:
            return WaitForecast(p50_s=0.0, p90_s=0.0, mean_s=0.0)
        crowd = self._crowd(contact.channel)
        _, outlook = self._crew(contact.channel)
        rank = crowd.rank[contact.contact_id]
        kind = int(crowd.kind[rank])
        return self._forecaster.forecast(
            outlook,
            contact.contact_id,
            contact.queue_id,
            able=crowd.able[kind],
            ahead=crowd.ahead(rank),
            priority=rank_of(self._demand, contact),
            shares={**crowd.shares(kind), contact.queue_id: 1.0},
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
