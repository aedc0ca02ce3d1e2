import sys

import pytest

from domain.errors import StoreError
from store.opening import DATABASE_FILE, KEY_FILE, open_store
from tests.store_support import HandClock, arrived


@pytest.fixture
def clock():
    return HandClock()


@pytest.mark.sqlite
async def test_the_first_start_makes_all_that_is_needed(tmp_path, clock):
    folder = tmp_path / "deep" / "data"
    async with open_store(folder, clock) as store:
        assert store.stopped_cleanly
        assert len(store.run_id) == 32
    names = {path.name for path in folder.iterdir()}
    assert names == {DATABASE_FILE, KEY_FILE, "warmline.lock"}


async def test_a_clean_stop_is_remembered(tmp_path, clock):
    for _ in range(2):
        async with open_store(tmp_path, clock) as store:
            assert store.stopped_cleanly
        clock.tick(1)


async def test_a_stop_by_an_error_is_not_clean(tmp_path, clock):
    with pytest.raises(RuntimeError):
        async with open_store(tmp_path, clock):
            raise RuntimeError
    clock.tick(1)
    async with open_store(tmp_path, clock) as store:
        assert not store.stopped_cleanly
    clock.tick(1)
    async with open_store(tmp_path, clock) as store:
        assert store.stopped_cleanly


async def test_a_stop_with_events_missing_from_the_journal_is_not_clean(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        store.journal.note_missing(1)
        assert store.journal.missing == 1
    clock.tick(1)
    async with open_store(tmp_path, clock) as store:
        assert not store.stopped_cleanly


async def test_keys_that_are_missing_are_not_made_anew(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        await store.contacts.open(arrived(1))
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(StoreError, match=r"vault\.key is missing"):
        async with open_store(tmp_path, clock):
            pass
    assert not (tmp_path / KEY_FILE).exists()


async def test_a_folder_that_is_a_file_is_named(tmp_path, clock):
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=r"node\.data_folder"):
        async with open_store(tmp_path / "data", clock):
            pass


@pytest.mark.sqlite
async def test_another_sqlite_file_can_be_named(tmp_path, clock):
    url = f"sqlite:///{tmp_path}/elsewhere.sqlite3"
    async with open_store(tmp_path / "data", clock, url=url) as store:
        await store.contacts.open(arrived(1))
    assert (tmp_path / "elsewhere.sqlite3").exists()
    assert not (tmp_path / "data" / DATABASE_FILE).exists()


async def test_a_driver_that_is_missing_is_named(tmp_path, clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreError, match="asyncpg"):
        async with open_store(tmp_path, clock, url="postgresql://host/d"):
            pass
