"""What waits to leave by a channel that queues: no restart loses a message to a customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Row, bindparam, func, insert, select, text, update

from domain.conversation import Conversation
from domain.conversation_ports import Outgoing
from domain.errors import StoreError
from domain.message import Delivery, Message
from domain.ports import Clock
from store.columns import ID
from store.conversation_schema import MESSAGES, OUTGOING
from store.database import Database
from store.statements import Step
from store.vault import Vault

WAITING: Final = "waiting"
"""State of what is not settled; else it is a `Delivery`."""
_DESTINATION: Final = {"table": "outgoing", "column": "destination"}
_REMOTE: Final = {"table": "outgoing", "column": "remote_id"}
# In the words of the index, which a parameter would not be.
_WAITS: Final = text("state = 'waiting'")

_log = structlog.get_logger(__name__)


class OutgoingMessages:
    """Implements `OutgoingStore`."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Keep them in a database that is open."""
        self._database = database
        self._vault = vault
        self._clock = clock
        which = OUTGOING.c.message_id == bindparam("which", type_=ID)
        self._add = insert(OUTGOING)
        # The columns that a row names are set; of one statement all rows name the same.
        self._settle = update(OUTGOING).where(which)
        self._name = update(OUTGOING).where(which)
        self._count = update(OUTGOING).where(which).values(attempts=OUTGOING.c.attempts + 1)
        self._deliver = update(MESSAGES).where(
            MESSAGES.c.message_id == bindparam("which", type_=ID)
        )

    def queued(self, conversation: Conversation, message: Message) -> Step:
        """Return the step that lets a message wait, to be tried at once."""
        row = {
            "message_id": message.message_id,
            "conversation_id": conversation.conversation_id,
            "source": conversation.source,
            "destination": self._vault.seal(
                conversation.address.value, **_DESTINATION, row=message.message_id
            ),
            "state": WAITING,
            "attempts": 0,
            "due_at": message.at,
            "error": "",
        }
        return Step(self._add, (row,))

    async def due(self, source: str, now: datetime, limit: int) -> Sequence[Outgoing]:
        """Return what may be tried now, the oldest first.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(OUTGOING)
            .where(_WAITS, OUTGOING.c.source == source, OUTGOING.c.due_at <= now)
            .order_by(OUTGOING.c.due_at, OUTGOING.c.message_id)
            .limit(limit)
        )
        async with self._database.reading(f"what waits to leave by {source}") as connection:
            rows = (await connection.execute(query)).all()
        return [self._outgoing(row) for row in rows]

    async def next_due(self, source: str) -> datetime | None:
        """Return when the next one may be tried; None: nothing waits.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(OUTGOING.c.due_at)
            .where(_WAITS, OUTGOING.c.source == source)
            .order_by(OUTGOING.c.due_at)
            .limit(1)
        )
        async with self._database.reading(f"what waits to leave by {source}") as connection:
            found: datetime | None = (await connection.execute(query)).scalar()
        return found

    async def postpone(self, message_id: str, due_at: datetime, error: str) -> None:
        """A try came to nothing; count it.

        Raises:
            StoreError: It is not written.
        """
        row = {"which": message_id, "due_at": due_at, "error": error}
        await self._write(message_id, Step(self._count, (row,)))

    async def settle(
        self, message_id: str, delivery: Delivery, *, remote_id: str = "", error: str = ""
    ) -> None:
        """It is out, or given up; the message's delivery is written with it.

        Raises:
            StoreError: It is not written.
        """
        settled: dict[str, Any] = {
            "which": message_id,
            "state": delivery.value,
            "error": error,
            "settled_at": self._clock.utc(),
        }
        failure = error if delivery is Delivery.FAILED else ""
        came = {"which": message_id, "delivery": delivery.value, "failure": failure}
        steps = [Step(self._settle, (settled,)), Step(self._deliver, (came,))]
        if remote_id:
            steps.append(await self._named(message_id, remote_id))
        await self._write(message_id, *steps)

    async def by_remote_id(self, source: str, remote_id: str) -> Outgoing | None:
        """Return what the next system calls so, out or not: for bounces and read marks.

        Raises:
            StoreError: The database cannot be read.
        """
        mark = self._remote_mark(source, remote_id)
        query = select(OUTGOING).where(OUTGOING.c.remote_mark == mark).limit(1)
        async with self._database.reading(f"what has left by {source}") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else self._outgoing(row)

    async def set_remote_id(self, message_id: str, remote_id: str) -> None:
        """Keep what it will be called, before it is sent.

        Raises:
            StoreError: It is not written.
        """
        await self._write(message_id, await self._named(message_id, remote_id))

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how many stand in each (source, state).

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(OUTGOING.c.source, OUTGOING.c.state, func.count().label("number")).group_by(
            OUTGOING.c.source, OUTGOING.c.state
        )
        async with self._database.reading("what waits to leave") as connection:
            return {(row.source, row.state): row.number for row in await connection.execute(query)}

    async def _named(self, message_id: str, remote_id: str) -> Step:
        query = select(OUTGOING.c.source).where(OUTGOING.c.message_id == message_id)
        async with self._database.reading(f"outgoing message {message_id}") as connection:
            source = (await connection.execute(query)).scalar()
        row = {
            "which": message_id,
            "remote_id": self._vault.seal(remote_id, **_REMOTE, row=message_id),
            "remote_mark": self._remote_mark(source or "", remote_id),
        }
        return Step(self._name, (row,))

    async def _write(self, message_id: str, *steps: Step) -> None:
        await self._database.write(f"outgoing message {message_id}", *steps)

    def _remote_mark(self, source: str, remote_id: str) -> bytes:
        return self._vault.mark(msgspec.json.encode(("remote", source, remote_id)).decode())

    def _outgoing(self, row: Row[Any]) -> Outgoing:
        """Return the row; with an empty destination when the vault cannot open it.

        Whoever sends gives such a one up with a reason, instead of being asked for ever.
        """
        destination = remote_id = ""
        try:
            destination = self._vault.open(row.destination, **_DESTINATION, row=row.message_id)
            if row.remote_id is not None:
                remote_id = self._vault.open(row.remote_id, **_REMOTE, row=row.message_id)
        except StoreError as error:
            _log.error("an outgoing message cannot be read", cause=str(error))
        return Outgoing(
            message_id=row.message_id,
            conversation_id=row.conversation_id,
            source=row.source,
            destination=destination,
            attempts=row.attempts,
            due_at=row.due_at,
            remote_id=remote_id,
        )
