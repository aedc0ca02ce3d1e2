import asyncio
import sqlite3

import pytest
from sqlalchemy import func, insert, select, text

from domain.errors import StoreError
from store.database import Database, parse_url, sqlite_url
from store.migrations.upgrade import alembic_config
from store.schema import JOURNAL
from store.statements import Step

ADD = insert(JOURNAL)


def step(number: int, size: int = 1) -> Step:
    return Step(ADD, ({"sequence": number, "line": "x" * size},))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "d.sqlite3"


@pytest.fixture
async def database(path):
    async with Database(sqlite_url(path)) as opened:
        yield opened


async def count(database):
    async with database.reading("count") as connection:
        return await connection.scalar(select(func.count()).select_from(JOURNAL))


async def test_readers_see_what_is_committed_and_do_not_wait_for_the_writer(database, path):
    await database.write("event 1", step(1))
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    assert await count(database) == 1
    other.close()


async def test_a_reader_sees_one_moment(database):
    async with database.reading("two reads") as connection:
        query = select(func.count()).select_from(JOURNAL)
        before = await connection.scalar(query)
        await database.write("event 1", step(1))
        assert await connection.scalar(query) == before == 0


async def test_a_reader_cannot_write(database):
    with pytest.raises(StoreError, match=r"a look: .*readonly"):
        async with database.reading("a look") as connection:
            await connection.execute(text("DELETE FROM journal"))


@pytest.mark.parametrize(("synchronous", "value"), [("normal", 1), ("full", 2)])
async def test_settings_of_sqlite_are_in_force(path, synchronous, value):
    found = {}

    def look(connection):
        for name in ("journal_mode", "synchronous", "busy_timeout"):
            found[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    async with Database(sqlite_url(path), synchronous=synchronous) as database:
        await database._transactor.run_sync(look)
    assert found == {"journal_mode": "wal", "synchronous": value, "busy_timeout": 5_000}


async def test_two_writes_of_one_key_fail_only_for_the_second(database):
    results = await asyncio.gather(
        database.write("event 1", step(1)),
        database.write("event 1 again", step(1)),
        database.write("event 2", step(2)),
        return_exceptions=True,
    )
    assert (results[0], results[2]) == (None, None)
    assert "event 1 again" in str(results[1])
    assert await count(database) == 2


async def test_a_full_disk_is_told_and_recovers(database):
    def limit(pages):
        def set_limit(connection):
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        return set_limit

    await database._transactor.run_sync(limit(1))
    with pytest.raises(StoreError, match=r"event 1: .*disk is full; free space"):
        await database.write("event 1", step(1, size=1_000_000))
    await database._transactor.run_sync(limit(1_000_000))
    await database.write("event 2", step(2, size=1_000_000))
    assert await count(database) == 1


async def test_a_locked_database_is_told_and_recovers(path, monkeypatch):
    monkeypatch.setattr("store.database.BUSY_S", 0.0)
    async with Database(sqlite_url(path)) as database:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"event 1: .*locked; another process"):
            await database.write("event 1", step(1))
        other.close()
        await database.write("event 2", step(2))
        assert await count(database) == 1


async def test_opening_again_keeps_what_is_there(path):
    for number in (1, 2):
        async with Database(sqlite_url(path)) as database:
            await database.write("event", step(number))
            assert await count(database) == number


async def test_leaving_folds_the_write_ahead_log_into_the_file(path):
    async with Database(sqlite_url(path)) as database:
        await database.write("event 1", step(1))
        assert await count(database) == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


async def test_a_newer_schema_is_refused_in_plain_words(path):
    async with Database(sqlite_url(path)):
        pass
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"schema 9999, made by a newer Warmline; .*up to 0009"):
        async with Database(sqlite_url(path)):
            pass


async def test_a_file_that_is_no_database_is_named(path):
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"d\.sqlite3: file is not a database"):
        async with Database(sqlite_url(path)):
            pass


async def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        async with Database(sqlite_url(tmp_path / "absent" / "d.sqlite3")):
            pass


def test_urls_get_their_asynchronous_driver():
    assert parse_url("sqlite:////var/d.sqlite3").drivername == "sqlite+aiosqlite"
    assert parse_url("postgresql://host/d").drivername == "postgresql+asyncpg"


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/d", "sqlite://", "sqlite:///:memory:"])
def test_other_urls_are_refused(url):
    with pytest.raises(StoreError, match=r"store\.url"):
        parse_url(url)


def test_a_percent_sign_in_the_path_of_the_migrations_is_no_trap(monkeypatch, tmp_path):
    monkeypatch.setattr("store.migrations.upgrade.FOLDER", tmp_path / "100%")
    assert alembic_config().get_main_option("script_location") == str(tmp_path / "100%")
