import pytest

from store.opening import open_store
from tests.store_support import HandClock


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, journal_events_max=1_000) as opened:
        yield opened
