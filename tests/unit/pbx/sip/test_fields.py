import pytest

from domain.errors import SipError
from pbx.sip.fields import NameAddress, name_addresses, parameters, quote, split_outside_quotes


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"x, y" <sip:a@b>, <sip:c@d;x=1,2>', ['"x, y" <sip:a@b>', "<sip:c@d;x=1,2>"]),
        (r'a="\",", b="\\"', [r'a="\","', r'b="\\"']),
        ("", [""]),
        ("a,,b", ["a", "", "b"]),
        ('"a",', ['"a"', ""]),
    ],
)
def test_a_separator_counts_outside_quotes_and_brackets(value: str, pieces: list[str]) -> None:
    assert split_outside_quotes(value, ",") == pieces


@pytest.mark.parametrize("value", ['a="b', "<sip:a@b", 'a="b\\"', '"', "<"])
def test_an_open_quote_or_bracket_is_refused(value: str) -> None:
    with pytest.raises(SipError, match="open"):
        split_outside_quotes(value, ",")


def test_a_display_name_stands_beside_a_quoted_parameter() -> None:
    value = '"Anna \\"A\\" B" <sip:anna@192.0.2.7;ob>;+sip.instance="<urn:uuid:1,2>";q=0.5'
    assert name_addresses(f"{value}, <sip:b@c>") == [
        NameAddress(
            uri="sip:anna@192.0.2.7;ob",
            name='Anna "A" B',
            parameters={"+sip.instance": "<urn:uuid:1,2>", "q": "0.5"},
        ),
        NameAddress(uri="sip:b@c"),
    ]


def test_without_brackets_parameters_belong_to_the_header() -> None:
    assert name_addresses("sip:a@b;Expires=60 ; self") == [
        NameAddress(uri="sip:a@b", parameters={"expires": "60", "self": ""})
    ]


def test_a_display_name_may_be_tokens() -> None:
    assert name_addresses("Anna B <sip:a@b>")[0].name == "Anna B"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "<>",
        "<sip:a b>",
        "<sip:a@b> x",
        '"A" sip:a@b',
        "sip:a@b\x01",
        "<sip:a@b>;=1",
        "<sip:ä@b>",
        'x"y" <sip:"a@b>',
    ],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(SipError):
        name_addresses(value)


def test_the_first_of_two_parameters_counts() -> None:
    assert parameters(["a=1", "A=2", 'b="x y"']) == {"a": "1", "b": "x y"}


@pytest.mark.parametrize("text", ["", "x", 'a "b" c', "back\\slash", '\\"', "a,b;c"])
def test_reading_undoes_quoting(text: str) -> None:
    assert parameters([f"a={quote(text)}"]) == {"a": text}


def test_hostile_values_take_linear_time() -> None:
    # Each of these keeps a backtracking parser busy for longer than any test run.
    for value in (
        'a="b",' * 5_000 + "[",
        '"' * 9_999,
        "<" * 10_000,
        '"\\' * 5_001,
        " " * 10_000 + '"',
    ):
        with pytest.raises(SipError):
            name_addresses(value)


@pytest.mark.parametrize(
    ("value", "name", "tag"),
    [
        ("<sip:a@b>", "", None),
        ("<sip:a@b>;tag=1.x", "", "1.x"),
        ('"Bob, B." <sip:a@b>;tag=1', "Bob, B.", "1"),
        (r'"\"Bob\"" <sip:a@b>;tag=1', '"Bob"', "1"),
        ("<sip:a@b> ; Tag = 1", "", "1"),
    ],
)
def test_the_plain_forms_and_the_others_are_read_alike(
    value: str, name: str, tag: str | None
) -> None:
    (found,) = name_addresses(value)
    assert (found.uri, found.name, found.parameters.get("tag")) == ("sip:a@b", name, tag)
