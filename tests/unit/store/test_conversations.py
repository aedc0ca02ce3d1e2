import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversation import ConversationState
from domain.customer import Identifier, IdentifierKind
from domain.errors import Duplicate, LimitExceeded, Outdated, StoreError
from domain.message import Author, Delivery
from domain.proof import Proof
from store.conversation_schema import ATTACHMENTS, CONVERSATIONS, MESSAGE_WORDS, MESSAGES, OUTGOING
from store.opening import open_store
from store.statements import Step
from tests.store_support import START
from tests.written_support import (
    ANNA,
    ANNAS_ID,
    BERTS_ID,
    attachment,
    conversation,
    hexed,
    inbound,
    message,
    put_files,
)

FIRST = hexed(1, "c")


async def rows_of(store, table):
    async with store.database.reading("all") as connection:
        return (await connection.execute(table.select())).all()


async def added(store, number=1, *, key="", **more):
    """Add message `number` to the first conversation, which its first one opens."""
    one = message(number, **more)
    stands = conversation(last_sequence=one.sequence, last_at=one.at)
    handed = inbound(key or f"m-{number}")
    await store.conversations.add(stands, one, inbound=handed, is_new=one.sequence == 1)
    return one


async def test_a_conversation_comes_back_as_it_was_written(store):
    written = conversation(
        name="Anna",
        subject="退款",
        topic="refund",
        customer_id=ANNAS_ID,
        agent_id="bert",
        contact_id=hexed(7),
        parked_until=START + timedelta(hours=1),
        due_at=START + timedelta(hours=2),
        customer_got=2,
        customer_read=1,
        agent_read=3,
        proof=Proof.PROVED,
    )
    await store.conversations.open(written)
    assert await store.conversations.get(FIRST) == written
    assert await store.conversations.get(hexed(2, "c")) is None
    with pytest.raises(Duplicate):
        await store.conversations.open(written)
    parked = replace(written, state=ConversationState.PARKED, subject="Refund", customer_got=9)
    await store.conversations.update(parked)
    assert await store.conversations.get(FIRST) == parked
    with pytest.raises(Outdated, match="conversations"):
        await store.conversations.update(conversation(2))


async def test_a_message_comes_back_as_it_was_written(store, tmp_path):
    files = (attachment(1, inline_id="logo@x"), attachment(2))
    await put_files(store, tmp_path, *files)
    written = message(
        text="我要退款",
        html="<p>我要退款</p>",
        quoted="> hello",
        subject="退款",
        client_id="m-1",
        contact_id=hexed(7),
        attachments=files,
        automatic=True,
    )
    stands = conversation(last_sequence=1)
    handed = inbound("m-1", headers={"message-id": "<a@example.org>"})
    await store.conversations.add(stands, written, inbound=handed, is_new=True)
    assert await store.conversations.message(written.message_id) == written
    assert await store.conversations.find_duplicate(handed) == written
    assert await store.conversations.headers(written.message_id) == handed.headers
    assert await store.conversations.headers(hexed(9, "d")) == {}
    assert await store.conversations.message(hexed(9, "d")) is None
    await store.conversations.set_delivery(written.message_id, Delivery.FAILED, "no such mailbox")
    failed = await store.conversations.message(written.message_id)
    assert failed == replace(written, delivery=Delivery.FAILED, failure="no such mailbox")


async def test_nothing_that_was_written_stands_in_the_clear(store, tmp_path):
    await put_files(store, tmp_path, attachment(name="Geheimplan.pdf"))
    written = message(
        text="Kennwort Hinterhof",
        subject="Vertraulich",
        attachments=(attachment(name="Geheimplan.pdf"),),
    )
    handed = inbound("Kennung-4711", headers={"x": "Kopfzeile"})
    stands = conversation(name="Ana Müller", subject="Vertraulich", last_sequence=1)
    await store.conversations.add(stands, written, inbound=handed, is_new=True, outgoing=True)
    await store.mail_ids.keep(["<Kennung-4711@example.org>"], FIRST, written.message_id)
    for table in (CONVERSATIONS, MESSAGES, MESSAGE_WORDS, ATTACHMENTS, OUTGOING):
        text = repr(await rows_of(store, table)).lower()
        for word in ("kennwort", "hinterhof", "vertraulich", "geheim", "4711", "kopf", "example"):
            assert word not in text, table.name


