from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, create_engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from store import prepared
from store.prepared import Prepared, PreparedQuery, PreparedStatements
from store.schema import CONTACTS, JOURNAL, SPEECH_SPANS, WISHES
from store.statements import filled, one_of, places_for, upsert
from store.tables import METADATA

AT = datetime(2026, 3, 1, 9, 0, 0, 120_000, tzinfo=UTC)


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        METADATA.create_all(opened)
        yield opened
    engine.dispose()


def wish(number, state="ready"):
    return {"agent_id": f"a{number}", "state": state, "reason": "", "asked_at": AT}


def run(connection, statement, *rows):
    one = Prepared(statement, connection.dialect, rows[0].keys())
    connection.exec_driver_sql(one.sql, one.parameters(rows))


def both(connection, statement, query, *rows):
    """Return what a statement leaves behind, executed and prepared."""
    with connection.begin_nested() as executed:
        connection.execute(statement, list(rows))
        expected = connection.execute(query).all()
        executed.rollback()
    run(connection, statement, *rows)
    return connection.execute(query).all(), expected


@pytest.mark.parametrize("rows", [[wish(1)], [wish(1), wish(2), wish(1, "not_ready")]])
def test_rows_are_written_as_if_executed(connection, rows):
    got, expected = both(connection, upsert("sqlite", WISHES), select(WISHES), *rows)
    assert got == expected
    assert got[0].asked_at == AT


def test_every_kind_of_column_is_converted(connection):
    row: dict[str, Any] = dict.fromkeys(column.name for column in CONTACTS.columns)
    row |= dict.fromkeys(("contact_id", "run_id", "channel", "queue_id", "language"), "x")
    row |= dict.fromkeys(("dialled", "trunk_id", "sip_call_id", "state", "reason"), "")
    row |= {"priority": 1, "disclosed": True, "arrived_at": AT, "caller": b"\0\xff"}
    row |= {"talk_s": 1.5, "rtp_lost": 0, "rtp_received": 7}
    got, expected = both(connection, upsert("sqlite", CONTACTS), select(CONTACTS), row)
    assert got == expected
    assert (got[0].caller, got[0].disclosed) == (b"\0\xff", True)


def test_a_key_that_numbers_itself_does(connection):
    span = {"contact_id": "c", "kind": "pause", "start_s": 0.0, "end_s": 1.0}
    run(connection, insert(SPEECH_SPANS), span, span)
    assert connection.execute(select(SPEECH_SPANS.c.span_id)).scalars().all() == [1, 2]


def test_what_a_statement_holds_itself_is_given_too(connection):
    run(connection, insert(JOURNAL), *({"sequence": n, "line": ""} for n in range(1, 6)))
    change = (
        update(JOURNAL)
        .where(JOURNAL.c.sequence <= bindparam("up_to"), JOURNAL.c.sequence > 1)
        .values(line=bindparam("new"))
    )
    run(connection, change, {"up_to": 3, "new": "x"})
    run(connection, delete(JOURNAL).where(JOURNAL.c.sequence >= bindparam("first")), {"first": 5})
    assert [tuple(row) for row in connection.execute(select(JOURNAL))] == [
        *((1, ""), (2, "x"), (3, "x"), (4, ""))
    ]


def test_a_refusal_is_told_as_ever(connection):
    with pytest.raises(IntegrityError, match="UNIQUE"):
        run(connection, insert(JOURNAL), *({"sequence": 1, "line": ""},) * 2)


def test_a_statement_is_put_together_once(connection, monkeypatch):
    kept = PreparedStatements(connection.dialect)
    add, remove = insert(JOURNAL), delete(JOURNAL)
    first = kept.get(add, ["sequence", "line"])
    assert kept.get(add, ["sequence", "line"]) is first
    assert kept.get(remove, []) is not first
    monkeypatch.setattr(prepared, "KEPT_MAX", 2)
    kept.get(insert(JOURNAL), ["sequence", "line"])
    assert kept.get(add, ["sequence", "line"]) is not first


WISHED = select(WISHES).where(WISHES.c.agent_id == bindparam("who")).limit(1)
ASKED = select(WISHES.c.agent_id, WISHES.c.asked_at.label("moment")).where(
    one_of(WISHES.c.agent_id, "who", 4), WISHES.c.state != "other"
)


def asked(connection, query, values):
    """Return the rows of a question that is prepared, and of the same executed."""
    prepared = PreparedQuery(query, connection.dialect, values.keys())
    driver = connection.connection.driver_connection
    found = prepared.rows(driver.execute(prepared.sql, prepared.parameters(values)).fetchall())
    return found, connection.execute(query, values).all()


def test_what_is_asked_is_found_as_if_executed(connection):
    run(connection, insert(WISHES), wish(1), wish(2, "not_ready"), wish(3, "other"))
    found, expected = asked(connection, WISHED, {"who": "a2"})
    assert found == expected
    assert (found[0].agent_id, found[0].asked_at) == ("a2", AT)
    assert asked(connection, WISHED, {"who": "nobody"}) == ([], [])


def test_one_of_several_is_asked_with_places_left_over(connection):
    run(connection, insert(WISHES), wish(1), wish(2), wish(3, "other"))
    values = ["a3", "a2", "a1"]
    assert places_for(values) == 4
    found, expected = asked(connection, ASKED, filled("who", values))
    assert sorted(found) == sorted(expected)
    assert {row.agent_id: row.moment for row in found} == {"a1": AT, "a2": AT}


@pytest.mark.parametrize(("count", "places"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (100, 128)])
def test_few_forms_of_a_question_are_prepared(count, places):
    values = list(range(count))
    assert places_for(values) == places
    assert set(filled("n", values).values()) == set(values)
    assert len(filled("n", values)) == places
