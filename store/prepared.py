"""A statement in the words of its database, put together once.

SQLAlchemy finds a statement's text, its parameters and how they are converted anew each time
that it is executed; for the small transactions of a call, and for reads of one row, that measured
at more than the database's own work.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from store.statements import Query, Row

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
        assert isinstance(compiled, SQLCompiler)
        self.sql: Final = str(compiled)
        self._values = _Values(compiled, dialect, names)

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Return what to give the driver for each row."""
        return [self._values.of(row) for row in rows]


class PreparedQuery:
    """A question that is asked with other values again and again.

    Attributes:
        sql: With a question mark for each parameter.
    """

    def __init__(self, query: Query, dialect: Dialect, names: Collection[str]) -> None:
        """Compile.

        Args:
            query: Its columns have different names.
            dialect: One whose parameters are positional.
            names: The parameters that are given each time.
        """
        compiled = query.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params, "a list of values is put in by `one_of`"
        self.sql: Final = str(compiled)
        self._values = _Values(compiled, dialect, names)
        columns = list(query.selected_columns)
        names_found = [str(one.key) for one in columns]
        self._row: Callable[..., Any] = namedtuple("Found", names_found)  # type: ignore[misc]
        kinds = [one.type.dialect_impl(dialect) for one in columns]
        self._converts = [kind.result_processor(dialect, None) for kind in kinds]

    def parameters(self, values: Row) -> tuple[Any, ...]:
        """Return what to give the driver."""
        return self._values.of(values)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Return what the driver has found, each row with the columns' values by their names."""
        return [
            self._row(
                *(
                    value if convert is None else convert(value)
                    for value, convert in zip(row, self._converts, strict=True)
                )
            )
            for row in found
        ]


class _Values:
    """How the values of one statement are put in order and converted."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, names: Collection[str]) -> None:
        order = compiled.positiontup
        assert order is not None, f"the parameters of {dialect.name} have no order"
        self._parameters: list[tuple[str, Convert | None]] = []
        # What the statement itself holds, such as a number in a condition.
        self._fixed = {name: compiled.params[name] for name in order if name not in names}
        for name in order:
            kind = compiled.binds[name].type.dialect_impl(dialect)
            self._parameters.append((name, kind.bind_processor(dialect)))

    def of(self, row: Row) -> tuple[Any, ...]:
        """Return the parameters for the driver."""
        given = {**self._fixed, **row} if self._fixed else row
        return tuple(
            [
                given[name] if convert is None else convert(given[name])
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


class PreparedQueries:
    """Every question that was asked, by the question itself; for several threads."""

    def __init__(self, dialect: Dialect) -> None:
        """Begin with none."""
        self._dialect = dialect
        self._kept: dict[Query, PreparedQuery] = {}

    def get(self, query: Query, names: Collection[str]) -> PreparedQuery:
        """Return the question, prepared for values of these names."""
        prepared = self._kept.get(query)
        if prepared is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            prepared = self._kept[query] = PreparedQuery(query, self._dialect, names)
        return prepared
