from datetime import date

import pytest

from domain.customer import Customer, Identifier, IdentifierKind, Purchase
from domain.customer_form import FIELDS, read_change, read_number
from domain.errors import CustomerMistake


def change_of(**told):
    return read_change({"number": "1", **told})


def test_text_and_json_say_the_same():
    text = change_of(
        phones="+49 30 1234; 030/99",
        value="3",
        profiling="no",
        purchases="2026-01-02 router 49.90",
        preferences="call=mornings; paper = no",
        open_tickets=" 7 ",
    )
    json = change_of(
        phones=["+49 30 1234", "030/99"],
        value=3,
        profiling=False,
        purchases=[{"date": "2026-01-02", "product": "router", "amount": 49.9}],
        preferences={"call": "mornings", "paper": "no"},
        open_tickets=7,
    )
    assert text == json
    assert text.fields["purchases"] == (Purchase(date(2026, 1, 2), "router", 49.9),)


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_nothing_sets_a_field_back(nothing):
    change = change_of(**{name: nothing for name in FIELDS if name != "number"})
    known = Customer(customer_id="c", number="1", name="Ana", value=5, profiling=False)
    assert change.applied_to(known) == Customer(customer_id="c", number="1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", ""),
        ("number", "x" * 64),
        ("number", 7),
        ("number", "a\nb"),
        ("name", "x" * 201),
        ("name", ["Ana"]),
        ("name", "\ud800"),
        ("value", "0"),
        ("value", 6),
        ("value", True),
        ("value", "٣"),
        ("value", 3.0),
        ("language", "english"),
        ("language", "e"),
        ("region", "x" * 64),
        ("profiling", "perhaps"),
        ("profiling", 2),
        ("open_tickets", -1),
        ("open_tickets", 1001),
        ("phones", "call me"),
        ("phones", [49]),
        ("phones", ";".join(f"+49{number}00" for number in range(21))),
        ("mails", "ana"),
        ("app_ids", "a b"),
        ("app_ids", 12),
        ("preferences", "call mornings"),
        ("preferences", {"call": 9}),
        ("preferences", {str(number): "" for number in range(21)}),
        ("purchases", "yesterday router"),
        ("purchases", "2026-01-02"),
        ("purchases", [{"date": "2026-01-02"}]),
        ("purchases", ["2026-01-02 router -1"]),
        ("purchases", [{"date": "2026-01-02", "product": "x", "amount": float("nan")}]),
        ("purchases", [{"date": "2026-01-02", "product": "x", "amount": 10**400}]),
        ("purchases", 7),
    ],
)
def test_what_cannot_be_used_is_named_with_what_is_allowed(field, value):
    with pytest.raises(CustomerMistake) as caught:
        change_of(**{field: value})
    assert caught.value.field.partition(".")[0] == field
    assert caught.value.allowed
    assert len(caught.value.value) <= 40


def test_all_identifiers_together_are_bounded():
    with pytest.raises(CustomerMistake, match="21 of them"):
        change_of(phones=[f"+49{number}00" for number in range(20)], mails="a@b")


def test_a_number_is_needed_unless_an_address_tells():
    with pytest.raises(CustomerMistake):
        read_change({"value": 2})
    assert read_change({"value": 2, "number": None}, needs_number=False).number == ""
    assert read_number(" C-1 ") == "C-1"


def test_an_identifier_has_one_canonical_form():
    phone = Identifier(IdentifierKind.PHONE, "+49 (30) 12-34")
    assert phone.forms() == ("+49301234", "49301234", "+49 (30) 12-34")
    assert Identifier(IdentifierKind.PHONE, "+49301234").forms() == ("+49301234", "49301234")
    assert Identifier(IdentifierKind.MAIL, "Ana@Example.ORG").forms() == ("ana@example.org",)
    assert Identifier(IdentifierKind.APP, "Ana").forms() == ("Ana",)


def test_no_name_is_in_a_customers_repr():
    customer = change_of(name="Ana Geheim", phones=["+4930123456"]).applied_to(
        Customer(customer_id="c")
    )
    assert "Geheim" not in repr(customer)
    assert "123456" not in repr(customer)
