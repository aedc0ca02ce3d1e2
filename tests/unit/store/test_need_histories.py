"""Histories are read from the real tables; who refuses stands in none of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, select, text
from sqlalchemy.dialects import sqlite

from domain.consent import Answer, Purpose
from domain.contact import Disposition
from domain.customer_lessons import ContactEnded
from domain.customer_ports import ContactOutcome
from domain.errors import StoreError
from domain.need import NeedKind, NeedStep
from store import need_histories
from store.migrations.upgrade import alembic_config, upgrade
from store.need_histories import CONTACTS_MAX, PAGE_CUSTOMERS
from store.opening import open_store
from store.schema import CUSTOMER_PURCHASES
from tests.customer_support import ANNA, BERT, told
from tests.store_support import START, arrived, contact_id

DAY_S = 86_400.0


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=365, remember_days=30) as opened:
        yield opened


async def came(store, clock, number, *, caller=ANNA, topic="fault"):
    """Let a contact of a caller be over now."""
    await store.contacts.open(arrived(number, caller=caller))
    ended = ContactEnded(
        contact_id=contact_id(number),
        at=clock.utc(),
        queue_id=topic,
        disposition=Disposition.AGENT_ENDED,
        agent_id="anna",
    )
    assert await store.directory.memory.take([ended]) == 1


async def changed(store, since, until):
    return [list(one) async for one in store.need_histories.changed(since, until)]


def names(history):
    return [step.name for step in history]


async def test_contacts_and_purchases_in_their_order(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    await came(store, clock, 1, topic="fault")
    clock.tick(600)
    await store.directory.put([told(purchases="2026-03-01 router 49.90")])
    clock.tick(DAY_S)
    await came(store, clock, 2, topic="bill")
    await store.contacts.open(arrived(3, caller=ANNA, queue_id="move"))
    history = await store.need_histories.history(contact_id(3))
    assert history[:3] == [
        NeedStep(NeedKind.TOPIC, "fault", START),
        NeedStep(
            NeedKind.PRODUCT,
            "router",
            START + timedelta(seconds=600),
            START + timedelta(seconds=600),
        ),
        NeedStep(NeedKind.TOPIC, "bill", START + timedelta(days=1, seconds=600)),
    ]
    # What he is here for is the last, although he came before the contact before was over.
    assert history[3] == NeedStep(NeedKind.TOPIC, "move", START + timedelta(days=1, seconds=600))
    assert len(history) == 4


async def test_the_topic_that_was_told_of_the_present_contact_goes_before_its_queue(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    await store.contacts.open(arrived(1, caller=ANNA))
    assert names(await store.need_histories.history(contact_id(1))) == ["sales"]
    await store.directory.keep_outcome(ContactOutcome(contact_id=contact_id(1), topic="refund"))
    assert names(await store.need_histories.history(contact_id(1))) == ["refund"]


async def test_a_contact_that_is_over_counts_once(store, clock):
    await came(store, clock, 1)
    assert names(await store.need_histories.history(contact_id(1))) == ["fault"]


async def test_who_is_not_known_has_no_history(store):
    await store.contacts.open(arrived(1, caller=ANNA))
    await store.contacts.open(arrived(2, caller="anonymous"))
    for number in (1, 2, 9):
        assert await store.need_histories.history(contact_id(number)) == ()


async def test_a_purchase_is_the_last_step_of_its_day_and_never_in_the_future(store, clock):
    await came(store, clock, 1, topic="fault")
    await store.directory.put([told(phones=[ANNA], purchases="2026-02-27 cable; 2026-03-05 later")])
    await store.contacts.open(arrived(2, caller=ANNA))
    cable, fault, later, _ = await store.need_histories.history(contact_id(2))
    assert (cable.name, cable.at.date(), cable.at.hour) == ("cable", date(2026, 2, 27), 23)
    assert (cable.known_at, fault.known_at) == (START, START)
    assert (later.name, later.at) == ("later", START)


async def test_who_refuses_offers_by_any_of_his_addresses_is_left_out(store, clock):
    await store.directory.put([told(phones=[ANNA, BERT])])
    await came(store, clock, 1, caller=ANNA)
    await store.contacts.open(arrived(2, caller=BERT))
    until = clock.utc() + timedelta(seconds=1)
    assert names(await store.need_histories.history(contact_id(1))) == ["fault"]
    assert len(await changed(store, None, until)) == 1
    for purpose, answer, found in (
        (Purpose.EMOTION, Answer.REFUSED, 1),
        (Purpose.OFFERS, Answer.REFUSED, 0),
        (Purpose.OFFERS, Answer.GRANTED, 1),
    ):
        await store.customers.keep_answer(contact_id(2), purpose, answer)
        assert len(await store.need_histories.history(contact_id(1))) == found
        assert len(await changed(store, None, until)) == found


async def test_merged_customers_have_one_history_and_refuse_offers_for_each_other(store, clock):
    parts = []
    for number, phone in enumerate((ANNA, BERT, "+4930777777"), start=1):
        await store.directory.put([told(f"C-{number}", phones=[phone])])
        view = await store.directory.by_number(f"C-{number}")
        parts.append(view.customer.customer_id)
    for number, caller, topic in ((1, ANNA, "fault"), (2, BERT, "bill")):
        await came(store, clock, number, caller=caller, topic=topic)
        clock.tick(600)
    who = store.directory.identities
    for part in parts[1:]:
        await who.merge(parts[0], part, "alice", "")
    await store.contacts.open(arrived(3, caller=BERT, queue_id="move"))
    assert names(await store.need_histories.history(contact_id(3))) == ["fault", "bill", "move"]
    assert len(await changed(store, None, clock.utc())) == 2
    # Said by the one of whom nothing is known, it counts for the others.
    await store.contacts.open(arrived(4, caller="+4930777777"))
    await store.customers.keep_answer(contact_id(4), Purpose.OFFERS, Answer.REFUSED)
    assert await store.need_histories.history(contact_id(3)) == ()
    assert await changed(store, None, clock.utc()) == []


async def test_who_wants_no_profile_is_left_out(store, clock):
    await store.directory.put([told(phones=[ANNA], purchases="2026-01-02 router")])
    await came(store, clock, 1)
    until = clock.utc() + timedelta(seconds=1)
    assert [names(one) for one in await changed(store, None, until)] == [["router", "fault"]]
    await store.directory.put([told(profiling=False)])
    assert await store.need_histories.history(contact_id(1)) == ()
    assert await changed(store, None, until) == []


async def test_whole_histories_of_whoever_has_a_step_in_the_span(store, clock):
    await came(store, clock, 1, caller=ANNA, topic="fault")
    await came(store, clock, 2, caller=BERT, topic="move")
    clock.tick(DAY_S)
    since = clock.utc()
    await came(store, clock, 3, caller=ANNA, topic="bill")
    clock.tick(DAY_S)
    until = clock.utc()
    await came(store, clock, 4, caller=ANNA, topic="refund")
    assert [names(one) for one in await changed(store, since, until)] == [["fault", "bill"]]
    everybody = await changed(store, None, until)
    assert sorted(names(one) for one in everybody) == [["fault", "bill"], ["move"]]
    # The begin belongs to the span and the end does not.
    assert [names(one) for one in await changed(store, until, until + timedelta(days=1))] == [
        ["fault", "bill", "refund"]
    ]


async def test_what_is_entered_late_becomes_known_then_and_only_once(store, clock):
    await store.directory.put([told(phones=[ANNA], purchases="2026-01-02 router")])
    clock.tick(DAY_S)
    since = clock.utc()
    # The list is told anew as a whole, in another order and with another price.
    await store.directory.put([told(purchases="2026-01-02 router 9.90; 2026-02-03 cable")])
    until = since + timedelta(seconds=1)
    (history,) = await changed(store, since, until)
    assert [(step.name, step.known_at) for step in history] == [("router", START), ("cable", since)]
    await store.directory.put([told(purchases="2026-01-02 router 9.90; 2026-02-03 cable")])
    assert await changed(store, until, until + timedelta(days=1)) == []
    (before,) = await changed(store, None, since)
    assert names(before) == ["router"]


async def test_a_customer_with_both_in_one_span_comes_once(store, clock):
    await came(store, clock, 1)
    await store.directory.put([told(phones=[ANNA], purchases="2026-02-01 a; 2026-02-02 b")])
    (history,) = await changed(store, START, START + timedelta(seconds=1))
    assert names(history) == ["a", "b", "fault"]


async def test_everybody_comes_once_however_many_there_are(store, clock):
    callers = [f"+49{number:09d}" for number in range(2 * PAGE_CUSTOMERS + 3)]
    for first in range(0, len(callers), 50):
        await store.directory.put(
            [
                told(f"C-{caller}", phones=[caller], purchases=f"2026-01-02 p{caller[1:]}")
                for caller in callers[first : first + 50]
            ]
        )
        clock.tick(1)
    # Two contacts of one customer at one moment lie on the border of two pages.
    for number, caller in enumerate([*callers[:PAGE_CUSTOMERS], *callers[:PAGE_CUSTOMERS]]):
        await store.contacts.open(arrived(number, caller=caller))
    await store.directory.memory.take(
        [
            ContactEnded(
                contact_id=contact_id(number),
                at=clock.utc(),
                queue_id="fault",
                disposition=Disposition.AGENT_ENDED,
                agent_id="anna",
            )
            for number in range(2 * PAGE_CUSTOMERS)
        ]
    )
    histories = await changed(store, None, clock.utc() + timedelta(seconds=1))
    bought = [names(one)[0] for one in histories]
    assert sorted(bought) == sorted(f"p{caller[1:]}" for caller in callers)
    assert sorted(len(one) for one in histories)[PAGE_CUSTOMERS + 2 :] == [1] + PAGE_CUSTOMERS * [3]


async def test_of_a_switchboard_the_newest_contacts_are_read(store, clock, monkeypatch):
    monkeypatch.setattr(need_histories, "CONTACTS_MAX", 2)
    await store.directory.put([told(phones=[ANNA], purchases="2026-01-02 router")])
    for number in range(4):
        clock.tick(60)
        await came(store, clock, number, topic=f"t{number}")
    history = await store.need_histories.history(contact_id(3))
    assert names(history) == ["router", "t2", "t3"]
    assert CONTACTS_MAX == 100


async def test_contacts_that_are_too_old_are_not_read(store, clock):
    await came(store, clock, 1, topic="fault")
    clock.tick(366 * DAY_S)
    await store.contacts.open(arrived(2, caller=ANNA))
    assert names(await store.need_histories.history(contact_id(2))) == ["sales"]
    assert await changed(store, None, clock.utc()) == []


async def test_without_a_memory_there_are_no_histories(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        await store.directory.put([told(phones=[ANNA], purchases="2026-01-02 router")])
        await store.contacts.open(arrived(1, caller=ANNA))
        assert await store.need_histories.history(contact_id(1)) == ()
        assert await changed(store, None, clock.utc() + timedelta(days=1)) == []


async def test_a_reader_may_leave_early_and_a_broken_database_is_told(store, clock):
    for number, caller in ((1, ANNA), (2, BERT)):
        await came(store, clock, number, caller=caller)
    # More often than there are connections to lend.
    for _ in range(10):
        async for _ in store.need_histories.changed(None, clock.utc() + timedelta(days=1)):
            break

    def spoil(connection):
        connection.exec_driver_sql("DROP TABLE customer_contacts")
        connection.commit()

    await store.database._transactor.run_sync(spoil)
    with pytest.raises(StoreError):
        await changed(store, None, clock.utc())
    with pytest.raises(StoreError):
        await store.need_histories.history(contact_id(1))


@pytest.mark.sqlite
async def test_an_index_finds_what_is_new(store, clock):
    until = START + timedelta(days=1)
    has_contact = need_histories._has_contact(START, until)
    for query, index in (
        (need_histories._contacts_between(START, until), "customer_contacts_at"),
        (
            need_histories._purchases_between(START, until).where(~has_contact),
            "customer_purchases_noted_at_customer_id",
        ),
    ):
        async with store.database.reading("plan") as connection:
            sql = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
            plan = await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))
            steps = [row.detail for row in plan]
        assert index in steps[0]
        # No part of it walks through a table.
        assert not [step for step in steps if step.startswith("SCAN")]


def test_purchases_from_before_are_noted_when_their_customer_changed(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/d.sqlite3")
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(
            text(
                "INSERT INTO customer_records (customer_id, value, profiling, open_tickets,"
                " changed_at) VALUES ('c', 1, 1, 0, '2026-02-03 04:05:06.000000')"
            )
        )
        for whose in ("c", "nobody"):
            connection.execute(
                text("INSERT INTO customer_purchases VALUES (:whose, 0, '2026-01-02', 'x', NULL)"),
                {"whose": whose},
            )
        connection.commit()
        upgrade(connection, "d")
        query = select(CUSTOMER_PURCHASES)
        (row,) = connection.execute(query)
        assert (row.customer_id, row.product) == ("c", "x")
        assert row.noted_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
        command.downgrade(config, "0007")
        assert connection.execute(text("SELECT count(*) FROM customer_purchases")).scalar() == 1
    engine.dispose()
