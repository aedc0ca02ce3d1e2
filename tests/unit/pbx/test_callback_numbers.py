"""Which numbers may be called back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.callback import CallbackNumbers
from pbx.callback_numbers import may_call, number_to_call, same_caller

RULES = CallbackNumbers()


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ("+4930123456", "+4930123456"),
        ("+49-30-12 34.56", "+4930123456"),
        ("030123456;phone-context=+49", "030123456"),
        ("anonymous", None),
        ("", None),
        ("+", None),
        ("++49301234", None),
        ("*60", None),
        ("٣٠١٢٣٤٥٦", None),
        ("12345678@evil.example", None),
    ],
)
def test_the_number_that_a_caller_presents(caller, number):
    assert number_to_call(caller) == number


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+4930123456", True),
        ("030123456", True),
        ("13812345678", True),
        ("110", False),
        ("123456", False),
        ("+1234567890123456", False),
        ("+979123456789", False),
        ("00979123456789", False),
        ("979123456789", False),  # As a carrier without plus signs would write it.
        ("9795551234", True),  # A number of Texas, too short to have its country code.
        ("+8816123456789", False),
    ],
)
def test_numbers_by_default(number, may):
    assert may_call(number, RULES) is may


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+4930123456", True),
        ("004930123456", True),
        ("4930123456", False),  # Ten digits may be somebody's national number.
        ("493012345678", True),
        ("030123456", True),
        ("+43123456789", False),
        ("0043123456789", False),  # Not national, though it begins with a zero.
        ("+49900123456", False),
        ("0900123456", False),
    ],
)
def test_numbers_of_one_country(number, may):
    rules = CallbackNumbers(allowed=["+49", "0"], denied=["+49900", "0900"])
    assert may_call(number, rules) is may


def test_spellings_of_one_number():
    assert same_caller("+4930123456789") == same_caller("004930123456789")
    assert same_caller("+4930123456789") == same_caller("4930123456789")
    assert same_caller("030123456") != same_caller("+4930123456")


digits = st.text("0123456789", min_size=1, max_size=18)


@given(number=digits, sign=st.sampled_from(["", "+", "00"]), denied=digits)
def test_what_is_denied_is_denied_in_every_spelling(number, sign, denied):
    rules = CallbackNumbers(digits_min=3, denied=[f"+{denied[:15]}"])
    spelt = f"{sign}{denied[:15]}{number}"
    if sign or (len(spelt) >= 11 and not spelt.startswith("0")):
        assert not may_call(spelt, rules)


@given(number=digits, sign=st.sampled_from(["", "+", "00"]))
def test_length_holds_whatever_else_is_allowed(number, sign):
    rules = CallbackNumbers(digits_min=7, digits_max=9, denied=[])
    if may_call(f"{sign}{number}", rules):
        assert 7 <= len(f"{sign}{number}".removeprefix("00")) <= 9 + (sign == "+")
