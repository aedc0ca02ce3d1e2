"""Contacts in writing outlive a run that was killed, as long as their conversation is open."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from domain.contact import Channel, ContactState
from store.conversation_schema import CONVERSATIONS
from store.opening import open_store
from store.statements import Step
from tests.store_support import START, arrived, closed, connected, contact_id, queued

TALK = f"{7:032x}"


def row(state: str, contact: int | None) -> dict:
    return {
        "conversation_id": TALK,
        "source": "chat",
        "channel": "chat",
        "queue_id": "sales",
        "proof": "none",
        "address_kind": "visitor",
        "address": b"",
        "address_mark": b"",
        "language": "en",
        "state": state,
        "contact_id": None if contact is None else contact_id(contact),
        "topic": "",
        "opened_at": START,
        "last_at": START,
        "last_sequence": 1,
        "customer_got": 0,
        "customer_read": 0,
        "agent_read": 0,
    }


async def killed_with(tmp_path, clock, conversation: dict, *contacts) -> None:
    async with open_store(tmp_path, clock) as store:
        await store.database.write("talk", Step(insert(CONVERSATIONS), (conversation,)))
        for contact in contacts:
            await store.contacts.open(contact)


@pytest.mark.parametrize("state", ["waiting", "served", "parked"])
async def test_the_contact_of_an_open_conversation_goes_on(tmp_path, clock, state):
    talk = replace(queued(1), channel=Channel.CHAT, conversation_id=TALK)
    call = replace(connected(2), conversation_id=TALK)
    earlier = replace(arrived(3), channel=Channel.CHAT, conversation_id=TALK)
    await killed_with(tmp_path, clock, row(state, 1), talk, call, earlier, arrived(4))
    async with open_store(tmp_path, clock) as store:
        orphans = await store.contacts.close_orphans()
        ids = [record.contact.contact_id for record in orphans]
        assert ids == [contact_id(2), contact_id(3), contact_id(4)]
        (kept,) = [one for one in await store.contacts.recent() if one.closed_at is None]
        assert (kept.contact.contact_id, kept.contact.state) == (contact_id(1), ContactState.QUEUED)
        # Taken up in this run, it is this run's.
        await store.contacts.open(kept.contact)
        assert await store.contacts.close_orphans() == []
        await store.contacts.close(replace(closed(1), channel=Channel.CHAT), "")
        record = await store.contacts.get(contact_id(1))
        assert record is not None
        assert record.closed_at is not None


async def test_the_contact_of_a_conversation_that_is_over_is_an_orphan(tmp_path, clock):
    talk = replace(queued(1), channel=Channel.MAIL, conversation_id=TALK)
    await killed_with(tmp_path, clock, row("idle", None), talk)
    async with open_store(tmp_path, clock) as store:
        assert len(await store.contacts.close_orphans()) == 1
