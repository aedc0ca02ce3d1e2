"""What was learnt, stored as a whole under the learner's name: a restart goes on with it."""

from typing import Final

from sqlalchemy import select

from domain.errors import LimitExceeded
from domain.ports import Clock
from store.database import Database
from store.schema import LEARNING
from store.statements import Step, upsert

STATE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Twice what the largest of ours can be; a row that large is still written in a second."""


class LearningStates:
    """Implements `domain.learning.LearningStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep states in a database that is open."""
        self._database = database
        self._clock = clock
        self._put = upsert(database.dialect, LEARNING)

    async def load(self, learner: str) -> bytes | None:
        """Return what was stored last under that name; None: nothing yet.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(LEARNING.c.state).where(LEARNING.c.learner == learner)
        async with self._database.reading(f"what {learner} has learnt") as connection:
            state: bytes | None = (await connection.execute(query)).scalar_one_or_none()
        return state

    async def save(self, learner: str, state: bytes) -> None:
        """Store it in the place of what was stored before; returns when it is committed.

        Raises:
            LimitExceeded: It is over STATE_BYTES_MAX.
            StoreError: The database cannot be written.
        """
        if len(state) > STATE_BYTES_MAX:
            raise LimitExceeded(f"bytes that {learner} has learnt", len(state), STATE_BYTES_MAX)
        row = {"learner": learner, "state": state, "saved_at": self._clock.utc()}
        what = f"what {learner} has learnt"
        await self._database.write(what, Step(self._put, (row,)), urgent=False)
