import pytest

from domain.consent import Answer, Purpose
from domain.contact import Channel, Contact
from domain.customer import CustomerChange, Identifier, IdentifierKind
from store.audience import Audience
from store.conversation_schema import CUSTOMER_MEMBERS
from store.opening import open_store
from store.statements import Step

PHONE, OTHER = (
    Identifier(IdentifierKind.PHONE, number) for number in ("+4930123456", "+4930999999")
)
MAIL = Identifier(IdentifierKind.MAIL, "m@example.com")


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, remember_days=30, history_days=30) as opened:
        yield opened


async def entered(store, number: str, *identifiers: Identifier) -> str:
    kinds = {one.kind: (one,) for one in identifiers}
    await store.directory.put([CustomerChange(number=number, identifiers=kinds)])
    view = await store.directory.by_number(number)
    assert view is not None
    return view.customer.customer_id


async def answers(store, clock, name: str, caller: Identifier, answer: Answer) -> None:
    contact = Contact(
        contact_id=name * 32,
        channel=Channel.VOICE,
        queue_id="service",
        language="en",
        arrived_at=clock.utc(),
        arrived_s=0.0,
        caller=caller.value,
    )
    await store.contacts.open(contact)
    await store.customers.keep_answer(contact.contact_id, Purpose.OFFERS, answer)


async def test_merged_customers_are_one(store, clock):
    audience = Audience(store.database, store.directory)
    first, second = await entered(store, "1", PHONE), await entered(store, "2", OTHER, MAIL)
    customer = await audience.customer(first)
    assert customer is not None
    assert customer.identifiers == (PHONE,)
    row = {"member_id": second, "customer_id": first}
    await store.database.write("merge", Step(CUSTOMER_MEMBERS.insert(), (row,)))
    for name in (first, second):
        customer = await audience.customer(name)
        assert customer is not None
        assert (customer.customer_id, customer.number) == (first, "1")
        assert set(customer.identifiers) == {PHONE, OTHER, MAIL}
    await answers(store, clock, "a", OTHER, Answer.GRANTED)
    assert await audience.offers_answer(first) is Answer.GRANTED


async def test_a_refusal_counts_and_nobody_knows_of_others(store, clock):
    audience = Audience(store.database, store.directory)
    name = await entered(store, "1", PHONE, MAIL)
    assert await audience.offers_answer(name) is Answer.UNKNOWN
    await answers(store, clock, "a", PHONE, Answer.GRANTED)
    await answers(store, clock, "b", OTHER, Answer.REFUSED)
    assert await audience.offers_answer(name) is Answer.GRANTED
    await answers(store, clock, "c", MAIL, Answer.REFUSED)
    assert await audience.offers_answer(name) is Answer.REFUSED


async def test_who_is_not_there(store):
    audience = Audience(store.database, store.directory)
    assert await audience.customer("0" * 32) is None
    assert await audience.offers_answer("0" * 32) is Answer.UNKNOWN
