"""Callbacks that customers were promised: none is lost with the node.

A callback is a row beside its contact, which holds the number, sealed. As long as the row is
there the contact is not closed as lost after a restart.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from sqlalchemy import bindparam, delete, select, update

from domain.callback import KeptCallback
from domain.contact import ContactState
from store.contacts import Contacts
from store.database import Database
from store.schema import CALLBACKS, CONTACTS, RUNS
from store.statements import Row, Step, upsert
from store.write_behind import WriteBehind

_OVER: Final = frozenset({ContactState.CONNECTED, ContactState.CLOSED})
_log = structlog.get_logger()


class Callbacks:
    """Implements `CallbackStore`; async context manager."""

    def __init__(self, database: Database, contacts: Contacts) -> None:
        """Keep callbacks in a database that is open, beside these contacts."""
        self._database = database
        self._contacts = contacts
        self._behind: WriteBehind[Row | None] = WriteBehind("callbacks", self._write)
        self._put = upsert(database.dialect, CALLBACKS)
        self._remove = delete(CALLBACKS).where(CALLBACKS.c.contact_id == bindparam("whose"))
        self._adopt = (
            update(CONTACTS)
            .where(CONTACTS.c.contact_id == bindparam("whose"))
            .values(run_id=bindparam("run"))
        )

    async def __aenter__(self) -> "Callbacks":
        await self._behind.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._behind.__aexit__(*exc)

    @property
    def behind(self) -> WriteBehind[Row | None]:
        """What still waits to be written, for the figures."""
        return self._behind

    async def keep(self, callback: KeptCallback) -> None:
        """Commit a new callback.

        Raises:
            StoreError: It is not written.
        """
        contact_id = callback.contact.contact_id
        await self._database.write(
            f"callback of contact {contact_id}", Step(self._put, (_row(callback),))
        )
        # An earlier callback of this contact may still wait to be forgotten.
        self.save(callback)

    def save(self, callback: KeptCallback) -> None:
        """Keep how a callback now stands; written soon, never waits."""
        self._behind.put(callback.contact.contact_id, _row(callback))

    def forget(self, contact_id: str) -> None:
        """Drop a callback that is over; written soon, never waits; harmless if there is none."""
        self._behind.put(contact_id, None)

    async def load(self) -> Sequence[KeptCallback]:
        """Return those that wait, the oldest first, and make them contacts of this run.

        One whose contact is closed, gone or was served, because the node was killed between two
        writes, is dropped.

        Raises:
            StoreError: The database cannot be read or written.
        """
        async with self._database.reading("callbacks") as connection:
            query = (
                select(CALLBACKS)
                .outerjoin(CONTACTS, CONTACTS.c.contact_id == CALLBACKS.c.contact_id)
                .outerjoin(RUNS, RUNS.c.run_id == CONTACTS.c.run_id)
                .order_by(CALLBACKS.c.contact_id)
            )
            if self._database.dialect != "sqlite":
                # Where nodes share a database, each calls back who has called it.
                query = query.where(RUNS.c.node == self._contacts.node)
            rows = (await connection.execute(query)).all()
        found: list[KeptCallback] = []
        for row in rows:
            record = await self._contacts.get(row.contact_id)
            if record is None or record.contact.state in _OVER or not record.contact.caller:
                self.forget(row.contact_id)
                continue
            contact = record.contact
            # Whatever the dead run was about to do with it, it waits.
            contact.state = ContactState.QUEUED
            found.append(
                KeptCallback(
                    contact=contact,
                    queued_at=row.queued_at,
                    requested_at=row.requested_at,
                    attempts=row.attempts,
                    retry_at=row.retry_at,
                )
            )
        if found:
            run_id = self._contacts.run_id
            adopted = tuple({"whose": one.contact.contact_id, "run": run_id} for one in found)
            await self._database.write(
                f"{len(found)} callbacks of this run", Step(self._adopt, adopted)
            )
            _log.info("callbacks wait again", callbacks=len(found))
        return found

    async def _write(self, rows: Mapping[str, Row | None]) -> None:
        kept = tuple(row for row in rows.values() if row is not None)
        gone = tuple({"whose": contact_id} for contact_id, row in rows.items() if row is None)
        steps = [Step(self._put, kept)] if kept else []
        steps += [Step(self._remove, gone)] if gone else []
        for step in steps:
            await self._database.write(f"{len(rows)} callbacks", step, urgent=False)


def _row(callback: KeptCallback) -> Mapping[str, Any]:
    return {
        "contact_id": callback.contact.contact_id,
        "queued_at": callback.queued_at,
        "requested_at": callback.requested_at,
        "attempts": callback.attempts,
        "retry_at": callback.retry_at,
    }
