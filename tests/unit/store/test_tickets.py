"""The record of tickets, where others change the same ones."""

import asyncio

import pytest
from sqlalchemy import select, text

from domain.business_hours import ALWAYS
from domain.customer_form import read_change
from domain.errors import Outdated
from domain.ticket import LinkKind, TicketLink
from domain.ticket_changes import DuePolicy, noted, opened
from domain.ticket_store import TicketQuestion, TicketWrite
from store.conversation_schema import CUSTOMER_MEMBERS, TIMELINE
from store.opening import open_tickets
from store.statements import Step, insert_into
from store.ticket_schema import TICKET_TRAIL, TICKETS
from tests.store_support import START, contact_id
from tests.unit.tickets.scene import wish

DUE = DuePolicy(ALWAYS, {2: 3600.0})


def made(number, **more):
    return opened(wish(**more), DUE, START, ticket_id=contact_id(number))


async def add(tickets, number, key="", **more):
    new = made(number, **more)
    stored, _ = await tickets.add(new.ticket, [new.entry], key)
    return stored


async def test_many_at_once_have_a_number_each(store, tmp_path, clock):
    async with open_tickets(tmp_path, clock) as other:
        added = await asyncio.gather(
            *(add((store.tickets, other)[number % 2], number) for number in range(40))
        )
    assert sorted(stored.ticket.number for stored in added) == list(range(1, 41))


async def test_one_key_at_once_is_one_ticket(store, tmp_path, clock):
    async with open_tickets(tmp_path, clock) as other:
        added = await asyncio.gather(
            *(add((store.tickets, other)[number % 2], number, "k") for number in range(10))
        )
    assert len({stored.ticket.ticket_id for stored in added}) == 1
    assert len(await store.tickets.find(TicketQuestion())) == 1


async def test_nobody_writes_over_what_he_has_not_read(store):
    before = await add(store.tickets, 1)
    assert before.version == 1
    first = noted(before.ticket, "first", START, "anna")
    second = noted(before.ticket, "second", START, "bob")
    await store.tickets.save(TicketWrite(before, first.ticket, (first.entry,)))
    with pytest.raises(Outdated, match="changed by somebody else"):
        await store.tickets.save(TicketWrite(before, second.ticket, (second.entry,)))
    trail = await store.tickets.trail(contact_id(1))
    assert [one.text for one in trail] == ["by_hand", "first"]


async def test_all_or_none(store):
    one, two = await add(store.tickets, 1), await add(store.tickets, 2)
    note = noted(one.ticket, "x", START, "anna")
    await store.tickets.save(TicketWrite(one, note.ticket, (note.entry,)))
    other = noted(two.ticket, "y", START, "anna")
    with pytest.raises(Outdated):
        await store.tickets.save(
            TicketWrite(two, other.ticket, (other.entry,)),
            TicketWrite(one, note.ticket, (note.entry,)),
        )
    assert len(await store.tickets.trail(contact_id(2))) == 1


async def test_what_is_personal_is_sealed(store):
    stored = await add(store.tickets, 1, subject="Ana Müller complains")
    note = noted(stored.ticket, "call +4930123456", START, "anna")
    await store.tickets.save(TicketWrite(stored, note.ticket, (note.entry,)))
    async with store.database.reading("all") as connection:
        rows = [
            *await connection.execute(select(TICKETS)),
            *await connection.execute(select(TICKET_TRAIL)),
        ]
    assert b"Ana" not in b"".join(bytes(str(row), "utf-8") for row in rows)
    assert "4930123456" not in str(rows)


async def test_the_timeline_has_it_once_it_is_somebodys(store):
    await add(store.tickets, 1, customer_id=contact_id(70))
    await add(store.tickets, 2)
    async with store.database.reading("timeline") as connection:
        (line,) = (await connection.execute(select(TIMELINE))).all()
    assert (line.entry_id, line.customer_id, line.kind) == (contact_id(1), contact_id(70), "ticket")


async def test_who_is_part_of_a_customer_is_found_with_him(store):
    await add(store.tickets, 1, customer_id=contact_id(71))
    part = insert_into("sqlite", CUSTOMER_MEMBERS)
    row = {"member_id": contact_id(71), "customer_id": contact_id(70)}
    assert await store.tickets.open_count([contact_id(70)]) == 0
    await store.database.write("member", Step(part, (row,)))
    assert await store.tickets.open_count([contact_id(70)]) == 1
    question = TicketQuestion(customer_ids=(contact_id(70),))
    assert len(await store.tickets.find(question)) == 1


async def test_a_customer_is_shown_with_his_open_tickets(store):
    await store.directory.put([read_change({"number": "C-1", "open_tickets": 2})])
    view = await store.directory.by_number("C-1")
    assert (view.own_tickets, view.customer.open_tickets) == (0, 2)
    await add(store.tickets, 1, customer_id=view.customer.customer_id)
    await add(store.tickets, 2)
    view = await store.directory.by_number("C-1")
    assert (view.own_tickets, view.customer.open_tickets) == (1, 2)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (TicketQuestion(customer_ids=(contact_id(1),)), "tickets_customer_id_ticket_id"),
        (TicketQuestion(queue_id="service"), "tickets_queue_id_ticket_id"),
        (TicketQuestion(overdue_at=START), "tickets_state_due_at"),
        (
            TicketQuestion(link=TicketLink(LinkKind.CONTACT, contact_id(1))),
            "ticket_links_target_id",
        ),
    ],
)
@pytest.mark.sqlite
async def test_questions_use_an_index(store, question, index, monkeypatch):
    asked = []
    read = store.tickets._read

    async def noticed(what, query):
        asked.append(query)
        return await read(what, query)

    monkeypatch.setattr(store.tickets, "_read", noticed)
    await store.tickets.find(question)
    sql = str(asked[0].compile(compile_kwargs={"literal_binds": True}, dialect=_dialect()))
    async with store.database.reading("plan") as connection:
        plan = (await connection.execute(text("EXPLAIN QUERY PLAN " + sql))).all()
    assert index in str(plan)
    assert "SCAN tickets" not in str(plan).replace("SCAN tickets USING INDEX", "")


def _dialect():
    from sqlalchemy.dialects import sqlite

    return sqlite.dialect()
