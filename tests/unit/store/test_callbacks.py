from datetime import timedelta

import pytest

from domain.callback import KeptCallback
from domain.contact import ContactState, ContactTrigger, Disposition
from domain.errors import StoreError
from store.opening import open_store
from tests.store_support import START, HandClock, connected, queued


def kept(contact, **more) -> KeptCallback:
    return KeptCallback(
        contact=contact,
        queued_at=START - timedelta(seconds=90),
        requested_at=START,
        **more,
    )


async def test_a_promise_outlives_a_killed_node(tmp_path, clock):
    contact = queued(1)
    async with open_store(tmp_path, clock) as store:
        await store.contacts.open(contact)
        await store.contacts.update(contact)
        await store.callbacks.keep(kept(contact))
        first_run = store.run_id
    clock.tick(600)
    async with open_store(tmp_path, clock) as store:
        assert await store.contacts.close_orphans() == []
        (found,) = await store.callbacks.load()
        assert found.contact.contact_id == contact.contact_id
        assert found.contact.caller == "+4930123456", "whom to call"
        assert (found.contact.trunk_id, found.contact.state) == ("carrier", ContactState.QUEUED)
        assert (found.queued_at, found.requested_at) == (START - timedelta(seconds=90), START)
        assert (found.attempts, found.retry_at) == (0, None)
        assert store.run_id != first_run
        await store.contacts.close_orphans()
        record = await store.contacts.get(contact.contact_id)
        assert record is not None
        assert record.closed_at is None, "it is a contact of this run now"


async def test_attempts_and_the_pause_are_kept(tmp_path, clock):
    contact = queued(1)
    retry_at = START + timedelta(seconds=300)
    async with open_store(tmp_path, clock) as store:
        await store.contacts.open(contact)
        await store.callbacks.keep(kept(contact))
        store.callbacks.save(kept(contact, attempts=2, retry_at=retry_at))
    async with open_store(tmp_path, clock) as store:
        (found,) = await store.callbacks.load()
        assert (found.attempts, found.retry_at) == (2, retry_at)


async def test_what_is_over_is_forgotten(tmp_path, clock):
    one, other = queued(1), queued(2)
    async with open_store(tmp_path, clock) as store:
        for contact in (one, other):
            await store.contacts.open(contact)
            await store.callbacks.keep(kept(contact))
        store.callbacks.forget(one.contact_id)
        store.callbacks.forget("0" * 32)
    async with open_store(tmp_path, clock) as store:
        assert [record.contact.contact_id for record in await store.contacts.close_orphans()] == [
            one.contact_id
        ]
        assert [each.contact.contact_id for each in await store.callbacks.load()] == [
            other.contact_id
        ]


async def test_a_promise_given_again_is_not_lost_to_the_end_of_the_first(tmp_path, clock):
    contact = queued(1)
    async with open_store(tmp_path, clock) as store:
        await store.contacts.open(contact)
        await store.callbacks.keep(kept(contact))
        store.callbacks.forget(contact.contact_id)
        await store.callbacks.keep(kept(contact, attempts=1))
    async with open_store(tmp_path, clock) as store:
        (found,) = await store.callbacks.load()
        assert found.attempts == 1


@pytest.mark.parametrize("end", ["connected", "closed", "gone"])
async def test_a_contact_that_was_served_waits_no_more(tmp_path, clock, end):
    contact = queued(1) if end != "connected" else connected(1)
    async with open_store(tmp_path, clock) as store:
        if end != "gone":
            await store.contacts.open(contact)
        await store.callbacks.keep(kept(contact))
        if end == "closed":
            contact.step(ContactTrigger.CLOSE)
            contact.closed_s = 1_100.0
            contact.disposition = Disposition.CALLBACK_EXPIRED
            await store.contacts.close(contact, "")
    async with open_store(tmp_path, clock) as store:
        orphans = await store.contacts.close_orphans()
        assert len(orphans) == (end == "connected"), "one who talked was cut"
        assert await store.callbacks.load() == []
    async with open_store(tmp_path, clock) as store:
        assert await store.callbacks.load() == []


async def test_what_cannot_be_committed_is_not_promised(tmp_path, clock: HandClock):
    async with open_store(tmp_path, clock) as store:
        pass
    with pytest.raises(StoreError):
        await store.callbacks.keep(kept(queued(1)))
