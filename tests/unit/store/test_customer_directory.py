from datetime import date, timedelta

import pytest

from domain.consent import Answer, Purpose
from domain.contact import Disposition
from domain.customer import Identifier, IdentifierKind, Purchase
from domain.customer_form import read_change
from domain.customer_lessons import ContactEnded, ContactJudged, EmotionRefused
from domain.customer_ports import ContactOutcome, PutCounts
from domain.errors import LimitExceeded, NotKnown
from domain.mood import Mood
from store.opening import open_directory, open_store
from store.schema import (
    CONTACT_OUTCOMES,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_PURCHASES,
    CUSTOMER_RECORDS,
    CUSTOMER_SUMMARIES,
    CUSTOMERS,
)
from tests.customer_support import ANNA, BERT, told
from tests.store_support import arrived, contact_id

ALL = (
    CUSTOMER_RECORDS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_PURCHASES,
    CUSTOMER_CONTACTS,
    CUSTOMER_SUMMARIES,
    CONTACT_OUTCOMES,
)


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=365, remember_days=30) as opened:
        for number, caller in ((1, ANNA), (2, ANNA), (3, BERT), (4, "anonymous"), (5, "")):
            await opened.contacts.open(arrived(number, caller=caller))
        yield opened


async def rows_of(store, table):
    async with store.database.reading("all") as connection:
        return (await connection.execute(table.select())).all()


def ended(number, clock, **more):
    return ContactEnded(
        **{
            "contact_id": contact_id(number),
            "at": clock.utc(),
            "queue_id": "sales",
            "disposition": Disposition.AGENT_ENDED,
            "agent_id": "anna",
            **more,
        }
    )


async def test_a_customer_comes_back_as_he_was_told(store):
    change = told(
        name="Ana Müller",
        address="Hauptstraße 1",
        phones=[ANNA],
        mails=["Ana@Example.org"],
        app_ids="u-1",
        value=4,
        language="zh-Hant",
        region="north",
        product="router",
        version="7.1",
        purchases="2026-01-02 router 49.90; 2026-02-01 cable",
        preferences={"callback": "mornings"},
        preferred_agent="anna",
        open_tickets=2,
    )
    assert await store.directory.put([change]) == PutCounts(created=1)
    view = await store.directory.by_number("C-1")
    assert view is not None
    customer = view.customer
    assert customer.name == "Ana Müller"
    assert customer.identifiers == (
        Identifier(IdentifierKind.APP, "u-1"),
        Identifier(IdentifierKind.MAIL, "ana@example.org"),
        Identifier(IdentifierKind.PHONE, ANNA),
    )
    assert customer.purchases == (
        Purchase(date(2026, 2, 1), "cable"),
        Purchase(date(2026, 1, 2), "router", 49.9),
    )
    assert (customer.value, customer.language, customer.open_tickets) == (4, "zh-Hant", 2)
    assert customer.preferences == {"callback": "mornings"}
    assert await store.directory.by_id(customer.customer_id) == view
    assert await store.directory.by_number("C-2") is None
    assert await store.directory.by_id(contact_id(9)) is None


async def test_nothing_that_names_him_stands_in_the_clear(store, tmp_path):
    await store.directory.put(
        [told(number="N-4711", name="Ana Geheim", address="Hinterhof 7", phones=[ANNA])]
    )
    for table in (CUSTOMER_RECORDS, CUSTOMER_IDENTIFIERS):
        text = repr(await rows_of(store, table))
        for word in ("4711", "Geheim", "Hinterhof", ANNA[1:]):
            assert word not in text


async def test_a_change_leaves_what_it_does_not_name(store):
    await store.directory.put([told(name="Ana", value=3, phones=[ANNA], purchases="2026-01-02 x")])
    assert await store.directory.put([told(value=5)]) == PutCounts(changed=1)
    view = await store.directory.by_number("C-1")
    assert view is not None
    assert (view.customer.name, view.customer.value) == ("Ana", 5)
    assert len(view.customer.purchases) == len(view.customer.identifiers) == 1


async def test_identifiers_of_a_kind_take_the_place_of_those_known(store):
    await store.directory.put([told(phones=[ANNA], mails=["a@example.org"])])
    await store.directory.put([told(phones=[BERT])])
    view = await store.directory.by_number("C-1")
    assert view is not None
    assert [one.value for one in view.customer.identifiers] == ["a@example.org", BERT]
    assert await store.directory.of_contact(contact_id(1)) is None
    assert await store.directory.of_contact(contact_id(3)) is not None


