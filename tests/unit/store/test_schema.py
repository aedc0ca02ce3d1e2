from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.schema import CreateTable

from store.columns import UtcDateTime
from store.migrations.upgrade import alembic_config, upgrade
from store.tables import METADATA, is_described


def test_the_migrations_make_the_tables_of_the_schema(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/d.sqlite3")
    with engine.connect() as connection:
        upgrade(connection, "d")
        options = {"compare_type": True, "include_object": is_described}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        # Comparing does not look at partial indexes' conditions.
        (index,) = (
            i for i in inspect(connection).get_indexes("contacts") if i["name"] == "contacts_open"
        )
        assert str(index["dialect_options"]["sqlite_where"]) == "closed_at IS NULL"
    engine.dispose()


async def test_the_migrations_make_the_same_tables_in_postgresql_and_take_them_back(cluster):
    name = cluster.make()
    engine = create_async_engine(cluster.url(name))

    def compared(connection):
        options = {"compare_type": True, "include_object": is_described}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, METADATA)

    def taken_back(connection):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
        return inspect(connection).get_table_names()

    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(compared) == []
            tables = await connection.run_sync(taken_back)
            assert "contacts" in tables
            assert not {"messages", "message_words", "timeline"} & set(tables)
    finally:
        await engine.dispose()
        cluster.drop(name)


def test_a_database_of_the_first_version_is_brought_up(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/d.sqlite3")
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO wishes VALUES ('anna', 'ready', '', '2026-03-01 09:00:00')"
        )
        connection.commit()
        assert not inspect(connection).has_table("cursors")
        upgrade(connection, "d")
        assert inspect(connection).has_table("cursors")
        assert connection.exec_driver_sql("SELECT agent_id FROM wishes").scalar() == "anna"
    engine.dispose()


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_postgresql_can_have_every_table(table):
    sql = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert "TIMESTAMP WITHOUT" not in sql


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_time_comes_back_as_utc(dialect):
    kind = UtcDateTime()
    beijing = datetime(2026, 3, 1, 17, 0, tzinfo=timezone(timedelta(hours=8)))
    stored = kind.process_bind_param(beijing, dialect)
    back = kind.process_result_value(stored, dialect)
    assert back == beijing
    assert back is not None
    assert back.tzinfo is UTC
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="no UTC offset"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 1), sqlite.dialect())
