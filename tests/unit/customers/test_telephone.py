import pytest

from customers.telephone import Numbers, masked
from domain.customer import Identifier, IdentifierKind
from domain.errors import ConfigurationError


def phone(value: str) -> Identifier:
    return Identifier(IdentifierKind.PHONE, value)


@pytest.mark.parametrize(
    ("written", "region", "kept"),
    [
        ("+49 30 1234567", None, "+49301234567"),
        ("+49 (0)30 1234567", None, "+49301234567"),
        ("0049301234567", None, "+49301234567"),
        ("4930123456", None, "+4930123456"),
        ("030 1234567", "DE", "+49301234567"),
        ("0301234567", "DE", "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        # Without its prefix it is no national number there, but one of another country.
        ("442079460000", "DE", "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        # Where there is no such prefix, ten digits are a national number.
        ("4155550123", "US", "+14155550123"),
        ("14155550123", "US", "+14155550123"),
        ("15592345678", "CN", "+8615592345678"),
        ("15592345678", None, "+15592345678"),
        ("06 12345678", "IT", "+390612345678"),
        ("912345678", "ES", "+34912345678"),
    ],
)
def test_every_writing_has_one_form(written: str, region: str | None, kept: str) -> None:
    numbers = Numbers(region)
    assert numbers.canonical(phone(written)) == phone(kept)
    assert numbers.canonical(phone(kept)) == phone(kept)
    assert numbers.forms(phone(written))[0] == kept
    assert numbers.is_possible(written)


@pytest.mark.parametrize(
    "written", ["1001", "110", "anonymous", "", "+123", "030 1234567", "1" * 99]
)
def test_what_is_no_number_stays_as_it_came(written: str) -> None:
    numbers = Numbers()
    assert numbers.canonical(phone(written)) == phone(written)
    assert numbers.forms(phone(written)) == phone(written).forms()
    assert not numbers.is_possible(written)


def test_an_extension_is_no_number_of_the_region() -> None:
    assert Numbers("DE").canonical(phone("1001")) == phone("1001")


def test_a_number_read_as_national_is_not_found_as_another_countrys() -> None:
    forms = Numbers("CN").forms(phone("15592345678"))
    assert forms == ("+8615592345678", "8615592345678", "15592345678")


def test_a_national_form_is_one_of_the_region_alone() -> None:
    assert "030123456" in Numbers("DE").forms(phone("+4930123456"))
    assert "030123456" not in Numbers("GB").forms(phone("+4930123456"))


def test_other_addresses_stay_as_they_are() -> None:
    for kind in (IdentifierKind.APP, IdentifierKind.MAIL, IdentifierKind.VISITOR):
        other = Identifier(kind, "4930123456")
        assert Numbers("DE").canonical(other) == other
        assert Numbers("DE").forms(other) == other.forms()


def test_a_region_must_be_one() -> None:
    with pytest.raises(ConfigurationError, match="XX"):
        Numbers("XX")


def test_a_mask_keeps_country_and_end() -> None:
    assert masked("+49301234567") == "+49…67"
    assert masked("anonymous") == masked("") == "…"
