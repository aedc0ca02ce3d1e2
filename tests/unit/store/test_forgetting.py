from datetime import timedelta

import pytest

from domain.consent import Answer, Purpose
from domain.contact import Channel, Disposition
from domain.conversation import ConversationState
from domain.customer_lessons import ContactEnded
from domain.errors import NotKnown
from domain.message import Author
from domain.proof import Proof
from store.conversation_schema import (
    ATTACHMENTS,
    CONVERSATIONS,
    CUSTOMER_MEMBERS,
    MAIL_IDS,
    MESSAGE_WORDS,
    MESSAGES,
    OUTGOING,
    OUTREACH,
    TIMELINE,
)
from store.forgetting import LONG_AGO
from store.opening import KEY_FILE, open_store
from store.statements import Step
from store.ticket_schema import TICKET_LINKS, TICKET_TRAIL, TICKETS
from store.vault import open_vault
from tests.customer_support import ANNA, BERT, told
from tests.store_support import START, arrived, contact_id
from tests.written_support import attachment, conversation, hexed, inbound, message, put_files

WRITTEN = (
    *(CONVERSATIONS, MESSAGES, MESSAGE_WORDS, OUTGOING, MAIL_IDS, TIMELINE, OUTREACH),
    *(TICKETS, TICKET_LINKS, TICKET_TRAIL),
)


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=365, remember_days=30) as opened:
        yield opened


async def rows_of(store, table):
    async with store.database.reading("all") as connection:
        return (await connection.execute(table.select())).all()


async def entered(store, number, phone):
    await store.directory.put([told(number, phones=[phone], name="Ana")])
    view = await store.directory.by_number(number)
    assert view is not None
    return view.customer.customer_id


async def has_everything(store, folder, number, whose):
    """Give a customer one of each kind."""
    vault = open_vault(folder / KEY_FILE, create=False)
    await put_files(store, folder, attachment(number))
    which = hexed(number, "c")
    said = message(
        number,
        conversation_id=which,
        sequence=1,
        text=f"Refund {number}",
        attachments=(attachment(number),),
        author=Author.AGENT,
        agent_id="bert",
        client_id=f"k-{number}",
    )
    stands = conversation(number, customer_id=whose, last_sequence=1)
    await store.conversations.add(stands, said, inbound=None, is_new=True, outgoing=True)
    await store.mail_ids.keep([f"<{number}@example.org>"], which, said.message_id)
    ticket_id = hexed(number, "3")
    subject = vault.seal("Zorn", table="tickets", column="subject", row=ticket_id)
    noted = vault.seal("called", table="ticket_trail", column="text", row=f"{ticket_id}/0")
    ticket = {
        "ticket_id": ticket_id,
        "number": number,
        "queue_id": "sales",
        "customer_id": whose,
        "reason": "angry",
        "state": "open",
        "priority": 2,
        "subject": subject,
        "language": "de",
        "topic": "",
        "opened_at": START,
        "changed_at": START,
    }
    link = {"ticket_id": ticket_id, "kind": "conversation", "target_id": which}
    trail = {"ticket_id": ticket_id, "place": 0, "at": START, "by": "bert"}
    outreach = {
        "key_mark": number.to_bytes(32, "big"),
        "outreach_id": hexed(number, "9"),
        "template": "apology",
        "customer_id": whose,
        "channel": "mail",
        "message_id": None,
        "refused": "",
        "at": START,
    }
    await store.database.write(
        "what tickets and outreach write",
        Step(TICKETS.insert(), (ticket,)),
        Step(TICKET_LINKS.insert(), (link,)),
        Step(TICKET_TRAIL.insert(), ({**trail, "change": "note", "text": noted},)),
        Step(OUTREACH.insert(), (outreach,)),
    )
    await store.timeline_entries.note_ticket(ticket_id, whose, START)
    await store.contacts.open(arrived(number, caller=ANNA))
    await store.timeline_entries.note_contact(
        contact_id(number), whose, Channel.VOICE, None, START, Proof.PRESENTED
    )


