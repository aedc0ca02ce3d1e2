import asyncio
import sqlite3

import pytest
from sqlalchemy import String, bindparam, column, create_engine, select, table, text

from domain.errors import StoreError
from store.readers import ThreadReaders

WAIT_S = 30.0
NAMES = text("SELECT name FROM things ORDER BY name")


@pytest.fixture
async def readers(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'read.sqlite3'}", pool_size=2)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
        connection.execute(text("INSERT INTO things VALUES ('a'), ('b')"))
    lent = ThreadReaders(engine, count=1, wait_s=WAIT_S)
    yield lent
    await lent.close()


async def test_rows_are_here_when_the_read_returns(readers):
    async with readers.lend() as reading:
        result = await reading.execute(NAMES)
        assert [row.name for row in result] == ["a", "b"]
        assert await reading.scalar(text("SELECT :what"), {"what": 7}) == 7


async def test_what_a_statement_raises_comes_to_its_caller(readers):
    async with readers.lend() as reading:
        with pytest.raises(Exception, match="no such table"):
            await reading.execute(text("SELECT 1 FROM nowhere"))
    async with readers.lend() as reading:
        assert (await reading.execute(NAMES)).first().name == "a"


async def test_whoever_waits_gets_the_connection_in_his_turn(readers):
    order = []

    async def read(name):
        async with readers.lend() as reading:
            await reading.execute(NAMES)
            order.append(name)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for name in range(5):
            tasks.create_task(read(name))
    assert order == [0, 1, 2, 3, 4]


async def test_waiting_ends_with_an_error_that_says_why(readers):
    readers._wait_s = 0.05
    async with readers.lend():
        with pytest.raises(StoreError, match=r"all 1 connections that read were taken for 0\.05 s"):
            async with readers.lend():
                pass
    async with readers.lend() as reading:
        assert await reading.scalar(NAMES) == "a"


async def test_who_gives_up_waiting_takes_no_turn(readers):
    async with readers.lend():
        waiting = asyncio.create_task(readers.lend().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with readers.lend() as reading:
        assert await reading.scalar(NAMES) == "a"


async def test_a_prepared_question_is_answered_and_leaves_no_moment_behind(readers, tmp_path):
    things = table("things", column("name", String))
    query = select(things.c.name).where(things.c.name == bindparam("wanted"))
    assert await readers.rows(query, {"wanted": "b"}) == [("b",)]
    assert await readers.rows(query, {"wanted": "c"}) == []
    with sqlite3.connect(tmp_path / "read.sqlite3") as other:
        other.execute("INSERT INTO things VALUES ('c')")
    other.close()
    [row] = await readers.rows(query, {"wanted": "c"})
    assert row.name == "c"


async def test_a_prepared_question_waits_for_its_turn_and_gives_the_connection_back(readers):
    things = table("things", column("colour", String))
    asked = readers.rows(select(things.c.colour), {})
    async with readers.lend() as reading:
        waiting = asyncio.create_task(asked)
        assert await reading.scalar(NAMES) == "a"
    with pytest.raises(sqlite3.Error, match="no such column"):
        await waiting
    async with readers.lend() as reading:
        assert await reading.scalar(NAMES) == "a"
