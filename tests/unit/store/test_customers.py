import pytest

from domain.baseline import Baseline
from domain.consent import Answer, Consent, Purpose
from domain.known_customer import KnownCustomer
from store.opening import open_store
from store.schema import CUSTOMERS
from tests.store_support import arrived, contact_id

ONE, AGAIN, OTHER = contact_id(1), contact_id(2), contact_id(3)
BASELINE = Baseline(1, (0.25, -3.5), 8)
ANNA, BERT = "+4930123456", "+4930999999"


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, remember_days=30) as opened:
        await opened.contacts.open(arrived(1, caller=ANNA))
        await opened.contacts.open(arrived(2, caller=ANNA))
        await opened.contacts.open(arrived(3, caller=BERT))
        yield opened


async def rows_of(store):
    async with store.database.reading("all") as connection:
        return (await connection.execute(CUSTOMERS.select())).all()


async def test_who_has_said_nothing_is_not_known(store):
    assert await store.customers.known(ONE) is None
    assert await store.customers.known(contact_id(99)) is None


async def test_an_answer_holds_for_the_next_contact_of_the_same_caller(store):
    await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
    await store.customers.keep_answer(ONE, Purpose.OFFERS, Answer.REFUSED)
    known = KnownCustomer(consent=Consent(emotion=Answer.GRANTED, offers=Answer.REFUSED))
    assert await store.customers.known(AGAIN) == known
    assert await store.customers.known(OTHER) is None


async def test_the_last_word_counts(store):
    await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
    await store.customers.keep_answer(AGAIN, Purpose.EMOTION, Answer.REFUSED)
    known = await store.customers.known(ONE)
    assert known is not None
    assert known.consent == Consent(emotion=Answer.REFUSED)
    assert len(await rows_of(store)) == 1


async def test_a_baseline_is_kept_sealed_of_who_has_agreed(store):
    await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
    await store.customers.keep_baseline(ONE, BASELINE)
    known = await store.customers.known(AGAIN)
    assert known is not None
    assert known.baseline == BASELINE
    (row,) = await rows_of(store)
    assert b"0.25" not in row.baseline
    # Another answer leaves it alone.
    await store.customers.keep_answer(ONE, Purpose.OFFERS, Answer.GRANTED)
    known = await store.customers.known(AGAIN)
    assert known is not None
    assert known.baseline == BASELINE


async def test_nobody_has_a_baseline_who_has_not_agreed(store):
    await store.customers.keep_baseline(ONE, BASELINE)
    assert await rows_of(store) == []
    await store.customers.keep_answer(OTHER, Purpose.EMOTION, Answer.REFUSED)
    await store.customers.keep_baseline(OTHER, BASELINE)
    (row,) = await rows_of(store)
    assert row.baseline is None


async def test_who_refuses_has_his_baseline_forgotten(store):
    await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
    await store.customers.keep_baseline(ONE, BASELINE)
    await store.customers.keep_answer(AGAIN, Purpose.EMOTION, Answer.REFUSED)
    (row,) = await rows_of(store)
    assert row.baseline is None


async def test_a_baseline_copied_to_another_customer_does_not_open(store):
    for whose in (ONE, OTHER):
        await store.customers.keep_answer(whose, Purpose.EMOTION, Answer.GRANTED)
    await store.customers.keep_baseline(ONE, BASELINE)
    stolen = next(row.baseline for row in await rows_of(store) if row.baseline is not None)
    from store.statements import Step

    await store.database.write("theft", Step(CUSTOMERS.update().values(baseline=stolen), ({},)))
    known = await store.customers.known(OTHER)
    assert known is not None
    assert known.baseline is None
    assert known.consent.emotion is Answer.GRANTED


@pytest.mark.parametrize("caller", ["", "anonymous", "restricted"])
async def test_who_hides_is_not_remembered(store, caller):
    await store.contacts.open(arrived(7, caller=caller))
    await store.customers.keep_answer(contact_id(7), Purpose.EMOTION, Answer.GRANTED)
    assert await rows_of(store) == []


async def test_a_customer_is_forgotten_after_a_while(tmp_path, clock):
    async with open_store(tmp_path, clock, remember_days=30) as store:
        await store.contacts.open(arrived(1, caller=ANNA))
        await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.REFUSED)
        clock.tick(29 * 86_400)
        assert await store.customers.known(ONE) is not None
        clock.tick(2 * 86_400)
        assert await store.customers.known(ONE) is None
        assert len(await rows_of(store)) == 1
    async with open_store(tmp_path, clock, remember_days=30) as store:
        assert await rows_of(store) == []


async def test_memory_may_be_switched_off(tmp_path, clock):
    async with open_store(tmp_path, clock, remember_days=30) as store:
        await store.contacts.open(arrived(1, caller=ANNA))
        await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
    clock.tick(1)
    async with open_store(tmp_path, clock) as store:
        assert await rows_of(store) == []
        await store.customers.keep_answer(ONE, Purpose.EMOTION, Answer.GRANTED)
        assert await rows_of(store) == []
        assert await store.customers.known(ONE) is None
