"""The queues: as configured, with their figures, and those on their way out."""

from collections.abc import Mapping
from typing import Final

from config.schema import QueueEntry
from domain.errors import LimitExceeded, NotKnown
from router.figures import QueueFigures
from router.standing import Serving
from router.totals import CoreTotals
from router.wait_forecaster import WaitForecaster
from router.waiting import WaitingContact


class Queues:
    """Every queue of the policy, and those removed from it in which somebody waits or talks."""

    def __init__(self) -> None:
        self._configured: Mapping[str, QueueEntry] = {}
        self._every: dict[str, QueueEntry] = {}
        self.figures: Final[dict[str, QueueFigures]] = {}
        self.forecaster: Final = WaitForecaster()

    @property
    def every(self) -> Mapping[str, QueueEntry]:
        """All that are still in use, by id."""
        return self._every

    def __getitem__(self, queue_id: str) -> QueueEntry:
        """Return a queue that is in use."""
        return self._every[queue_id]

    def get(self, queue_id: str) -> QueueEntry:
        """Return a queue as it is configured.

        Raises:
            NotKnown: There is no such queue.
        """
        queue = self._configured.get(queue_id)
        if queue is None:
            raise NotKnown("queue", queue_id)
        return queue

    def replace(self, configured: Mapping[str, QueueEntry]) -> None:
        """Take other queues; `close` must follow for those that are gone."""
        self._configured = configured
        self._every.update(configured)
        for queue_id in configured:
            self.figures.setdefault(queue_id, QueueFigures())

    def admit(self, queue: QueueEntry, waiting: int, totals: CoreTotals) -> None:
        """Count a contact that comes.

        Args:
            queue: Where to.
            waiting: Contacts that no agent has answered yet, this one not counted.
            totals: Where a refusal is counted too.

        Raises:
            LimitExceeded: The queue is at its limit of waiting contacts.
        """
        figures = self.figures[queue.id]
        if waiting >= queue.waiting_max:
            figures.refused += 1
            totals.refused += 1
            raise LimitExceeded(f"queue {queue.id} waiting_max", waiting + 1, queue.waiting_max)
        figures.arrived += 1

    def note_answer(self, contact: WaitingContact, rang_s: float, now_s: float) -> None:
        """An agent has answered."""
        waited_s = contact.waited_s(now_s)
        queue_id = contact.queue_id
        target_s = self._every[queue_id].service_level.target_s
        self.figures[queue_id].note_answer(waited_s, target_s)
        self.forecaster.answered(
            contact.contact_id, queue_id, waited_s=waited_s, rang_s=rang_s, now_s=now_s
        )

    def note_abandonment(self, contact: WaitingContact, now_s: float) -> None:
        """The customer has left before an answer; whose place was kept had left long before."""
        if contact.kept:
            self.figures[contact.queue_id].withdrawn += 1
            self.forecaster.released(contact.contact_id, now_s)
            return
        waited_s = contact.waited_s(now_s)
        queue_id = contact.queue_id
        target_s = self._every[queue_id].service_level.target_s
        self.figures[queue_id].note_abandonment(waited_s, target_s)
        self.forecaster.left(contact.contact_id, queue_id, waited_s=waited_s, now_s=now_s)

    def note_release(self, contact: WaitingContact, now_s: float) -> None:
        """The contact may wait no longer."""
        self.figures[contact.queue_id].released += 1
        self.forecaster.released(contact.contact_id, now_s)

    def note_handled(self, serving: Serving, now_s: float) -> None:
        """An agent is through with a contact."""
        figures = self.figures.get(serving.queue_id)
        if figures is not None:
            figures.note_handled(now_s - serving.since_s)
            self.forecaster.handled(serving.queue_id, now_s - serving.since_s)

    def note_overflow(self, queue_id: str, to_queue_id: str) -> None:
        """Count a contact that goes on waiting in another queue."""
        self.figures[queue_id].overflowed += 1
        self.figures[to_queue_id].arrived += 1

    def close(self, queue_id: str, waiting: int) -> bool:
        """Forget a queue that was removed, once nobody waits in it or talks; return whether.

        Args:
            queue_id: Which.
            waiting: Contacts of it that no agent has answered yet.
        """
        if queue_id in self._configured or queue_id not in self._every:
            return False
        if waiting or self.figures[queue_id].connected:
            return False
        del self._every[queue_id]
        del self.figures[queue_id]
        self.forecaster.forget_queue(queue_id)
        return True
