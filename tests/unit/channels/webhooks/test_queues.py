import pytest

from channels.webhooks.queues import QueueIndex
from domain.contact import Channel
from domain.errors import StoreError
from domain.events import ConfigurationReloaded, ContactArrived, DisclosurePlayed
from tests.unit.channels.http.fakes import FakeLedger, contact_id, record


def arrived(number, queue_id):
    return ContactArrived(
        contact_id=contact_id(number), channel=Channel.VOICE, queue_id=queue_id, language="en"
    )


def played(number):
    return DisclosurePlayed(contact_id=contact_id(number))


async def test_an_event_may_say_it_itself():
    assert await QueueIndex(FakeLedger()).of(arrived(9, "sales")) == "sales"


async def test_what_was_heard_of_a_contact_is_remembered():
    index = QueueIndex(FakeLedger(error=StoreError("closed")))
    index.learn(arrived(1, "sales"))
    index.learn(played(1))
    assert await index.of(played(1)) == "sales"


async def test_the_record_knows_of_contacts_from_before_a_restart():
    ledger = FakeLedger([record(1, "billing")])
    index = QueueIndex(ledger)
    assert await index.of(played(1)) == "billing"
    ledger.error = StoreError("closed")
    assert await index.of(played(1)) == "billing"


async def test_what_nobody_knows():
    index = QueueIndex(FakeLedger())
    assert await index.of(played(99)) is None
    assert await index.of(ConfigurationReloaded(agents=0, queues=0, trunks=0)) is None


async def test_a_record_that_cannot_be_read_is_not_passed_over():
    with pytest.raises(StoreError):
        await QueueIndex(FakeLedger(error=StoreError("closed"))).of(played(1))


async def test_the_oldest_is_forgotten():
    ledger = FakeLedger([])
    index = QueueIndex(ledger, contacts_max=2)
    for number in (1, 2, 3):
        index.learn(arrived(number, "sales"))
    assert await index.of(played(3)) == "sales"
    assert await index.of(played(1)) is None
