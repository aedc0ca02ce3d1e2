"""Messages of webhooks that were given up, for those who look after the receivers."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select

from domain.webhook_ports import DeadLetter
from store.conversation_schema import DEAD_LETTERS
from store.database import Database
from store.statements import Step, insert_into

LETTERS_MAX: Final = 10_000
"""Kept of one webhook, the newest: some 2 MB. Who has missed more reads the stream of events."""
_COLUMNS: Final = tuple(DEAD_LETTERS.columns.keys())


class DeadLetters:
    """Implements `domain.webhook_ports.DeadLetters`."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database that is open."""
        self._database = database
        letters = DEAD_LETTERS.c
        put = insert_into(database.dialect, DEAD_LETTERS)
        new = put.excluded
        self._put = put.on_conflict_do_update(
            index_elements=["webhook", "sequence"],
            set_={name: new[name] for name in ("given_up_at", "attempts", "error")},
        )
        self._forget = delete(DEAD_LETTERS).where(
            letters.webhook == bindparam("whose"), letters.sequence == bindparam("which")
        )
        self._thin = delete(DEAD_LETTERS).where(
            letters.webhook == bindparam("whose"), letters.sequence <= bindparam("up_to")
        )

    async def add(self, letter: DeadLetter) -> None:
        """Write a letter; the oldest of its webhook goes when there are too many.

        Raises:
            StoreError: It is not written.
        """
        row = {name: getattr(letter, name) for name in _COLUMNS}
        steps = [Step(self._put, (row,))]
        beyond = await self._beyond(letter.webhook)
        if beyond is not None:
            steps.append(Step(self._thin, ({"whose": letter.webhook, "up_to": beyond},)))
        await self._database.write(f"dead letter of webhook {letter.webhook}", *steps)

    async def of(
        self, webhook: str, *, limit: int = 50, before: int | None = None
    ) -> Sequence[DeadLetter]:
        """Return the letters of a webhook, the newest event first.

        Raises:
            StoreError: The database cannot be read.
        """
        letters = DEAD_LETTERS.c
        query = select(DEAD_LETTERS).where(letters.webhook == webhook)
        if before is not None:
            query = query.where(letters.sequence < before)
        query = query.order_by(letters.sequence.desc()).limit(limit)
        async with self._database.reading(f"dead letters of webhook {webhook}") as connection:
            return [_letter(row) for row in (await connection.execute(query)).all()]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return a letter; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(DEAD_LETTERS).where(DEAD_LETTERS.c.letter_id == letter_id)
        async with self._database.reading(f"dead letter {letter_id}") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _letter(row)

    async def forget(self, webhook: str, sequence: int) -> None:
        """Drop a letter; harmless if it is not there.

        Raises:
            StoreError: It is not dropped.
        """
        row = {"whose": webhook, "which": sequence}
        await self._database.write(
            f"dead letter of webhook {webhook}", Step(self._forget, (row,)), urgent=False
        )

    async def _beyond(self, webhook: str) -> int | None:
        """Return up to which event letters must go, so that one more has room; None: it has."""
        letters = DEAD_LETTERS.c
        count = select(func.count()).select_from(DEAD_LETTERS).where(letters.webhook == webhook)
        oldest = (
            select(letters.sequence)
            .where(letters.webhook == webhook)
            .order_by(letters.sequence.desc())
            .offset(LETTERS_MAX - 1)
            .limit(1)
        )
        async with self._database.reading(f"dead letters of webhook {webhook}") as connection:
            if (await connection.execute(count)).scalar_one() < LETTERS_MAX:
                return None
            found: int | None = (await connection.execute(oldest)).scalar_one_or_none()
        return found


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(**row._mapping)
