"""Who waits to be called back, and how many may."""

from datetime import UTC, datetime

import pytest

from config.callback import Callback as Settings
from domain.callback import CallbackRefusal
from domain.contact import Channel, Contact
from pbx.callback_book import Callback, CallbackBook

AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = Settings(enabled=True, waiting_max=2, calls_per_min=2)


def contact(number: int, caller: str, queue_id: str = "support") -> Contact:
    return Contact(
        contact_id=f"{number:032x}",
        channel=Channel.VOICE,
        queue_id=queue_id,
        language="en",
        arrived_at=AT,
        arrived_s=0.0,
        caller=caller,
    )


def callback(number: int, caller: str, queue_id: str = "support", **more: object) -> Callback:
    made = Callback(contact=contact(number, caller, queue_id), requested_at=AT, expires_s=1_000.0)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def refusal(book: CallbackBook, caller: str, **more: bool) -> CallbackRefusal | None:
    how = {"is_hidden": False, "can_dial": True, **more}
    return book.refusal(contact(99, caller), SETTINGS, **how)


def test_why_a_caller_is_refused():
    book = CallbackBook()
    assert refusal(book, "+4930123456") is None
    assert refusal(book, "+4930123456", is_hidden=True) is CallbackRefusal.HIDDEN
    assert refusal(book, "anonymous") is CallbackRefusal.HIDDEN
    assert refusal(book, "110") is CallbackRefusal.NUMBER
    assert refusal(book, "+4930123456", can_dial=False) is CallbackRefusal.NO_TRUNK


def test_one_callback_for_a_number_and_a_limit_for_a_queue():
    book = CallbackBook()
    book.add(callback(1, "+4930123456789"))
    assert refusal(book, "004930123456789") is CallbackRefusal.WAITING_ALREADY
    assert refusal(book, "+4930999999999") is None
    book.add(callback(2, "+4930999999999"))
    assert refusal(book, "+4930888888888") is CallbackRefusal.QUEUE_LIMIT
    assert book.remove(f"{1:032x}") is not None
    assert book.remove(f"{1:032x}") is None
    assert refusal(book, "004930123456789") is None


def test_a_number_that_waits_in_another_queue():
    book = CallbackBook()
    book.add(callback(1, "+4930123456", "sales"))
    assert refusal(book, "00-49-30-123456") is CallbackRefusal.WAITING_ALREADY
    assert book.of_caller(contact(99, "+4930123456")) is None
    assert book.of_caller(contact(99, "+4930123456", "sales")) is not None


def test_calls_a_minute():
    book = CallbackBook()
    assert book.may_dial("support", SETTINGS, 100.0)
    assert book.may_dial("support", SETTINGS, 110.0)
    assert not book.may_dial("support", SETTINGS, 159.0)
    assert book.may_dial("sales", SETTINGS, 159.0)
    assert book.may_dial("support", SETTINGS, 160.0)
    assert not book.may_dial("support", SETTINGS, 169.0)


def test_what_is_due():
    book = CallbackBook()
    assert book.next_deadline_s() is None
    for each in (
        callback(1, "+4930000001"),
        callback(2, "+4930000002", joins_s=200.0),
        callback(3, "+4930000003", in_call=True, joins_s=100.0),
    ):
        book.add(each)
    assert book.next_deadline_s() == 200.0
    assert book.due(199.0) == []
    assert [int(one.contact.contact_id, 16) for one in book.due(200.0)] == [2]
    assert {int(one.contact.contact_id, 16) for one in book.due(1_000.0)} == {1, 2}


@pytest.mark.parametrize("caller", ["", "anonymous"])
def test_nobody_is_found_without_a_number(caller):
    book = CallbackBook()
    book.add(callback(1, "+4930000001"))
    assert book.of_caller(contact(99, caller)) is None
