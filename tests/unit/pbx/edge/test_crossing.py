"""What changes in a message that crosses the edge."""

import pytest

from domain.errors import SipError
from pbx.edge.crossing import (
    CELL_MESSAGE_BYTES_MAX,
    body_inward,
    body_outward,
    request_inward,
    request_outward,
    response_inward,
)
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.message import parse
from tests.edge_support import ANSWER, OFFER, TRUNK_FLOW, CoreBench, message, response

NAMES = CoreBench().names
LOCAL = Flow("udp", "127.0.0.1", 5060, 0)


def invite(**changes):
    changes.setdefault("body", OFFER)
    return parse(message("INVITE", "sip:800@h.example", branch="z9hG4bK1", **changes))


def test_a_loopback_address_is_believed_from_the_loopback_alone():
    loopback = OFFER.replace(b"203.0.113.20", b"127.0.0.1")
    assert body_inward(invite(body=loopback), LOCAL)[1]
    with pytest.raises(SipError):
        body_inward(invite(body=loopback), TRUNK_FLOW)


def test_a_body_is_guarded_once():
    found = invite()
    first = body_inward(found, TRUNK_FLOW)
    assert found.body_guarded
    assert body_inward(found, TRUNK_FLOW) == first


@pytest.mark.parametrize(
    ("kind", "size", "passes"),
    [
        ("application/dtmf-relay", 30, True),
        ("application/dtmf-relay", 1_001, False),
        ("application/x-other", 30, False),
    ],
)
def test_other_bodies(kind, size, passes):
    found = invite(body=b"x" * size)
    found.first["Content-Type"] = kind
    if passes:
        assert body_inward(found, TRUNK_FLOW) == ([("Content-Type", kind)], b"x" * size)
    else:
        with pytest.raises(SipError):
            body_inward(found, TRUNK_FLOW)


def test_media_addresses_are_ours_on_the_way_out():
    ok = parse(response(invite(), 200, tag="t", body=ANSWER))
    _, body = body_outward(ok, NAMES, TRUNK_FLOW)
    assert b"c=IN IP4 192.0.2.10\r\n" in body
    assert b"127.0.0.1" not in body


def test_what_is_too_long_for_a_cell_does_not_reach_it():
    found = invite(extra=[f"User-Agent: {'x' * 490}" for _ in range(9)])
    with pytest.raises(SipError, match=str(CELL_MESSAGE_BYTES_MAX)):
        request_inward(found, uri="sip:c", via="v", contact="<sip:p>", hops=69, flow=TRUNK_FLOW)


def test_passwords_and_routes_stay_at_the_edge():
    found = invite(extra=["Proxy-Authorization: Digest x", "Route: <sip:r;lr>", "X-Queue: sales"])
    flow = Flow("udp", "203.0.113.20", 5062, 0)
    out = parse(
        request_outward(
            found, uri="sip:ann@203.0.113.20", via="SIP/2.0/UDP h;branch=b", routes=[],
            parties=("<sip:a@h>;tag=1", "<sip:b@h>"),
            contact="<sip:w@h>", hops=69, names=NAMES, flow=flow,
        )
    )  # fmt: skip
    assert "Proxy-Authorization" not in out.first
    assert "Route" not in out.first
    assert out.get("X-Queue") == "sales"
    assert out.get("Contact") == "<sip:w@h>"


def test_a_cell_reads_our_reason_phrases():
    answer = parse(
        response(invite(), 486, tag="t").replace(b"486 X", b"486 \xd0\xbd\xd0\xb5\xd1\x82")
    )
    found = parse(
        response_inward(
            answer,
            request=invite(),
            vias=["SIP/2.0/UDP h;branch=b"],
            contact="<sip:p>",
            flow=TRUNK_FLOW,
        )
    )
    assert found.reason == "Busy Here"
    assert found.values("Via") == ["SIP/2.0/UDP h;branch=b"]


def test_an_invite_without_contact_gets_ours():
    data = request_inward(
        invite(contact=None),
        uri="sip:c",
        via="SIP/2.0/UDP h",
        contact="<sip:p>",
        hops=1,
        flow=TRUNK_FLOW,
    )
    assert parse(data).get("Contact") == "<sip:p>"
    assert INSIDE == -1
