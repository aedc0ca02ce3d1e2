import asyncio

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, OperationalError

from domain.errors import Duplicate, Outdated, StoreError
from store.schema import JOURNAL
from store.statements import Step
from store.writer import Writer, explain

ADD = insert(JOURNAL)


def step(number: int) -> Step:
    return Step(ADD, ({"sequence": number, "line": ""},))


class Disk:
    """A database that commits when it is let, and fails as it is told."""

    def __init__(self):
        self.transactions = []
        self.fails = {}
        self.begun = asyncio.Event()
        self.may_commit = asyncio.Event()
        self.may_commit.set()

    async def run(self, steps):
        numbers = [row["sequence"] for step in steps for row in step.rows]
        self.begun.set()
        await self.may_commit.wait()
        for number in numbers:
            if number in self.fails:
                raise self.fails[number]
        self.transactions.append(numbers)


@pytest.fixture
def disk():
    return Disk()


async def gathered(writer, numbers):
    results = await asyncio.gather(
        *(writer.write(f"event {n}", step(n)) for n in numbers), return_exceptions=True
    )
    return dict(zip(numbers, results, strict=True))


async def test_a_lone_write_is_one_transaction(disk):
    async with Writer(disk, database="d") as writer:
        await writer.write("event 1", step(1))
        assert disk.transactions == [[1]]
        await writer.write("event 2 and 3", step(2), step(3))
    assert disk.transactions == [[1], [2, 3]]


async def test_what_comes_during_a_commit_shares_the_next_one_in_order(disk):
    async with Writer(disk, database="d", batch_max=4) as writer:
        disk.may_commit.clear()
        first = asyncio.create_task(writer.write("event 0", step(0)))
        await disk.begun.wait()
        rest = [asyncio.create_task(writer.write(f"event {n}", step(n))) for n in range(1, 7)]
        await asyncio.sleep(0)
        disk.may_commit.set()
        await asyncio.gather(first, *rest)
        figures = writer.figures()
    assert disk.transactions == [[0], [1, 2, 3, 4], [5, 6]]
    assert (figures.written, figures.commits, figures.failed) == (7, 3, 0)


async def test_what_is_not_urgent_waits_for_company(disk):
    async with Writer(disk, database="d") as writer:
        first = asyncio.create_task(writer.write("event 1", step(1), urgent=False))
        await asyncio.sleep(0)
        second = asyncio.create_task(writer.write("event 2", step(2), urgent=False))
        await asyncio.sleep(0)
        await writer.write("event 3", step(3))
        await asyncio.gather(first, second)
        await writer.write("event 4", step(4), urgent=False)
    assert disk.transactions == [[1, 2, 3], [4]]


async def test_enough_company_is_not_waited_for(disk):
    async with Writer(disk, database="d", batch_max=2) as writer:
        await asyncio.gather(*(writer.write("", step(n), urgent=False) for n in (1, 2, 3)))
    assert disk.transactions == [[1, 2], [3]]


async def test_one_bad_write_does_not_take_its_neighbours_with_it(disk):
    disk.fails[3] = IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
    async with Writer(disk, database="d") as writer:
        results = await gathered(writer, [1, 2, 3, 4])
        figures = writer.figures()
    assert [results[n] for n in (1, 2, 4)] == [None, None, None]
    assert isinstance(results[3], Duplicate)
    assert str(results[3]) == "event 3: database d: UNIQUE constraint failed"
    assert sorted(n for numbers in disk.transactions for n in numbers) == [1, 2, 4]
    assert (figures.written, figures.failed) == (3, 1)


async def test_a_write_whose_condition_does_not_hold_fails_alone(disk):
    disk.fails[3] = Outdated("1 rows of journal were to be changed, 0 could be")
    async with Writer(disk, database="d") as writer:
        results = await gathered(writer, [1, 2, 3, 4])
    assert [results[n] for n in (1, 2, 4)] == [None, None, None]
    with pytest.raises(Outdated, match="event 3: database d: 1 rows of journal"):
        raise results[3]


async def test_what_else_a_database_does_not_take_is_no_duplicate(disk):
    disk.fails[1] = IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed"))
    async with Writer(disk, database="d") as writer:
        results = await gathered(writer, [1])
    assert type(results[1]) is StoreError


async def test_a_full_disk_is_told_to_each_and_does_not_end_the_writer(disk):
    disk.fails[2] = OperationalError("INSERT", {}, Exception("database or disk is full"))
    async with Writer(disk, database="d") as writer:
        results = await gathered(writer, [1, 2])
        for number in (1, 2):
            with pytest.raises(StoreError, match=f"event {number}: database d: .*free space"):
                raise results[number]
        disk.fails.clear()
        await writer.write("event 5", step(5))
    assert disk.transactions == [[5]]


async def test_an_unforeseen_error_reaches_its_caller_and_does_not_end_the_writer(disk):
    disk.fails[1] = RuntimeError("broken")
    async with Writer(disk, database="d") as writer:
        with pytest.raises(StoreError, match="broken"):
            await writer.write("event 1", step(1))
        await writer.write("event 2", step(2))


async def test_a_full_inbox_refuses_at_once_and_counts(disk):
    async with Writer(disk, database="d", inbox_max=2) as writer:
        disk.may_commit.clear()
        waiting = [asyncio.create_task(writer.write(f"event {n}", step(n))) for n in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="2 writes wait, the limit is 2"):
            await writer.write("event 3", step(3))
        assert writer.figures().refused == 1
        disk.may_commit.set()
        await asyncio.gather(*waiting)


async def test_leaving_commits_what_was_handed_over_and_refuses_the_rest(disk):
    disk.may_commit.clear()
    async with Writer(disk, database="d", batch_max=1) as writer:
        waiting = [asyncio.create_task(writer.write(f"event {n}", step(n))) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        disk.may_commit.set()
    await asyncio.gather(*waiting)
    assert disk.transactions == [[1], [2], [3]]
    with pytest.raises(StoreError, match="closed"):
        await writer.write("event 4", step(4))


async def test_what_was_handed_over_is_written_though_its_caller_is_cancelled(disk):
    async with Writer(disk, database="d") as writer:
        disk.may_commit.clear()
        caller = asyncio.create_task(writer.write("event 1", step(1)))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        assert caller.cancelled()
        disk.may_commit.set()
    assert disk.transactions == [[1]]


def test_a_locked_database_is_explained():
    error = explain("contact 1", "d", OperationalError("", {}, Exception("database is locked")))
    assert str(error) == (
        "contact 1: database d: database is locked; another process holds its write lock"
    )
