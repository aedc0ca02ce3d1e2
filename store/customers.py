"""What is remembered of customers: what they allowed, and how they usually speak.

A customer is known by the mark of the address he calls from, the same as in his contacts; his
baseline is sealed. Nobody is remembered who hides his address.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import bindparam, delete, select, update

from domain.baseline import Baseline
from domain.consent import Answer, Consent, Purpose
from domain.errors import StoreError
from domain.known_customer import KnownCustomer
from domain.ports import Clock
from store.database import Database
from store.schema import CONTACTS, CUSTOMERS
from store.statements import Step, upsert
from store.vault import Vault

HIDDEN: Final = ("anonymous", "unavailable", "unknown", "restricted", "private")
"""User parts that stand for a caller who hides his own (RFC 3323 section 4.1.1.3, and habit)."""
_COLUMNS: Final = {purpose: f"{purpose.value}_answer" for purpose in Purpose}

_log = structlog.get_logger(__name__)


class Customers:
    """Implements `care.ports.Memory`. A method that writes returns when it is committed."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, *, days_max: int) -> None:
        """Keep them in a database that is open.

        Args:
            database: Open.
            vault: Seals what is personal.
            clock: Gives wall times.
            days_max: Days after the last contact that changed it, after which a customer is
                forgotten; 0 remembers nobody.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._days_max = days_max
        self._hidden = frozenset(vault.mark(name) for name in HIDDEN)
        kept = CUSTOMERS.c
        self._put = {
            purpose: upsert(database.dialect, CUSTOMERS, _changing(name))
            for purpose, name in _COLUMNS.items()
        }
        self._set_baseline = (
            update(CUSTOMERS)
            .where(
                kept.caller_mark == bindparam("whose"), kept.emotion_answer == Answer.GRANTED.value
            )
            .values(baseline=bindparam("sealed"), changed_at=bindparam("now"))
        )
        self._drop_baseline = (
            update(CUSTOMERS).where(kept.caller_mark == bindparam("whose")).values(baseline=None)
        )
        self._forget = delete(CUSTOMERS).where(kept.changed_at < bindparam("until"))

    async def known(self, contact_id: str) -> KnownCustomer | None:
        """Return what is remembered of a contact's customer; None: nothing.

        Raises:
            StoreError: The database cannot be read.
        """
        mark = await self._mark(contact_id)
        if mark is None:
            return None
        query = select(CUSTOMERS).where(CUSTOMERS.c.caller_mark == mark)
        async with self._database.reading(f"customer of contact {contact_id}") as connection:
            row = (await connection.execute(query)).first()
        if row is None or row.changed_at < self._clock.utc() - timedelta(days=self._days_max):
            return None
        answers = {
            purpose.value: Answer(getattr(row, name) or Answer.UNKNOWN)
            for purpose, name in _COLUMNS.items()
        }
        return KnownCustomer(consent=Consent(**answers), baseline=self._open(row))

    async def keep_answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        """Remember what a contact's customer has said; of emotion: a refusal forgets his baseline.

        Raises:
            StoreError: It is not written.
        """
        mark = await self._mark(contact_id)
        if mark is None:
            return
        row: dict[str, Any] = dict.fromkeys(CUSTOMERS.columns.keys())
        row |= {
            "caller_mark": mark,
            _COLUMNS[purpose]: answer.value,
            "changed_at": self._clock.utc(),
        }
        steps = [Step(self._put[purpose], (row,))]
        if purpose is Purpose.EMOTION and answer is not Answer.GRANTED:
            steps.append(Step(self._drop_baseline, ({"whose": mark},)))
        await self._database.write(f"answer in contact {contact_id}", *steps, urgent=False)

    async def keep_baseline(self, contact_id: str, baseline: Baseline) -> None:
        """Remember how a contact's customer speaks, if it stands that he has agreed to that.

        Raises:
            StoreError: It is not written.
        """
        mark = await self._mark(contact_id)
        if mark is None:
            return
        sealed = self._vault.seal(
            msgspec.json.encode(baseline).decode(),
            table="customers",
            column="baseline",
            row=mark.hex(),
        )
        row: Mapping[str, Any] = {"whose": mark, "sealed": sealed, "now": self._clock.utc()}
        await self._database.write(
            f"baseline of contact {contact_id}", Step(self._set_baseline, (row,)), urgent=False
        )

    async def forget_old(self) -> None:
        """Forget customers of whom nothing has changed for too long; to be called at the start.

        Raises:
            StoreError: It is not written.
        """
        until = self._clock.utc() - timedelta(days=self._days_max)
        await self._database.write("old customers", Step(self._forget, ({"until": until},)))

    async def _mark(self, contact_id: str) -> bytes | None:
        """Return whose contact it is; None for somebody who hides that, or with no memory."""
        if not self._days_max:
            return None
        query = select(CONTACTS.c.caller_mark).where(CONTACTS.c.contact_id == contact_id)
        async with self._database.reading(f"caller of contact {contact_id}") as connection:
            mark: bytes | None = (await connection.execute(query)).scalar_one_or_none()
        return None if mark in self._hidden else mark

    def _open(self, row: Any) -> Baseline | None:
        if row.baseline is None:
            return None
        try:
            text = self._vault.open(
                row.baseline, table="customers", column="baseline", row=row.caller_mark.hex()
            )
            return msgspec.json.decode(text, type=Baseline)
        except (StoreError, msgspec.DecodeError) as error:
            _log.error("a customer's baseline cannot be read", cause=str(error))
            return None


def _changing(name: str) -> Callable[[Any], Mapping[str, Any]]:
    """Return what an upsert sets in a row that is there: one answer, and when."""

    def instead(new: Any) -> Mapping[str, Any]:
        return {
            column.name: new[column.name] if column.name in {name, "changed_at"} else column
            for column in CUSTOMERS.columns
            if column.name != "caller_mark"
        }

    return instead
