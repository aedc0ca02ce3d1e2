"""What makes a request unusable, rule by rule."""

import pytest

from pbx.edge import checks
from pbx.edge.flow import Flow
from pbx.edge.message import parse
from pbx.edge.post import Post
from tests.edge_support import OFFER, CoreBench, message


def request(**changes):
    uri = changes.pop("uri", "sip:800@192.0.2.10")
    method = changes.pop("method", "INVITE")
    changes.setdefault("branch", "z9hG4bK1")
    return parse(message(method, uri, **changes))


def status(fault):
    """Return the status of a refusal; None when there is none."""
    return fault.status if fault else None


@pytest.mark.parametrize(
    ("value", "left"), [("70", 69), ("1", 0), ("0", -1), ("0068", 67), ("256", None), ("x", None)]
)
def test_hops(value, left):
    found = request()
    found.first["Max-Forwards"] = value
    assert checks.hops_left(found) == left


def test_no_max_forwards_is_70():
    found = request()
    del found.first["Max-Forwards"]
    assert checks.hops_left(found) == 69


def test_a_call_id_has_a_limit():
    assert status(checks.syntax_fault(request(call_id="c" * 256))) == 400
    assert checks.syntax_fault(request(call_id="c" * 255)) is None


@pytest.mark.parametrize(
    "value",
    [
        "<sip:a@b.example>, <sip:c@d.example>",
        '"open <sip:a@b.example>',
        "<sip:a@b>" + ";x=" + "y" * 500,
    ],
)
def test_parties_are_one_address_of_bearable_length(value):
    assert status(checks.party_fault(request(to=value))) == 400
    assert status(checks.party_fault(request(from_=value))) == 400


@pytest.mark.parametrize(
    ("uri", "transport", "expected"),
    [
        ("sip:800@h.example", "udp", None),
        ("tel:+4930800", "udp", None),
        ("sips:800@h.example", "tls", None),
        ("sips:800@h.example", "tcp", 416),
        ("mailto:a@b.example", "udp", 416),
        ("sip:" + "8" * 1100, "udp", 414),
        ("sip:800@h.example?a=b", "udp", 400),
        ("800", "udp", 400),
    ],
)
def test_targets(uri, transport, expected):
    fault = checks.target_fault(request(uri=uri), Flow(transport, "192.0.2.1", 5060, 0))
    assert status(fault) == expected


def test_unknown_extensions_are_named():
    found = request(extra=["Require: 100rel, a", "Proxy-Require: b, a"])
    fault = checks.extension_fault(found)
    assert fault
    assert (fault.status, fault.extra) == (420, (("Unsupported", "b, a"),))
    assert checks.extension_fault(request(extra=["Require: timer"])) is None


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([], None),
        (["Accept: application/sdp;level=1, text/html"], None),
        (["Accept: */*"], None),
        (["Accept: text/html"], 406),
        (["Content-Encoding: identity"], None),
        (["Content-Encoding: gzip"], 415),
    ],
)
def test_bodies(extra, expected):
    fault = checks.body_fault(request(body=OFFER, extra=extra))
    assert status(fault) == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["Supported: 100rel, timer", "Session-Expires: 89;refresher=uac"], 422),
        (["Require: timer", "x: 60"], 422),
        (["Supported: timer", "Session-Expires: 90"], None),
        # Who knows no session timer would not understand the 422 (RFC 4028 section 8.1).
        (["Session-Expires: 60"], None),
        (["Supported: timer", "Session-Expires: soon"], None),
        (["Supported: timer"], None),
    ],
)
def test_sessions_are_not_refreshed_too_often(extra, expected):
    fault = checks.session_fault(request(extra=extra))
    assert status(fault) == expected
    assert fault is None or fault.extra == (("Min-SE", "90"),)


@pytest.mark.parametrize("contact", ["<http://x>", "<sip:>", "nonsense", "<sip:a@b.example"])
def test_a_dialog_needs_a_target(contact):
    assert status(checks.dialog_fault(request(contact=contact))) == 400
    assert status(checks.dialog_fault(request(extra=[f"Record-Route: {contact}"]))) == 400
    assert checks.dialog_fault(request(contact=None)) is None


def test_a_request_with_a_branch_of_ours_was_here_before():
    post = Post(names=CoreBench().names, secret=b"k")
    ours = post.branch("call")
    found = request(extra=[f"Via: SIP/2.0/UDP h;branch={ours}"])
    assert status(checks.loop_fault(found, post)) == 482
    assert checks.loop_fault(request(), post) is None
