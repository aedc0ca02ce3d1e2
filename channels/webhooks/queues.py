"""Which queue an event concerns, where the event itself does not say so."""

from collections import OrderedDict
from typing import Final

from domain.events import Event
from domain.ports import ContactLedger

CONTACTS_MAX: Final = 10_000
"""Contacts whose queue is remembered, ten times the calls of the largest node."""


class QueueIndex:
    """Remembers the queues of contacts, and looks up those of others in their records."""

    def __init__(self, ledger: ContactLedger, *, contacts_max: int = CONTACTS_MAX) -> None:
        """Begin with nothing remembered.

        Args:
            ledger: The records of contacts.
            contacts_max: Contacts remembered; the one that was used longest ago is forgotten.
        """
        self._ledger = ledger
        self._contacts_max = contacts_max
        self._queues: OrderedDict[str, str] = OrderedDict()

    def learn(self, event: Event) -> None:
        """Remember what an event says of its contact's queue."""
        contact_id, queue_id = _named(event, "contact_id"), _named(event, "queue_id")
        if contact_id is not None and queue_id is not None:
            self._remember(contact_id, queue_id)

    async def of(self, event: Event) -> str | None:
        """Return the queue that an event concerns; None for no queue, or one nobody knows.

        Raises:
            StoreError: The record could not be read.
        """
        queue_id = _named(event, "queue_id")
        contact_id = _named(event, "contact_id")
        if queue_id is not None or contact_id is None:
            return queue_id
        queue_id = self._queues.get(contact_id)
        if queue_id is None:
            record = await self._ledger.get(contact_id)
            if record is None:
                return None
            queue_id = record.contact.queue_id
        self._remember(contact_id, queue_id)
        return queue_id

    def _remember(self, contact_id: str, queue_id: str) -> None:
        self._queues[contact_id] = queue_id
        self._queues.move_to_end(contact_id)
        if len(self._queues) > self._contacts_max:
            self._queues.popitem(last=False)


def _named(event: Event, field: str) -> str | None:
    value: str | None = getattr(event, field, None)
    return value
