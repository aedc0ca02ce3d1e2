"""Via, URIs and next hops."""

import pytest
from sipmessage import URI

from domain.errors import SipError
from pbx.edge.flow import (
    PLACE_CHARS_MAX,
    Flow,
    _known_place,
    branch_of,
    numeric_host,
    parse_flow,
    parse_uri,
    read_via,
    within,
)
from pbx.edge.flow import via_transport as transport_of

SOURCE = Flow("udp", "203.0.113.9", 40_000, 0)


def test_received_and_rport_are_ours_to_write():
    via = read_via("SIP/2.0/UDP 10.0.0.1:5070;rport=1;received=1.2.3.4;branch=z9hG4bKx", SOURCE)
    assert via.amended == (
        "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKx;received=203.0.113.9;rport=40000"
    )
    assert via.sent_by == "10.0.0.1:5070"


def test_without_rport_answers_go_to_the_port_of_the_via():
    via = read_via("SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKx", SOURCE)
    assert via.amended == "SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKx"
    assert via.reply_port == 5060


@pytest.mark.parametrize(
    "value",
    [
        "",
        "SIP/3.0/UDP h",
        "SIP/2.0/UDP h:0",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP h;;",
        "SIP/2.0/UDP a b",
    ],
)
def test_a_bad_via(value):
    with pytest.raises(SipError):
        read_via(value, SOURCE)


@pytest.mark.parametrize(
    ("value", "branch"),
    [
        ("SIP/2.0/UDP h;branch=abc", "abc"),
        ("SIP/2.0/UDP h;rport;branch=abc;x=y", "abc"),
        ("SIP/2.0/UDP h ; Branch = abc", "abc"),
        ("SIP/2.0/UDP h", ""),
    ],
)
def test_branches(value, branch):
    assert branch_of(value) == branch


@pytest.mark.parametrize(
    ("text", "host", "user"),
    [
        ("sip:*60@pbx1", "pbx1", "*60"),
        ("sip:*60@pbx1:5070;transport=tcp", "pbx1", "*60"),
        ("SIP:ann@office.pbx2", "office.pbx2", "ann"),
        ("sip:192.0.2.1", "192.0.2.1", None),
        ("sip:a%40b@example.com", "example.com", "a@b"),
        ("tel:+4930123", "", "+4930123"),
        ("sips:ann@[2001:db8::1]:5061", "[2001:db8::1]", "ann"),
    ],
)
def test_uris(text, host, user):
    uri = parse_uri(text)
    assert (uri.host, uri.user) == (host, user)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "http://x",
        "sip:a@b?c=d",
        "sip:a b@c",
        "sip:a@b:0",
        "sip:a@b:70000",
        "sip:" + "a" * 2000,
        "sip:a@b.example;self=1;self=2",
    ],
)
def test_what_is_no_uri(text):
    with pytest.raises(SipError):
        parse_uri(text)


def test_transports():
    assert transport_of(parse_uri("sip:a@b.example")) == "udp"
    assert transport_of(parse_uri("sip:a@b.example;transport=TCP")) == "tcp"
    assert transport_of(parse_uri("sips:a@b.example")) == "tls"


@pytest.mark.parametrize("text", ["udp", "udp:1.2.3.4", "sctp:1.2.3.4:5060", "udp:1.2.3.4:x"])
def test_what_is_no_flow(text):
    with pytest.raises(SipError):
        parse_flow(text, 0)


def test_names_are_not_numeric_and_lie_nowhere():
    assert numeric_host("[2001:db8::1]") == "2001:db8::1"
    assert numeric_host("pbx1") is None
    assert not within("pbx1", ())


@pytest.mark.parametrize(
    "text",
    ["sip:192.0.2.1", "sip:192.0.2.1:5070", "sip:+49-30_1@192.0.2.1:5070", "sip:a@999.2.3.4"],
)
def test_a_plain_uri_is_read_as_the_library_reads_it(text):
    assert parse_uri(text) == URI.parse(text)


def test_a_long_beginning_of_a_via_is_read_and_not_remembered():
    host = "h" * (PLACE_CHARS_MAX + 1)
    before = _known_place.cache_info()
    via = read_via(f"SIP/2.0/UDP {host};branch=z9hG4bK1", SOURCE)
    assert (via.sent_by, via.branch) == (host, "z9hG4bK1")
    assert _known_place.cache_info() == before
