import asyncio
import sqlite3

import pytest
from sqlalchemy import bindparam, column, create_engine, event, select, table, text

from domain.errors import StoreError
from store.look_ups import BATCH_MAX, LookUps

THINGS = table("things", column("name"))
NAMED = select(THINGS).where(THINGS.c.name == bindparam("name"))
NOWHERE = select(table("nowhere", column("name")))


@pytest.fixture
async def began():
    return []


@pytest.fixture
async def look_ups(tmp_path, began):
    engine = create_engine(f"sqlite:///{tmp_path / 'read.sqlite3'}", pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
        connection.execute(text("INSERT INTO things VALUES ('a'), ('b')"))

    def note(connection):
        began.append(connection)

    event.listen(engine, "begin", note)
    opened = LookUps(engine, asked_max=2 * BATCH_MAX)
    yield opened
    await opened.close()


async def names(look_ups, name):
    return [row.name for row in await look_ups.rows(NAMED, {"name": name})]


async def test_what_is_asked_in_one_turn_is_read_in_one_transaction(look_ups, began):
    wanted = ["a", "b", "c"] * 20
    found = await asyncio.gather(*(names(look_ups, name) for name in wanted))
    assert found == [[name] if name != "c" else [] for name in wanted]
    assert len(began) == 1


async def test_each_go_sees_what_was_committed_before_it_was_asked(look_ups):
    assert await names(look_ups, "c") == []
    with look_ups._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.execute(text("INSERT INTO things VALUES ('c')"))
    assert await names(look_ups, "c") == ["c"]


async def test_one_that_fails_takes_no_other_with_it(look_ups):
    found = await asyncio.gather(
        names(look_ups, "a"),
        look_ups.rows(NOWHERE, {}),
        names(look_ups, "b"),
        return_exceptions=True,
    )
    assert [found[0], found[2]] == [["a"], ["b"]]
    assert isinstance(found[1], sqlite3.OperationalError)


async def test_too_many_are_refused_and_the_others_answered(look_ups):
    asked = [asyncio.create_task(names(look_ups, "a")) for _ in range(2 * BATCH_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="400 reads wait, the limit is 400"):
        await look_ups.rows(NAMED, {"name": "b"})
    assert await asyncio.gather(*asked) == [["a"]] * (2 * BATCH_MAX)


async def test_whoever_gives_up_harms_nobody_and_closing_answers_the_rest(look_ups):
    gone, stays = (asyncio.create_task(names(look_ups, "a")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    await look_ups.close()
    assert await stays == ["a"]
    assert gone.cancelled()


async def test_a_connection_that_broke_is_replaced(look_ups):
    assert await names(look_ups, "a") == ["a"]
    look_ups._connection.close()
    assert await names(look_ups, "b") == ["b"]
