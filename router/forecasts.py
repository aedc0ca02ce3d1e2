"""How long those who wait still wait: the people as they stand, put before the forecaster."""

from collections.abc import Mapping, Sequence
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


class Forecasts:
    """Forecasts for one moment; what all contacts share is computed once."""

    def __init__(
        self, demand: Demand, roster: Roster, forecaster: WaitForecaster, now_s: float
    ) -> None:
        self._demand = demand
        self._forecaster = forecaster
        self._now_s = now_s
        self._working = [one for one in roster if one.state in _WORKING and one.column >= 0]
        self._crews: dict[Channel, tuple[NDArray[np.int64], Outlook | None]] = {}

    def of(self, contact: WaitingContact) -> WaitForecast | None:
        """Return how long a contact still waits; None where nothing can be said."""
        if contact.offered_to is not None:
            return WaitForecast(p50_s=0.0, p90_s=0.0, mean_s=0.0)
        columns, outlook = self._crew(contact.channel)
        able = self._demand.eligibility.able(contact)
        return self._forecaster.forecast(
            outlook,
            contact.contact_id,
            contact.queue_id,
            able=able[columns],
            ahead=self._ahead(contact, able, columns),
            priority=rank_of(self._demand, contact),
            shares=self._shares(contact, able, columns),
            now_s=self._now_s,
        )

    def _ahead(
        self, contact: WaitingContact, able: NDArray[np.bool_], columns: NDArray[np.int64]
    ) -> float:
        line, eligibility = self._demand.line, self._demand.eligibility
        groups: dict[tuple[int, ...], tuple[int, WaitingContact]] = {}
        for other in line.ahead_of(contact, self._now_s):
            if other.channel is contact.channel:
                (rows,) = line.rows(line.places([other])).tolist()
                count, _ = groups.get(tuple(rows), (0, other))
                groups[tuple(rows)] = (count + 1, other)
        if not groups:
            return 0.0
        masks = [eligibility.able(other)[columns] for _, other in groups.values()]
        mine = able[columns]
        return shared_ahead(
            np.array([count for count, _ in groups.values()], dtype=np.float64),
            np.array([np.count_nonzero(mask) for mask in masks], dtype=np.float64),
            np.array([np.count_nonzero(mask & mine) for mask in masks], dtype=np.float64),
        )

    def _shares(
        self, contact: WaitingContact, able: NDArray[np.bool_], columns: NDArray[np.int64]
    ) -> Mapping[str, float]:
        shares = {}
        for queue_id in self._demand.queue_ids:
            theirs = self._demand.able(queue_id)[columns]
            common = int(np.count_nonzero(theirs & able[columns]))
            shares[queue_id] = common / max(1, int(np.count_nonzero(theirs)))
        shares[contact.queue_id] = 1.0
        return shares

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