async def test_two_changes_of_one_customer_in_one_write(store):
    counts = await store.directory.put([told(value=2, name="Ana"), told(value=3), told("C-2")])
    assert counts == PutCounts(created=2)
    view = await store.directory.by_number("C-1")
    assert view is not None
    assert (view.customer.value, view.customer.name) == (3, "Ana")


async def test_one_write_is_bounded(store):
    with pytest.raises(LimitExceeded, match="501"):
        await store.directory.put([told(f"C-{number}") for number in range(501)])


@pytest.mark.parametrize("written", ["+49 30 123456", "4930123456", "+49-30-(123)456"])
async def test_a_caller_is_known_by_any_form_of_his_number(store, written):
    await store.directory.put([told(phones=[written], value=4)])
    arrival = await store.directory.memory.arrival(contact_id(1), open_identifier=True)
    assert arrival is not None
    assert arrival.customer is not None
    assert arrival.customer.value == 4
    assert arrival.identifier == Identifier(IdentifierKind.PHONE, ANNA)
    assert (arrival.queue_id, arrival.language) == ("sales", "zh")


async def test_a_mail_address_does_not_name_a_caller(store):
    await store.directory.put([told(app_ids=[ANNA])])
    assert await store.directory.of_contact(contact_id(1)) is None


@pytest.mark.parametrize("number", [4, 5])
async def test_who_hides_is_nobody(store, clock, number):
    await store.directory.put([told(app_ids=["anonymous"])])
    arrival = await store.directory.memory.arrival(contact_id(number), open_identifier=True)
    assert arrival is not None
    assert arrival.customer is arrival.identifier is None
    assert await store.directory.memory.take([ended(number, clock)]) == 0
    assert await store.directory.memory.arrival(contact_id(99), open_identifier=True) is None


async def test_a_telephone_of_two_names_neither(store, clock):
    await store.directory.put([told("C-1", phones=[ANNA]), told("C-2", phones=[ANNA])])
    assert await store.directory.of_contact(contact_id(1)) is None
    assert await store.directory.memory.take([ended(1, clock)]) == 0


async def test_a_stranger_is_remembered_and_later_entered(store, clock):
    assert await store.directory.memory.take([ended(1, clock)]) == 1
    stranger = await store.directory.of_contact(contact_id(2))
    assert stranger is not None
    assert stranger.customer.number == ""
    assert stranger.summary is not None
    assert stranger.summary.contacts == 1
    assert await store.directory.put([told(phones=[ANNA], value=5)]) == PutCounts(created=1)
    entered = await store.directory.by_number("C-1")
    assert entered is not None
    assert entered.customer.customer_id == stranger.customer.customer_id
    assert entered.summary == stranger.summary
    assert entered.profile.value == 5


async def test_what_was_told_of_a_stranger_is_kept_when_he_is_entered(store):
    memory = store.directory.memory
    await memory.learn_of(contact_id(1), read_change({"value": 5}, needs_number=False))
    stranger = await store.directory.of_contact(contact_id(2))
    assert stranger is not None
    assert (stranger.customer.number, stranger.customer.value) == ("", 5)
    await store.directory.put([told(phones=[ANNA], region="north")])
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert (view.customer.number, view.customer.value, view.customer.region) == ("C-1", 5, "north")


