from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from domain.contact import Channel, Disposition, Interaction
from domain.conversation_ports import Timelines
from domain.customer_lessons import ContactEnded
from domain.errors import LimitExceeded, NotKnown
from domain.message import Author
from domain.mood import Mood
from domain.proof import Proof
from domain.speech import Speaker, SpeechKind, SpeechSpan
from domain.ticket import TicketReason, TicketState
from domain.timeline import EntryKind
from store.conversation_schema import CUSTOMER_MEMBERS, TIMELINE
from store.opening import KEY_FILE, open_store
from store.statements import Step
from store.ticket_schema import TICKETS
from store.vault import open_vault
from tests.customer_support import told
from tests.store_support import START, closed, contact_id, queued
from tests.written_support import (
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


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=365) as opened:
        yield opened


async def added(store, number, *, customer_id=None, **more):
    one = message(number, **more)
    stands = conversation(
        conversation_id=one.conversation_id,
        last_sequence=one.sequence,
        customer_id=customer_id,
    )
    await store.conversations.add(
        stands, one, inbound=inbound(f"m-{number}"), is_new=one.sequence == 1
    )
    return one


def kinds(page):
    return [(entry.kind.value, entry.entry_id) for entry in page.entries]


async def test_everything_of_a_customer_in_order(store, tmp_path, clock):
    timelines: Timelines = store.timelines
    entries = store.timeline_entries
    await put_files(store, tmp_path, attachment(1))
    written = await added(
        store, 1, customer_id=ANNAS_ID, attachments=(attachment(1),), contact_id=hexed(8)
    )
    called = closed(5)
    await store.contacts.open(called)
    await store.contacts.close(called, "")
    for number, agent in ((1, "anna"), (2, "bert"), (3, "anna")):
        at = START + timedelta(seconds=number)
        await store.contacts.add_interaction(
            Interaction(
                interaction_id=hexed(9 - number, "e"),
                contact_id=called.contact_id,
                agent_id=agent,
                started_at=at,
                ended_at=at,
                outcome="answered",
                ring_s=1.0,
                talk_s=1.0,
            )
        )
    await store.contacts.add_speech(
        called.contact_id,
        [
            SpeechSpan(kind=SpeechKind.SEGMENT, start_s=0.0, end_s=1.0, speaker=each)
            for each in (Speaker.CUSTOMER, Speaker.CUSTOMER, Speaker.AGENT)
        ],
    )
    ended = ContactEnded(
        contact_id=called.contact_id,
        at=clock.utc(),
        queue_id="sales",
        disposition=Disposition.AGENT_ENDED,
        agent_id="anna",
        mood=Mood.UPSET,
    )
    await store.directory.memory.take([ended])
    at = START + timedelta(minutes=1)
    await entries.note_contact(
        called.contact_id, ANNAS_ID, Channel.VOICE, None, at, Proof.PRESENTED
    )
    vault = open_vault(tmp_path / KEY_FILE, create=False)
    ticket = {
        "ticket_id": hexed(3, "3"),
        "number": 17,
        "queue_id": "sales",
        "customer_id": ANNAS_ID,
        "reason": "angry",
        "state": "open",
        "priority": 2,
        "subject": vault.seal("Zorn", table="tickets", column="subject", row=hexed(3, "3")),
        "language": "de",
        "topic": "",
        "opened_at": at,
        "changed_at": at,
    }
    await store.database.write("a ticket", Step(TICKETS.insert(), (ticket,)))
    await entries.note_ticket(hexed(3, "3"), ANNAS_ID, at + timedelta(minutes=1))
    await entries.note_offer(hexed(4, "4"), ANNAS_ID, at + timedelta(minutes=2), "coupon")
    await entries.note_identity(hexed(5, "5"), ANNAS_ID, at + timedelta(minutes=3), "merged")
    page = await timelines.timeline(ANNAS_ID)
    assert page.before is None
    assert kinds(page) == [
        ("identity", hexed(5, "5")),
        ("offer", hexed(4, "4")),
        ("ticket", hexed(3, "3")),
        ("contact", called.contact_id),
        ("message", written.message_id),
        ("contact", hexed(8)),
    ]
    identity, offer, of_ticket, of_call, of_mail, of_chat = page.entries
    assert (identity.note, offer.note, of_mail.note) == ("merged", "coupon", "")
    assert of_ticket.ticket is not None
    assert (of_ticket.ticket.number, of_ticket.ticket.subject) == (17, "Zorn")
    assert (of_ticket.ticket.state, of_ticket.ticket.reason) == (
        TicketState.OPEN,
        TicketReason.ANGRY,
    )
    outline = of_call.contact
    assert outline is not None
    assert (outline.queue_id, outline.disposition, outline.agent_id, outline.mood) == (
        "sales",
        Disposition.AGENT_ENDED,
        "anna",
        Mood.UPSET,
    )
    assert (outline.agents, outline.segments) == (("anna", "bert"), 2)
    assert (outline.wait_s, outline.talk_s, outline.closed_at) == (7.5, 60.25, clock.utc())
    assert of_mail.message == written
    assert (of_mail.conversation_id, of_mail.proof) == (FIRST, Proof.PRESENTED)
    assert of_chat.contact is None, "its row is not written yet"


