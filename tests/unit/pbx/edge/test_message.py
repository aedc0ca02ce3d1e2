"""Messages as flat lists of header fields."""

import pytest

from domain.errors import SipError
from pbx.edge.message import HEADER_LINES_MAX, parse

HEAD = (
    "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b.example>;tag=1\r\n"
    "To: <sip:c@d.example>\r\nCall-ID: x\r\nCSeq: 7 INFO\r\n"
)


def request(more="", *, start="INFO sip:x@y.example SIP/2.0", body=b"", head=HEAD):
    return f"{start}\r\n{head}{more}\r\n".encode() + body


def test_compact_folded_and_spaced_fields_are_read():
    found = parse(
        b"INFO sip:x@y.example SIP/2.0\r\nv : SIP/2.0/UDP h\r\nf:<sip:a@b.example>\r\n ;tag=1\r\n"
        b"T: <sip:c@d.example>\r\nI: x\r\ncseq: 7\r\n\t INFO\r\nl: 2\r\n\r\nabc"
    )
    assert found.lacking == ""
    assert (found.call_id, found.cseq, found.from_tag, found.body) == ("x", 7, "1", b"ab")
    assert [name for name, _ in found.lines] == [
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Content-Length",
    ]


def test_empty_lines_before_the_message_are_ignored():
    assert parse(b"\r\n\r\n" + request()).method == "INFO"


def test_a_display_name_in_latin_1_becomes_utf_8():
    data = request().replace(b"<sip:a@", b'"M\xfcller" <sip:a@')
    assert "Müller" in parse(data).get("From")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"INFO sip:x SIP/2.0\r\nVia: h\r\n",
        request(start="INFO"),
        request(start="IN FO"),
        request(start="SIP/2.0 99 No"),
        request(start="SIP/2.0 700 No"),
        request(start="SIP/3.0 200 OK"),
        request(start="IN(FO) sip:x SIP/2.0"),
        request().replace(b"Via", b"Viax"),
        request().replace(b"\r\nTo", b"\nTo"),
        request("X: a\rb\r\n"),
    ],
)
def test_what_cannot_be_answered_is_no_message(data):
    with pytest.raises(SipError):
        parse(data)


@pytest.mark.parametrize(
    ("data", "lacking"),
    [
        (request("nonsense\r\n"), "a line is no header field"),
        (request("To: <sip:e@f.example>\r\n"), "To stands twice"),
        (request("Content-Length: 5\r\n"), "the body is shorter than Content-Length"),
        (request("Content-Length: ٣\r\n"), "Content-Length is no number"),
        (request(head=HEAD.replace("Call-ID: x\r\n", "")), "no Call-ID"),
        (request(head=HEAD.replace("7 INFO", "7 BYE")), "CSeq names another method"),
        (request(head=HEAD.replace("7 INFO", "2147483648 INFO")), "CSeq is not below"),
        (request(start="INFO  sip:x SIP/2.0"), "spaces in the request line"),
        (request(start="INFO sip:x SIP/2.1"), "version SIP/2.1"),
        (request("X: y\r\n" * HEADER_LINES_MAX), "header fields, at most"),
    ],
)
def test_what_can_be_answered_says_what_is_wrong(data, lacking):
    assert lacking in parse(data).lacking


def test_lists_are_split_outside_quotes():
    found = parse(request('Route: "a,b" <sip:x;lr>, <sip:y;lr>\r\nRoute: <sip:z;lr>\r\n'))
    assert found.values("Route") == ['"a,b" <sip:x;lr>', "<sip:y;lr>", "<sip:z;lr>"]


def test_tokens_are_lower_case():
    found = parse(request("Require: 100Rel , timer\r\nRequire: Path\r\n"))
    assert found.tokens("Require") == ["100rel", "timer", "path"]


def test_control_characters_are_noticed():
    assert parse(request("Subject: a\x07b\r\n")).has_controls
    assert not parse(request("Subject: a\tb\r\n")).has_controls
