import pytest
from sqlalchemy.dialects import postgresql, sqlite

from domain.errors import StoreError
from store.schema import BINDINGS, WISHES
from store.statements import Step, upsert
from store.tables import METADATA
from store.transaction import gathered

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_both_databases_are_spoken_to_in_their_own_words(dialect, table):
    sql = str(upsert(dialect, table).compile(dialect=DIALECTS[dialect]))
    assert "ON CONFLICT" in sql
    is_all_key = len(table.primary_key) == len(table.columns)
    assert ("DO NOTHING" if is_all_key else "DO UPDATE SET") in sql


def test_an_upsert_overwrites_all_but_the_key():
    sql = str(upsert("sqlite", WISHES).compile(dialect=DIALECTS["sqlite"]))
    conflict, changes = sql.split("ON CONFLICT")[1].split("DO UPDATE SET")
    assert conflict.strip() == "(agent_id)"
    assert "agent_id" not in changes
    assert all(f"{name} = excluded.{name}" in changes for name in ("state", "reason", "asked_at"))


def test_another_database_is_refused():
    with pytest.raises(StoreError, match="'mysql'"):
        upsert("mysql", WISHES)


def test_neighbours_of_one_statement_travel_as_one():
    put, remove = upsert("sqlite", WISHES), WISHES.delete()
    assert _sent(
        Step(put, ({"n": 1},)),
        Step(put, ({"n": 2}, {"n": 3})),
        Step(remove, ({"n": 4},)),
        Step(put, ({"n": 5},)),
    ) == [(put, [1, 2, 3]), (remove, [4]), (put, [5])]
    assert _sent() == []


def test_what_is_for_another_table_stands_between_no_neighbours():
    put, remove, other = upsert("sqlite", WISHES), WISHES.delete(), upsert("sqlite", BINDINGS)
    assert _sent(
        Step(put, ({"n": 1},)),
        Step(other, ({"n": 2},)),
        Step(put, ({"n": 3},)),
        Step(remove, ({"n": 4},)),
        Step(other, ({"n": 5},)),
        Step(put, ({"n": 6},)),
    ) == [(put, [1, 3]), (remove, [4]), (put, [6]), (other, [2, 5])]


def _sent(*steps: Step):
    return [(statement, [row["n"] for row in rows]) for statement, rows, _ in gathered(steps)]
