from datetime import timedelta

from sqlalchemy import bindparam

from domain.conversation_ports import OutgoingStore
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Delivery
from store.conversation_schema import OUTGOING
from store.opening import open_store
from store.statements import Step
from tests.store_support import START
from tests.written_support import ANNA, conversation, hexed, message


async def queued(store, number, *, source="mail"):
    """Commit an agent's message that shall go out, in a conversation of its own."""
    stands = conversation(number, source=source, last_sequence=1)
    said = message(
        number,
        conversation_id=stands.conversation_id,
        sequence=1,
        author=Author.AGENT,
        agent_id="bert",
    )
    await store.conversations.add(stands, said, inbound=None, is_new=True, outgoing=True)
    return said


async def test_what_shall_go_out_waits_until_it_is_settled(store, clock):
    outgoing: OutgoingStore = store.outgoing
    first, second = [await queued(store, number) for number in (1, 2)]
    await queued(store, 3, source="line")
    assert await outgoing.next_due("mail") == first.at
    assert await outgoing.next_due("sms") is None
    assert await outgoing.due("mail", START, 10) == []
    due = await outgoing.due("mail", START + timedelta(seconds=5), 10)
    assert [one.message_id for one in due] == [first.message_id, second.message_id]
    assert [one.message_id for one in await outgoing.due("mail", second.at, 1)] == [
        first.message_id
    ]
    assert (due[0].destination, due[0].attempts, due[0].remote_id) == (ANNA.value, 0, "")
    assert (due[0].conversation_id, due[0].source) == (hexed(1, "c"), "mail")
    later = START + timedelta(minutes=5)
    await outgoing.postpone(first.message_id, later, "451 try later")
    assert await outgoing.next_due("mail") == second.at
    await outgoing.settle(second.message_id, Delivery.SENT, remote_id="<2@example.org>")
    assert await outgoing.next_due("mail") == later
    (again,) = await outgoing.due("mail", later, 10)
    assert (again.message_id, again.attempts) == (first.message_id, 1)
    sent = await store.conversations.message(second.message_id)
    assert sent is not None
    assert (sent.delivery, sent.failure) == (Delivery.SENT, "")
    await outgoing.settle(first.message_id, Delivery.FAILED, error="550 no such mailbox")
    failed = await store.conversations.message(first.message_id)
    assert failed is not None
    assert (failed.delivery, failed.failure) == (Delivery.FAILED, "550 no such mailbox")
    assert await outgoing.counts() == {
        ("mail", "sent"): 1,
        ("mail", "failed"): 1,
        ("line", "waiting"): 1,
    }


async def test_a_bounce_finds_what_has_left(store):
    said = await queued(store, 1)
    await store.outgoing.set_remote_id(said.message_id, "<1@example.org>")
    (due,) = await store.outgoing.due("mail", said.at, 10)
    assert due.remote_id == "<1@example.org>", "another try goes out under the same name"
    await store.outgoing.settle(said.message_id, Delivery.SENT)
    found = await store.outgoing.by_remote_id("mail", "<1@example.org>")
    assert found is not None
    assert (found.message_id, found.remote_id) == (said.message_id, "<1@example.org>")
    assert await store.outgoing.by_remote_id("line", "<1@example.org>") is None
    assert await store.outgoing.by_remote_id("mail", "<2@example.org>") is None


async def test_what_waits_outlives_the_node(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        said = await queued(store, 1)
    async with open_store(tmp_path, clock) as store:
        assert [one.message_id for one in await store.outgoing.due("mail", said.at, 5)] == [
            said.message_id
        ]


async def test_an_address_that_cannot_be_read_is_not_asked_for_for_ever(store):
    """It comes without an address, so that whoever sends gives it up with a reason."""

    said = await queued(store, 1)
    damage = OUTGOING.update().where(OUTGOING.c.message_id == bindparam("which"))
    await store.database.write(
        "damage", Step(damage, ({"which": said.message_id, "destination": b"x"},))
    )
    (due,) = await store.outgoing.due("mail", said.at, 5)
    assert due.destination == ""


async def test_a_mail_finds_its_conversation_by_the_newest_reference(store):
    for number in (1, 2):
        await store.conversations.open(conversation(number))
        await store.mail_ids.keep([f"<{number}@example.org>"], hexed(number, "c"), hexed(number))
    find = store.mail_ids.find
    found = await find(["<1@example.org>", "<2@example.org>", "<3@example.org>"])
    assert found is not None
    assert found.conversation_id == hexed(2, "c")
    assert found.address == Identifier(IdentifierKind.MAIL, ANNA.value)
    found = await find(["<2@example.org>", " <1@example.org> "])
    assert found is not None
    assert found.conversation_id == hexed(1, "c")
    assert await find([]) is None
    assert await find(["<1@EXAMPLE.org>"]) is None
    many = [f"<x{number}@example.org>" for number in range(150)]
    assert await find(["<1@example.org>", *many]) is None
    assert await find([*many, "<1@example.org>"]) is not None


async def test_nobody_draws_a_conversation_to_himself_by_an_id_that_was_used(store):
    for number in (1, 2):
        await store.conversations.open(conversation(number))
    await store.mail_ids.keep(["<1@example.org>", "<1@example.org>"], hexed(1, "c"), hexed(1))
    await store.mail_ids.keep(["<1@example.org>"], hexed(2, "c"), hexed(2))
    await store.mail_ids.keep([], hexed(2, "c"), hexed(2))
    found = await store.mail_ids.find(["<1@example.org>"])
    assert found is not None
    assert found.conversation_id == hexed(1, "c")
