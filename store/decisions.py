"""Why each offer was made, for as long as its contact is kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import structlog
from sqlalchemy import bindparam, delete, select

from domain.decision import Decision
from domain.events import Envelope
from domain.offer_events import OfferExplained
from store.database import Database
from store.schema import DECISIONS
from store.statements import Step, upsert

DECISIONS_MAX: Final = 500
"""Decisions told of one contact, the first ones; at one offer every 20 s nearly three hours of
ringing without an answer."""

_log = structlog.get_logger(__name__)


class Decisions:
    """Implements `DecisionLedger`, and takes in what events tell."""

    def __init__(self, database: Database) -> None:
        """Keep decisions in a database that is open."""
        self._database = database
        self._put = upsert(database.dialect, DECISIONS)
        self._drop = delete(DECISIONS).where(DECISIONS.c.contact_id == bindparam("whose"))
        self._unreadable = 0

    @property
    def unreadable(self) -> int:
        """Stored decisions that could not be read; they are left out."""
        return self._unreadable

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        """Store the decisions among these events; a decision that comes twice is stored once.

        Raises:
            StoreError: None of them is stored.
        """
        rows = tuple(
            {
                "offer_id": told.offer_id,
                "contact_id": told.contact_id,
                "queue_id": told.queue_id,
                "agent_id": told.chosen.agent_id,
                "made_at": told.at or envelope.at,
                "scheme": told.scheme.value,
                "propensity": told.propensity,
                "document": msgspec.json.encode(_stamped(told, envelope)).decode(),
            }
            for envelope in envelopes
            if isinstance(envelope.event, OfferExplained)
            for told in (envelope.event.decision,)
        )
        if rows:
            await self._database.write(
                f"{len(rows)} decisions", Step(self._put, rows), urgent=False
            )

    async def of_contact(self, contact_id: str) -> Sequence[Decision]:
        """Return the decisions about a contact in the order they were made.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(DECISIONS.c.document)
            .where(DECISIONS.c.contact_id == contact_id)
            .order_by(DECISIONS.c.made_at, DECISIONS.c.offer_id)
            .limit(DECISIONS_MAX)
        )
        async with self._database.reading(f"decisions of contact {contact_id}") as connection:
            documents = (await connection.execute(query)).scalars().all()
        return [told for each in documents if (told := self._read(each)) is not None]

    async def forget(self, contact_id: str) -> None:
        """Drop all decisions about a contact that is no longer kept.

        Raises:
            StoreError: They are still there.
        """
        step = Step(self._drop, ({"whose": contact_id},))
        await self._database.write(f"decisions of contact {contact_id}", step, urgent=False)

    def _read(self, document: str) -> Decision | None:
        try:
            return msgspec.json.decode(document, type=Decision)
        except msgspec.DecodeError as error:
            # One of a newer version must not hide the others.
            self._unreadable += 1
            _log.error("a decision cannot be read", cause=str(error))
            return None


def _stamped(decision: Decision, envelope: Envelope) -> Decision:
    """Return the decision with the time of its event, if it has none of its own."""
    return decision if decision.at is not None else replace(decision, at=envelope.at)
