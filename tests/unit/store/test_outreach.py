from datetime import timedelta

from domain.contact import Channel
from domain.outreach import OutreachRecord, Refused

WHO = "c" * 32


def record(number: int, clock, **rest) -> OutreachRecord:
    given = {
        "outreach_id": f"{number:032x}",
        "template_id": "late",
        "customer_id": WHO,
        "at": clock.utc() + timedelta(seconds=number),
    }
    return OutreachRecord(**{**given, **rest})


async def test_a_key_keeps_its_first_record(store, clock):
    first = record(1, clock, channel=Channel.MAIL, message_id="a" * 32)
    await store.outreach.add("order-4711", first)
    await store.outreach.add("order-4711", record(2, clock))
    assert await store.outreach.find("order-4711") == first
    assert await store.outreach.find("order-4712") is None


async def test_a_customers_records_the_newest_first(store, clock):
    for number in (1, 3, 2):
        await store.outreach.add(f"key {number}", record(number, clock, refused=Refused.NO_CONSENT))
    await store.outreach.add("other", record(9, clock, customer_id="d" * 32))
    found = await store.outreach.of_customer(WHO, limit=2)
    assert [one.outreach_id for one in found] == [f"{number:032x}" for number in (3, 2)]
    assert found[0].refused is Refused.NO_CONSENT
