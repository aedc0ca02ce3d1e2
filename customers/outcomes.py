"""What became of contacts, as agents and programs report it: stored first, then told."""

from domain.customer_ports import ContactOutcome, CustomerDirectory
from domain.events import OutcomeReported
from domain.ports import EventPublisher


class Outcomes:
    """Implements `domain.customer_ports.OutcomeDesk`."""

    def __init__(self, directory: CustomerDirectory, events: EventPublisher) -> None:
        """Join where outcomes are stored and where events go."""
        self._directory = directory
        self._events = events

    async def report(self, outcome: ContactOutcome) -> None:
        """Store what became of a contact, and publish `OutcomeReported`.

        Raises:
            NotKnown: There is no such contact.
            StoreError: It is not stored, and nobody is told.
        """
        await self._directory.keep_outcome(outcome)
        self._events.publish(
            OutcomeReported(
                contact_id=outcome.contact_id,
                resolved=outcome.resolved,
                satisfied=outcome.satisfied,
                topic=outcome.topic,
            )
        )
