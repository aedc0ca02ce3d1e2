from typing import cast

import pytest
from sqlalchemy import select

from domain.errors import EventCodecError
from domain.events import DigitPressed, Envelope
from store.opening import open_store
from store.schema import RUNS
from tests.store_support import START, HandClock, digit


async def test_events_are_read_as_they_were_written_in_order(store):
    await store.journal.append([digit(1), digit(2)])
    await store.journal.append([digit(3)])
    assert await store.journal.after(0) == [digit(1), digit(2), digit(3)]
    assert await store.journal.after(1, limit=1) == [digit(2)]
    assert await store.journal.after(3) == []


async def test_bounds(store):
    assert await store.journal.bounds() == (0, 0)
    await store.journal.append([digit(7), digit(8), digit(1_000_009)])
    assert await store.journal.bounds() == (7, 1_000_009)


async def test_an_append_that_is_repeated_changes_nothing(store):
    await store.journal.append([digit(1), digit(2)])
    await store.journal.append([digit(1), digit(2), digit(3)])
    assert await store.journal.after(0) == [digit(1), digit(2), digit(3)]
    await store.journal.append([])


async def test_one_event_without_a_form_keeps_the_others_out(store):
    event = DigitPressed(contact_id="1", role="customer", number=cast("int", object()))
    with pytest.raises(EventCodecError, match="DigitPressed 2"):
        await store.journal.append([digit(1), Envelope(sequence=2, at=START, event=event)])
    assert await store.journal.bounds() == (0, 0)


async def test_the_oldest_go_once_it_is_a_hundredth_over_its_limit(store):
    events = [digit(number) for number in range(1, 1_011)]
    await store.journal.append(events)
    assert await store.journal.bounds() == (1, 1_010)
    await store.journal.append([digit(1_011)])
    assert await store.journal.bounds() == (12, 1_011)
    await store.journal.append([digit(number) for number in range(1_012, 1_022)])
    assert await store.journal.bounds() == (12, 1_021)
    await store.journal.append([digit(1_022)])
    assert await store.journal.bounds() == (23, 1_022)


async def test_numbers_with_holes_are_trimmed_by_count(store):
    await store.journal.append([digit(number * 1_000) for number in range(1, 1_012)])
    assert await store.journal.bounds() == (12_000, 1_011_000)
    assert len(await store.journal.after(0, limit=2_000)) == 1_000


async def test_a_long_cut_is_made_in_short_transactions(tmp_path, monkeypatch):
    monkeypatch.setattr("store.journal.TRIM_ROWS", 10)
    async with open_store(tmp_path, HandClock(), journal_events_max=20) as store:
        await store.journal.append([digit(number) for number in range(1, 66)])
        assert await store.journal.bounds() == (46, 65)


async def test_what_an_earlier_run_stored_counts_towards_the_limit(tmp_path):
    async with open_store(tmp_path, HandClock(), journal_events_max=20) as store:
        await store.journal.append([digit(number) for number in range(1, 21)])
    async with open_store(tmp_path, HandClock(), journal_events_max=20) as store:
        await store.journal.append([digit(21)])
        assert await store.journal.bounds() == (2, 21)


async def test_an_event_is_a_sign_of_life_of_its_run(store, clock):
    clock.tick(5)
    await store.journal.append([digit(1, at=clock.utc())])
    async with store.database.reading("runs") as connection:
        assert await connection.scalar(select(RUNS.c.alive_at)) == clock.utc()
