import pytest

from bus.local import LocalBus
from customers.outcomes import Outcomes
from domain.customer_ports import ContactOutcome
from domain.errors import NotKnown
from domain.events import OutcomeReported
from store.opening import open_store
from tests.store_support import HandClock, arrived, contact_id


async def test_an_outcome_is_told_once_it_is_stored(tmp_path):
    clock = HandClock()
    bus = LocalBus(clock)
    async with open_store(tmp_path, clock, history_days=30) as store:
        await store.contacts.open(arrived(1))
        outcomes = Outcomes(store.directory, bus)
        with pytest.raises(NotKnown):
            await outcomes.report(ContactOutcome(contact_id=contact_id(2), resolved=True))
        assert bus.last == 0
        await outcomes.report(ContactOutcome(contact_id=contact_id(1), resolved=True))
        (envelope,) = bus.recent(0, 10) or ()
        assert envelope.event == OutcomeReported(contact_id=contact_id(1), resolved=True)
