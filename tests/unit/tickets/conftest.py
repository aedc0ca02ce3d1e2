import pytest

from store.opening import open_store
from tests.store_support import HandClock
from tests.unit.tickets.scene import Heard, policy
from tickets.service import TicketService


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, journal_events_max=1_000) as opened:
        yield opened


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def service(store, clock, heard):
    return TicketService(store.tickets, policy(), events=heard, clock=clock)