async def test_messages_are_read_in_order_and_notes_only_when_asked_for(store):
    for number in range(1, 6):
        await added(store, number, internal=number == 3)
    read = store.conversations.messages
    shown = await read(FIRST, after=1, limit=10, internal=False)
    assert [one.sequence for one in shown] == [2, 4, 5]
    noted = await read(FIRST, after=1, limit=2, internal=True)
    assert [one.sequence for one in noted] == [2, 3]
    with pytest.raises(LimitExceeded, match="501"):
        await read(FIRST, after=0, limit=501, internal=True)


async def test_the_same_message_is_stored_once(store):
    first = await added(store, 1)
    again = message(2, sequence=2)
    with pytest.raises(Duplicate):
        await store.conversations.add(
            conversation(last_sequence=2), again, inbound=inbound("m-1"), is_new=False
        )
    found = await store.conversations.find_duplicate(inbound("m-1"))
    assert found is not None
    assert found.message_id == first.message_id
    stands = await store.conversations.get(FIRST)
    assert stands is not None
    assert stands.last_sequence == 1, "what failed left no trace"
    assert len(await rows_of(store, MESSAGE_WORDS)) == 1


async def test_a_message_is_known_by_any_form_of_its_sender_and_by_no_other_key(store):
    await added(store, 1)
    find = store.conversations.find_duplicate
    lower = Identifier(IdentifierKind.MAIL, "anna@example.org")
    assert await find(inbound("m-1", sender=lower)) is not None
    assert await find(inbound("m-1", source="chat")) is None
    assert await find(inbound("m-1", sender=Identifier(IdentifierKind.APP, ANNA.value))) is None
    assert await find(inbound("m-2")) is None
    assert await find(inbound("")) is None


async def test_of_two_at_once_one_is_stored(store):
    """Each opens a conversation of its own, as two first messages of a customer would."""

    async def one(number):
        stands = conversation(number, last_sequence=1)
        written = message(
            number, conversation_id=stands.conversation_id, sequence=1, client_id="same"
        )
        await store.conversations.add(stands, written, inbound=inbound("same"), is_new=True)

    results = await asyncio.gather(*(one(number) for number in range(8)), return_exceptions=True)
    assert sum(isinstance(each, Duplicate) for each in results) == 7
    assert len(await rows_of(store, MESSAGES)) == len(await rows_of(store, CONVERSATIONS)) == 1
    assert await store.conversations.find_duplicate(inbound("same")) is not None


async def test_two_messages_cannot_take_one_place_or_one_file(store, tmp_path):
    await put_files(store, tmp_path, attachment(1), attachment(2))
    await added(store, 1, attachments=(attachment(1),))
    with pytest.raises(Duplicate):
        await added(store, 2, key="other", sequence=1)
    with pytest.raises(Outdated, match="attachments"):
        await added(store, 2, attachments=(attachment(2), attachment(1)))
    with pytest.raises(Outdated, match="attachments"):
        await added(store, 2, attachments=(attachment(3),))
    assert len(await rows_of(store, MESSAGES)) == 1
    await added(store, 2, attachments=(attachment(2),))
    owners = {row.attachment_id: row.message_id for row in await rows_of(store, ATTACHMENTS)}
    assert owners == {hexed(1, "f"): hexed(1, "d"), hexed(2, "f"): hexed(2, "d")}


async def test_of_two_that_want_one_file_at_once_one_gets_it(store, tmp_path):
    await put_files(store, tmp_path, attachment(1))

    async def one(number):
        stands = conversation(number, last_sequence=1)
        written = message(
            number,
            conversation_id=stands.conversation_id,
            sequence=1,
            attachments=(attachment(1),),
        )
        await store.conversations.add(stands, written, inbound=inbound(f"{number}"), is_new=True)

    results = await asyncio.gather(one(1), one(2), one(3), return_exceptions=True)
    assert [type(each) for each in results].count(Outdated) == 2
    (row,) = await rows_of(store, MESSAGES)
    assert [each.message_id for each in await rows_of(store, ATTACHMENTS)] == [row.message_id]


async def test_what_an_agent_has_said_is_found_by_his_id_of_it(store):
    await added(store, 1)
    said = message(2, author=Author.AGENT, agent_id="bert", client_id="k-1")
    await store.conversations.add(
        conversation(last_sequence=2), said, inbound=None, is_new=False, outgoing=True
    )
    find = store.conversations.find_said
    assert await find(FIRST, "bert", "k-1") == said
    assert await find(FIRST, "carl", "k-1") is None
    assert await find(FIRST, None, "k-1") is None
    assert await find(hexed(2, "c"), "bert", "k-1") is None
    assert await find(FIRST, "bert", "") is None
    again = replace(said, message_id=hexed(3, "d"), sequence=3)
    with pytest.raises(Duplicate):
        await store.conversations.add(
            conversation(last_sequence=3), again, inbound=None, is_new=False
        )