async def test_forgetting_leaves_nothing_that_was_written(store, tmp_path):
    anna = await entered(store, "C-1", ANNA)
    berts = await entered(store, "C-2", BERT)
    await has_everything(store, tmp_path, 1, anna)
    await has_everything(store, tmp_path, 2, berts)
    before = [len(await rows_of(store, table)) for table in WRITTEN]
    gone: list[str] = []
    store.forgetting.on_forgotten = gone.extend
    assert await store.directory.forget("C-1")
    assert gone == [hexed(1, "c")]
    after = [len(await rows_of(store, table)) for table in WRITTEN]
    assert after == [number // 2 for number in before], "Bert's is left"
    assert [one.conversation_id for one in await store.conversations.search("refund")] == [
        hexed(2, "c")
    ]
    files = {row.attachment_id: row for row in await rows_of(store, ATTACHMENTS)}
    free = files[hexed(1, "f")]
    assert (free.message_id, free.name, free.uploaded_at) == (None, b"", LONG_AGO)
    assert files[hexed(2, "f")].message_id == hexed(2, "d")
    with pytest.raises(NotKnown):
        await store.timelines.timeline(anna)
    assert await store.contacts.get(contact_id(1)) is not None, "the operator's proof"


async def test_who_is_one_with_another_is_forgotten_with_him(store, tmp_path):
    anna = await entered(store, "C-1", ANNA)
    berts = await entered(store, "C-2", BERT)
    for number, whose in ((1, anna), (2, berts)):
        await has_everything(store, tmp_path, number, whose)
    member = {"member_id": berts, "customer_id": anna}
    await store.database.write("a member", Step(CUSTOMER_MEMBERS.insert(), (member,)))
    assert await store.directory.forget("C-2")
    assert [len(await rows_of(store, table)) for table in WRITTEN] == [0] * len(WRITTEN)


async def test_old_conversations_are_forgotten_and_open_ones_not(store, tmp_path):
    anna = await entered(store, "C-1", ANNA)
    await has_everything(store, tmp_path, 1, anna)
    for number, state in ((2, ConversationState.IDLE), (3, ConversationState.PARKED)):
        stands = conversation(number, state=state, last_sequence=1)
        one = message(number, conversation_id=stands.conversation_id, sequence=1)
        await store.conversations.add(stands, one, inbound=inbound(str(number)), is_new=True)
    later = START + timedelta(days=1)
    idle = conversation(4, state=ConversationState.IDLE, last_at=later)
    await store.conversations.open(idle)
    assert await store.forgetting.forget_before(later) == 1
    left = sorted(row.conversation_id for row in await rows_of(store, CONVERSATIONS))
    assert left == [hexed(number, "c") for number in (1, 3, 4)]
    assert len(await rows_of(store, MESSAGES)) == len(await rows_of(store, MESSAGE_WORDS)) == 2


async def test_who_has_written_is_not_forgotten_at_the_next_start(tmp_path, clock):
    """A customer whom nobody has entered, where nothing is learnt of contacts."""
    async with open_store(tmp_path, clock, history_days=1) as store:
        await store.contacts.open(arrived(1, caller=ANNA))
        await store.contacts.open(arrived(2, caller=BERT))
        ends = {"at": clock.utc(), "queue_id": "sales", "disposition": Disposition.AGENT_ENDED}
        for number in (1, 2):
            lesson = ContactEnded(contact_id=contact_id(number), agent_id=None, **ends)
            await store.directory.memory.take([lesson])
        view = await store.directory.of_contact(contact_id(1))
        assert view is not None
        whose = view.customer.customer_id
        await has_everything(store, tmp_path, 7, whose)
    clock.tick(timedelta(days=3).total_seconds())
    async with open_store(tmp_path, clock, history_days=1) as store:
        assert await store.directory.by_id(whose) is not None
        assert await store.directory.of_contact(contact_id(2)) is None


async def test_an_export_has_all_that_is_known(store, tmp_path):
    anna = await entered(store, "C-1", ANNA)
    berts = await entered(store, "C-2", BERT)
    await has_everything(store, tmp_path, 1, anna)
    await has_everything(store, tmp_path, 2, berts)
    await store.customers.keep_answer(contact_id(1), Purpose.EMOTION, Answer.GRANTED)
    pieces = [piece async for piece in store.export.export(anna)]
    assert [piece["kind"] for piece in pieces] == [
        *("customer", "consent", "contact", "entry", "entry", "entry", "outreach"),
        *("conversation", "message", "ticket", "ticket_change"),
    ]
    by_kind = {piece["kind"]: piece for piece in pieces}
    assert by_kind["customer"]["name"] == "Ana"
    assert by_kind["consent"]["emotion_answer"] == "granted"
    assert by_kind["message"]["text"] == "Refund 1"
    assert by_kind["message"]["attachments"][0]["name"] == "Rechnung 1.pdf"
    assert by_kind["ticket"]["subject"] == "Zorn"
    assert by_kind["ticket_change"]["text"] == "called"
    assert by_kind["conversation"]["address"]["value"] == "Anna@Example.org"
    member = {"member_id": berts, "customer_id": anna}
    await store.database.write("a member", Step(CUSTOMER_MEMBERS.insert(), (member,)))
    both = [piece async for piece in store.export.export(berts)]
    assert [piece["number"] for piece in both if piece["kind"] == "customer"] == ["C-1", "C-2"]
    assert sum(piece["kind"] == "message" for piece in both) == 2
    with pytest.raises(NotKnown):
        [piece async for piece in store.export.export("0" * 32)]
