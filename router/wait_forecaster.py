"""The forecast of waits as the router uses it: fed with what happens, asked for what will.

It takes counts, ages and masks and knows nothing of the core. Asked for many contacts at one
moment, the `Outlook` is made once and serves all of them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.wait_forecast import WaitForecast
from router.wait_calibration import Calibration, ForecastBook
from router.wait_model import Array, Arrivals, Patience, Ringing
from router.waiting_time import Asked, Crew, HandleBook, Outlook


class WaitForecaster:
    """Forecasts of waits that learn from how they turn out."""

    def __init__(self) -> None:
        """Begin with nothing known: the first forecasts come with the first contact handled."""
        self._handles = HandleBook()
        self._told = ForecastBook()
        self._ringing = Ringing()
        self._patience: dict[str, Patience] = {}
        self._arrivals: dict[str, Arrivals] = {}

    def arrived(self, queue_id: str, priority: int, now_s: float) -> None:
        """A contact has joined a queue."""
        self._arrivals.setdefault(queue_id, Arrivals()).note(priority, now_s)

    def answered(
        self, contact_id: str, queue_id: str, *, waited_s: float, rang_s: float, now_s: float
    ) -> None:
        """An agent has answered.

        Args:
            contact_id: Whose wait has ended.
            queue_id: Where.
            waited_s: Since it joined the queue.
            rang_s: From the offer to the answer.
            now_s: The injected clock's time.
        """
        self._told.answered(contact_id, now_s)
        self._ringing.note(rang_s)
        self._patience.setdefault(queue_id, Patience()).note(waited_s, left=False)

    def left(self, contact_id: str, queue_id: str, *, waited_s: float, now_s: float) -> None:
        """The customer has left while waiting or while a telephone rang."""
        self._told.left(contact_id, now_s)
        self._patience.setdefault(queue_id, Patience()).note(waited_s, left=True)

    def released(self, contact_id: str, now_s: float) -> None:
        """A contact waits no longer for another reason, as by the queue's longest wait."""
        self._told.left(contact_id, now_s)

    def handled(self, queue_id: str, seconds: float) -> None:
        """An agent is through with a contact, from the first ring to the end of the wrap-up."""
        self._handles.note(queue_id, max(0.0, seconds))

    def forget_queue(self, queue_id: str) -> None:
        """Drop what is known of a queue that is no more."""
        self._handles.forget(queue_id)
        self._told.forget_queue(queue_id)
        self._patience.pop(queue_id, None)
        self._arrivals.pop(queue_id, None)

    def calibration(self, queue_id: str) -> Calibration:
        """Return how forecasts of a queue turned out, for the figures."""
        return self._told.of(queue_id)

    def outlook(self, crew: Crew) -> Outlook | None:
        """Return when agents come free, as it looks now; None while no handle time is known."""
        return Outlook.of(crew, self._handles)

    def forecasts(
        self,
        outlook: Outlook | None,
        contacts: Sequence[tuple[str, str]],
        *,
        able: NDArray[np.bool_],
        kind: NDArray[np.int64],
        ahead: Array,
        priorities: Sequence[int],
        queue_ids: Sequence[str],
        shares: Array,
        now_s: float,
    ) -> list[WaitForecast | None]:
        """Return how long contacts still wait, corrected by what earlier forecasts were worth.

        Args:
            outlook: Of this moment.
            contacts: Their ids, each with that of its queue; the first forecast of each is
                remembered and judged by what happens.
            able: Which places of the crew may serve each kind, shape (kinds, places).
            kind: Of each contact, shape (n,).
            ahead: Contacts ahead of each for these agents; see `departures.shared_ahead`.
            priorities: Of each; arrivals of a higher one go before it.
            queue_ids: Queues that arrivals come to.
            shares: Of the agents who may serve each of them, the share who may serve the contact
                too, 0.0 to 1.0, 1.0 for its own queue, shape (n, queues).
            now_s: The injected clock's time.

        Returns:
            One for each; None where nothing can be said, see `Outlook.forecasts`.
        """
        if outlook is None:
            return [None] * len(contacts)
        rates = {rank: self._rates(queue_ids, rank, now_s) for rank in set(priorities)}
        urgent = (shares * np.array([rates[rank] for rank in priorities])).sum(axis=1)
        patience = [self._patience.get(queue_id) for _, queue_id in contacts]
        leave = np.array([0.0 if one is None else one.rate_per_s for one in patience])
        found = outlook.forecasts(
            Asked(able, kind, ahead, leave, urgent), ring_s=self._ringing.seconds
        )
        return [
            None if each is None else self._told.tell(contact_id, queue_id, each, now_s)
            for each, (contact_id, queue_id) in zip(found, contacts, strict=True)
        ]

    def _rates(self, queue_ids: Sequence[str], priority: int, now_s: float) -> list[float]:
        """Return how many of a higher priority arrive in each queue per second."""
        known = (self._arrivals.get(queue_id) for queue_id in queue_ids)
        return [0.0 if one is None else one.rate_above_per_s(priority, now_s) for one in known]