async def test_the_newest_conversation_of_an_address(store):
    for number in (1, 2, 3):
        at = START + timedelta(minutes=number)
        source = "chat" if number == 3 else "mail"
        await store.conversations.open(conversation(number, last_at=at, source=source))
    found = await store.conversations.of_address(
        "mail", Identifier(IdentifierKind.MAIL, "anna@EXAMPLE.org")
    )
    assert found is not None
    assert found.conversation_id == hexed(2, "c")
    other = Identifier(IdentifierKind.APP, "anna@example.org")
    assert await store.conversations.of_address("mail", other) is None


async def test_what_is_not_idle_is_taken_up_at_the_start(store):
    states = (*ConversationState, ConversationState.WAITING)
    for number, state in enumerate(states, start=1):
        opened = START - timedelta(minutes=number)
        await store.conversations.open(conversation(number, state=state, opened_at=opened))
    unsettled = [one.state.value for one in await store.conversations.unsettled()]
    assert unsettled == ["waiting", "parked", "served", "waiting"]


async def test_whoever_did_not_hear_that_it_was_assigned_does_not_take_it_back(store):
    await added(store, 1)
    await store.conversations.assign(FIRST, ANNAS_ID, Proof.PROVED.value)
    await store.conversations.update(conversation(last_sequence=1))
    await added(store, 2)
    stands = await store.conversations.get(FIRST)
    assert stands is not None
    assert stands.customer_id == ANNAS_ID
    with pytest.raises(Outdated):
        await store.conversations.assign(hexed(2, "c"), ANNAS_ID, Proof.PROVED.value)


async def test_conversations_of_customers_the_newest_first(store):
    for number, whose in enumerate((ANNAS_ID, BERTS_ID, ANNAS_ID, None), start=1):
        at = START + timedelta(minutes=number)
        await store.conversations.open(conversation(number, customer_id=whose, last_at=at))
    found = await store.conversations.of_customers([ANNAS_ID, BERTS_ID])
    assert [one.conversation_id for one in found] == [hexed(n, "c") for n in (3, 2, 1)]


async def test_a_message_outlives_the_node(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        written = await added(store, 1)
    async with open_store(tmp_path, clock) as store:
        assert await store.conversations.message(written.message_id) == written
        assert len(await store.conversations.unsettled()) == 1
    with pytest.raises(StoreError):
        await added(store, 2)


async def test_a_damaged_text_is_hidden_and_not_the_rest(store):
    await added(store, 1)
    async with store.database.reading("a body") as connection:
        (row,) = (await connection.execute(MESSAGES.select())).all()
    moved = MESSAGES.update().values(body=row.body[:-1] + b"?")
    await store.database.write("a damaged body", Step(moved, ({"failure": ""},)))
    (found,) = await store.conversations.messages(FIRST, after=0, limit=10, internal=True)
    assert (found.text, found.sequence) == ("", 1)


async def test_a_mail_leads_to_its_conversation_with_its_message(store):
    one = replace(inbound("m-1"), mail_id="<1@example.com>")
    await store.conversations.add(conversation(), message(1), inbound=one, is_new=True)
    found = await store.mail_ids.find(["<0@example.com>", "<1@example.com>"])
    assert found is not None
    assert found.conversation_id == FIRST
    # Nobody draws it to himself, and what is not stored leads nowhere.
    other = replace(inbound("m-2"), mail_id="<1@example.com>")
    stands = conversation(2, address=Identifier(IdentifierKind.MAIL, "b@example.com"))
    await store.conversations.add(
        stands, message(2, conversation_id=hexed(2, "c"), sequence=1), inbound=other, is_new=True
    )
    again = await store.mail_ids.find(["<1@example.com>"])
    assert again.conversation_id == FIRST
    third = replace(inbound("m-1"), mail_id="<3@example.com>")
    with pytest.raises(Duplicate):
        await store.conversations.add(conversation(), message(3), inbound=third, is_new=False)
    assert await store.mail_ids.find(["<3@example.com>"]) is None
