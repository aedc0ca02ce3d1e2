"""What SQLite and PostgreSQL both can but SQLAlchemy spells for each on its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase

from domain.errors import StoreError

Row = Mapping[str, Any]
Query = Select[Any] | CompoundSelect[Any]
Excluded = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement and the rows it is run for.

    Statements are built once and shared: writes of the same statement object that
    follow each other are sent to the database as one.

    Attributes:
        rows: Bind parameters, a mapping for each run, at least one; of one statement all have
            the same names.
        exact: Each row must change one row of the table, else nothing is written and the writer
            gets `Outdated`.
    """

    statement: UpdateBase
    rows: tuple[Row, ...]
    exact: bool = False


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can say what to do about a row that is there.

    Raises:
        StoreError: A database that the store is not written for.
    """
    if dialect == "sqlite":
        return sqlite.insert(table)
    if dialect == "postgresql":
        return postgresql.insert(table)
    raise StoreError(f"store.url: {dialect!r} is neither sqlite nor postgresql")


def upsert(
    dialect: str, table: Table, instead: Callable[[Any], Mapping[str, Any]] | None = None
) -> UpdateBase:
    """Return an INSERT that overwrites the row of the same primary key.

    Args:
        dialect: "sqlite" or "postgresql".
        table: Where to.
        instead: Given the refused row's columns, what to set in place of them.
    """
    statement = insert_into(dialect, table)
    keys = {column.name for column in table.primary_key}
    excluded = statement.excluded
    changed: dict[str, Any] = {
        column.name: excluded[column.name] for column in table.columns if column.name not in keys
    }
    changed.update(instead(excluded) if instead else {})
    if not changed:
        # All of it is its key: what is there is the same.
        return statement.on_conflict_do_nothing(index_elements=sorted(keys))
    return statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed)


def places_for(values: Sequence[object]) -> int:
    """Return in how many places of `one_of` values are put: a power of two.

    So a question about 1 to 128 values is prepared in eight forms at most.
    """
    return 1 << max(len(values) - 1, 0).bit_length()


def one_of(column: ColumnElement[Any], name: str, places: int) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values that `filled` puts there."""
    return column.in_([bindparam(f"{name}{place}", type_=column.type) for place in range(places)])


def filled(name: str, values: Sequence[object]) -> Row:
    """Return the parameters of `one_of` for one value or more; the last fills the places left."""
    places = places_for(values)
    return {f"{name}{place}": values[min(place, len(values) - 1)] for place in range(places)}