async def test_a_lesson_is_taken_once(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    memory = store.directory.memory
    assert await memory.take([ended(1, clock), ended(1, clock)]) == 1
    assert await memory.take([ended(1, clock)]) == 0
    view = await store.directory.by_number("C-1")
    assert view is not None
    assert view.summary is not None
    assert view.summary.contacts == 1
    assert [one.contact_id for one in view.recent] == [contact_id(1)]


async def test_two_contacts_of_one_customer_in_one_commit(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    clock.tick(60)
    assert await store.directory.memory.take([ended(1, clock), ended(2, clock)]) == 2
    view = await store.directory.by_number("C-1")
    assert view is not None
    assert view.summary is not None
    assert view.summary.contacts == 2
    assert view.summary.topics == {"sales": 2}


async def test_an_outcome_before_the_end_is_taken_at_the_end(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    await store.directory.keep_outcome(
        ContactOutcome(contact_id=contact_id(1), resolved=False, topic="refund")
    )
    memory = store.directory.memory
    assert await memory.take([ContactJudged(contact_id(1), clock.utc())]) == 0
    assert await memory.take([ended(1, clock)]) == 1
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert (view.profile.topic, view.profile.repeat) == ("refund", True)


async def test_an_outcome_after_the_end_changes_the_summary_once(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    memory = store.directory.memory
    await memory.take([ended(1, clock, disposition=Disposition.ABANDONED, agent_id=None)])
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert view.profile.repeat
    await store.directory.keep_outcome(ContactOutcome(contact_id=contact_id(1), resolved=True))
    judged = ContactJudged(contact_id(1), clock.utc())
    assert await memory.take([judged, judged]) == 1
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert not view.profile.repeat
    assert view.recent[0].resolved is True
    with pytest.raises(NotKnown):
        await store.directory.keep_outcome(ContactOutcome(contact_id=contact_id(99)))


async def test_who_refuses_emotion_has_his_moods_forgotten(store, clock):
    await store.directory.put([told(phones=[ANNA])])
    memory = store.directory.memory
    await memory.take([ended(1, clock, mood=Mood.ANGRY)])
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert view.profile.frustration == 1.0
    assert await memory.take([EmotionRefused(contact_id(2))]) == 1
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert view.profile.frustration == 0.0
    assert view.recent[0].mood is Mood.UNKNOWN


async def test_who_wants_no_profile_has_none(store, clock):
    await store.directory.put([told(phones=[ANNA], value=5, product="router", language="zh")])
    memory = store.directory.memory
    await memory.take([ended(1, clock)])
    await store.directory.put([told(profiling=False)])
    assert await rows_of(store, CUSTOMER_SUMMARIES) == []
    assert await rows_of(store, CUSTOMER_CONTACTS) == []
    assert await memory.take([ended(2, clock)]) == 0
    view = await store.directory.of_contact(contact_id(2))
    assert view is not None
    assert not view.profile.profiling
    assert (view.profile.value, view.profile.product, view.profile.language) == (1, None, "zh")


async def test_forgetting_leaves_nothing_but_the_contact(store, clock):
    await store.directory.put([told(phones=[ANNA], purchases="2026-01-02 x"), told("C-2")])
    await store.customers.keep_answer(contact_id(1), Purpose.EMOTION, Answer.GRANTED)
    await store.directory.memory.take([ended(1, clock)])
    await store.directory.keep_outcome(ContactOutcome(contact_id=contact_id(1), resolved=True))
    assert await store.directory.forget("C-1")
    assert not await store.directory.forget("C-1")
    assert [len(await rows_of(store, table)) for table in ALL] == [1, 0, 0, 0, 0, 0]
    assert await rows_of(store, CUSTOMERS) == []
    assert await store.contacts.get(contact_id(1)) is not None


async def test_another_system_tells_of_a_caller(store):
    memory = store.directory.memory
    await memory.learn_of(contact_id(1), told("C-7", value=4))
    view = await store.directory.of_contact(contact_id(1))
    assert view is not None
    assert view.customer.number == "C-7"
    unnumbered = read_change({"value": 5}, needs_number=False)
    await memory.learn_of(contact_id(1), unnumbered)
    view = await store.directory.by_number("C-7")
    assert view is not None
    assert view.customer.value == 5
    await memory.learn_of(contact_id(4), unnumbered)
    assert len(await rows_of(store, CUSTOMER_RECORDS)) == 1


async def test_a_caller_who_is_no_number_is_known_as_he_came(store):
    await store.contacts.open(arrived(7, caller="anna.berg@pbx"))
    await store.directory.memory.learn_of(contact_id(7), told("C-7"))
    view = await store.directory.of_contact(contact_id(7))
    assert view is not None
    assert view.customer.number == "C-7"
    await store.directory.put([told("C-7", name="Anna")])
    assert await store.directory.of_contact(contact_id(7)) is not None


async def test_what_is_old_is_forgotten(tmp_path, clock):
    async with open_store(tmp_path, clock, history_days=30) as store:
        await store.contacts.open(arrived(1, caller=ANNA))
        await store.contacts.open(arrived(3, caller=BERT))
        await store.directory.put([told(phones=[BERT])])
        await store.directory.memory.take([ended(1, clock), ended(3, clock)])
        clock.tick(timedelta(days=31).total_seconds())
        view = await store.directory.of_contact(contact_id(3))
        assert view is not None
        assert view.summary is None
    async with open_store(tmp_path, clock, history_days=30) as store:
        assert [len(await rows_of(store, table)) for table in ALL] == [1, 2, 0, 0, 0, 0]


async def test_without_a_memory_nothing_is_learnt(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        await store.contacts.open(arrived(1, caller=ANNA))
        assert await store.directory.memory.take([ended(1, clock)]) == 0
        assert await rows_of(store, CUSTOMER_RECORDS) == []


async def test_the_command_line_writes_beside_a_node(store, tmp_path, clock):
    async with open_directory(tmp_path, clock) as beside:
        await beside.put([told(name="Ana", phones=[ANNA])])
    view = await store.directory.of_contact(contact_id(1))
    assert view is not None
    assert view.customer.name == "Ana"