async def test_pages_join_without_a_gap(store):
    for number in range(1, 12):
        # Several at one moment: the place is that of the entry too.
        at = START + timedelta(seconds=number // 4)
        await added(store, number, customer_id=ANNAS_ID, at=at)
    whole = await store.timelines.timeline(ANNAS_ID, limit=200)
    seen, before = [], None
    while True:
        page = await store.timelines.timeline(ANNAS_ID, limit=3, before=before)
        seen += page.entries
        before = page.before
        if before is None:
            break
        assert len(page.entries) == 3
    assert seen == list(whole.entries)
    assert len(seen) == len({entry.entry_id for entry in seen}) == 11
    assert [entry.at for entry in seen] == sorted((entry.at for entry in seen), reverse=True)


async def test_a_merged_customer_has_the_entries_of_both(store):
    for number in range(1, 9):
        is_berts = number % 3 == 0
        await added(
            store,
            number,
            customer_id=BERTS_ID if is_berts else ANNAS_ID,
            conversation_id=hexed(number, "c"),
            sequence=1,
        )
    member = {"member_id": BERTS_ID, "customer_id": ANNAS_ID}
    await store.database.write("a member", Step(CUSTOMER_MEMBERS.insert(), (member,)))
    first = await store.timelines.timeline(ANNAS_ID, limit=5)
    second = await store.timelines.timeline(ANNAS_ID, limit=5, before=first.before)
    found = [entry.entry_id for entry in (*first.entries, *second.entries)]
    assert found == [hexed(number, "d") for number in range(8, 0, -1)]
    alone = await store.timelines.timeline(BERTS_ID)
    assert [entry.entry_id for entry in alone.entries] == [hexed(6, "d"), hexed(3, "d")]


async def test_who_is_assigned_gets_what_was_before_and_what_comes(store):
    contact = queued(6)
    contact.channel, contact.conversation_id = Channel.MAIL, FIRST
    await store.contacts.open(contact)
    await added(store, 1)
    await added(store, 2)
    await store.conversations.assign(FIRST, ANNAS_ID, Proof.PRESENTED.value)
    await added(store, 3, customer_id=ANNAS_ID)
    page = await store.timelines.timeline(ANNAS_ID)
    assert sorted(kinds(page)) == [
        ("contact", contact_id(6)),
        *(("message", hexed(number, "d")) for number in (1, 2, 3)),
    ]
    await store.conversations.assign(FIRST, BERTS_ID, Proof.PROVED.value)
    with pytest.raises(NotKnown):
        await store.timelines.timeline(ANNAS_ID)
    page = await store.timelines.timeline(BERTS_ID)
    assert len(page.entries) == 4
    assert {entry.proof for entry in page.entries} == {Proof.PROVED}


async def test_a_call_that_was_anothers_moves(store):
    note = store.conversations.note_contact
    await store.contacts.open(queued(1))
    await note(contact_id(1), ANNAS_ID, Channel.VOICE, None, START, Proof.SUSPECTED)
    await note(contact_id(1), BERTS_ID, Channel.VOICE, None, START, Proof.PROVED)
    (entry,) = (await store.timelines.timeline(BERTS_ID)).entries
    assert (entry.kind, entry.proof) == (EntryKind.CONTACT, Proof.PROVED)
    assert entry.contact is not None
    assert (entry.contact.mood, entry.contact.agents, entry.contact.segments) == (None, (), 0)


async def test_who_is_known_and_has_nothing_and_who_is_not_known(store):
    await store.directory.put([told("C-1")])
    view = await store.directory.by_number("C-1")
    assert view is not None
    page = await store.timelines.timeline(view.customer.customer_id)
    assert (page.entries, page.before) == ((), None)
    with pytest.raises(NotKnown, match="customer"):
        await store.timelines.timeline(ANNAS_ID)
    for before in ("", "x", "zz-1", f"{'f' * 40}-1"):
        with pytest.raises(NotKnown, match="place in the timeline"):
            await store.timelines.timeline(ANNAS_ID, before=before)
    with pytest.raises(LimitExceeded, match="201"):
        await store.timelines.timeline(ANNAS_ID, limit=201)


@pytest.mark.sqlite
async def test_a_page_reads_no_more_than_its_entries(store):
    """The index gives them in order: nothing is sorted, nobody else's is read."""
    await added(store, 1, customer_id=ANNAS_ID, author=Author.CUSTOMER)
    query = TIMELINE.select().where(TIMELINE.c.customer_id == ANNAS_ID)
    query = query.order_by(TIMELINE.c.at.desc(), TIMELINE.c.entry_id.desc()).limit(50)
    async with store.database.reading("plan") as connection:
        sql = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = (await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))).all()
    assert [row[3] for row in plan] == [
        "SEARCH timeline USING INDEX timeline_customer_id_at_entry_id (customer_id=?)"
    ]
