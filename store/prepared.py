"""A writing statement in the words of its database, put together once.

SQLAlchemy finds a statement's text, its parameters and how they are converted anew each time
that it is executed; for the small transactions of a call that measured at more than the
database's own work.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.sql.dml import UpdateBase

from store.statements import Row

Convert = Callable[[Any], Any]

KEPT_MAX: Final = 256
"""Statements kept, ten times what the store has; at the limit all are put together again."""


class Prepared:
    """One statement, for rows that all give the same parameters.

    Attributes:
        sql: With a question mark for each parameter.
    """

    def __init__(self, statement: UpdateBase, dialect: Dialect, names: Collection[str]) -> None:
        """Compile.

        Args:
            statement: Inserts, updates or deletes.
            dialect: One whose parameters are positional.
            names: The parameters that each row gives.
        """
        compiled = statement.compile(dialect=dialect, column_keys=sorted(names))
        order = compiled.positiontup
        assert order is not None, f"the parameters of {dialect.name} have no order"
        self.sql: Final = str(compiled)
        self._parameters: list[tuple[str, Convert | None]] = []
        # What the statement itself holds, such as a number in a condition.
        self._fixed = {name: compiled.params[name] for name in order if name not in names}
        for name in order:
            kind = compiled.binds[name].type.dialect_impl(dialect)
            self._parameters.append((name, kind.bind_processor(dialect)))

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Return what to give the driver for each row."""
        return [self._of({**self._fixed, **row} if self._fixed else row) for row in rows]

    def _of(self, row: Row) -> tuple[Any, ...]:
        return tuple(
            [
                row[name] if convert is None else convert(row[name])
                for name, convert in self._parameters
            ]
        )


class PreparedStatements:
    """Every statement that was executed, by the statement itself."""

    def __init__(self, dialect: Dialect) -> None:
        """Begin with none."""
        self._dialect = dialect
        self._kept: dict[UpdateBase, Prepared] = {}

    def get(self, statement: UpdateBase, names: Collection[str]) -> Prepared:
        """Return the statement, prepared for rows of these names."""
        prepared = self._kept.get(statement)
        if prepared is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            prepared = self._kept[statement] = Prepared(statement, self._dialect, names)
        return prepared
