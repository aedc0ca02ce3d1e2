import pytest

from domain.errors import CellError, LimitExceeded
from pbx.cell import identity


@pytest.mark.parametrize(
    ("display", "caller", "value"),
    [
        ("", "4930", "<sip:4930@host>"),
        ("", "", "<sip:anonymous@host>"),
        ("Anna", "+4930", '"Anna" <sip:+4930@host>'),
        ('A "B" \\', "x", '"A \\"B\\" \\\\" <sip:x@host>'),
        ("王\r\nVia: x", "a b>", '"王Via: x" <sip:a%20b%3E@host>'),
        ("", "ä", "<sip:%C3%A4@host>"),
    ],
)
def test_from_value(display: str, caller: str, value: str) -> None:
    assert identity.from_value(display, caller, "host") == value


def test_long_names_are_cut() -> None:
    value = identity.from_value("d" * 1_000, "u" * 1_000, "host")
    assert value == f'"{"d" * 64}" <sip:{"u" * 64}@host>'


@pytest.mark.parametrize("name", ["", "A B", "A:", "Ä", "A\r\n"])
def test_header_name_must_be_a_token(name: str) -> None:
    with pytest.raises(CellError, match="no token"):
        identity.check_headers({name: "x"})


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\n", "a\0", "\x7f"])
def test_header_value_must_be_one_line(value: str) -> None:
    with pytest.raises(CellError, match="header X-A: a control character"):
        identity.check_headers({"X-A": value})


def test_headers_are_bounded() -> None:
    with pytest.raises(LimitExceeded, match="headers of a call: 17"):
        identity.check_headers({f"X-{index}": "" for index in range(17)})
    with pytest.raises(LimitExceeded, match="header X-A: 1025"):
        identity.check_headers({"X-A": "x" * 1_025})
    identity.check_headers({"P-Asserted-Identity": "<sip:a@b>"})
