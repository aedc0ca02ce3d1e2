"""What makes a request unusable, rule by rule."""

import pytest

from pbx.edge import checks
from pbx.edge.flow import Flow
from pbx.edge.message import parse
from tests.edge_support import OFFER, TRUNK_FLOW, message


def request(**changes):
    uri = changes.pop("uri", "sip:800@192.0.2.10")
    method = changes.pop("method", "INVITE")
    changes.setdefault("branch", "z9hG4bK1")
    return parse(message(method, uri, **changes))


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
    assert checks.syntax_fault(request(call_id="c" * 256)).status == 400
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
    assert checks.party_fault(request(to=value)).status == 400
    assert checks.party_fault(request(from_=value)).status == 400


@pytest.mark.parametrize(
    ("uri", "transport", "status"),
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
def test_targets(uri, transport, status):
    fault = checks.target_fault(request(uri=uri), Flow(transport, "192.0.2.1", 5060, 0))
    assert (fault.status if fault else None) == status


def test_unknown_extensions_are_named():
    found = request(extra=["Require: 100rel, a", "Proxy-Require: b, a"])
    fault = checks.extension_fault(found)
    assert (fault.status, fault.extra) == (420, (("Unsupported", "b, a"),))
    assert checks.extension_fault(request(extra=["Require: timer"])) is None


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ([], None),
        (["Accept: application/sdp;level=1, text/html"], None),
        (["Accept: */*"], None),
        (["Accept: text/html"], 406),
        (["Content-Encoding: identity"], None),
        (["Content-Encoding: gzip"], 415),
    ],
)
def test_bodies(extra, status):
    fault = checks.body_fault(request(body=OFFER, extra=extra))
    assert (fault.status if fault else None) == status


@pytest.mark.parametrize("contact", ["<http://x>", "<sip:>", "nonsense", "<sip:a@b.example"])
def test_a_dialog_needs_a_target(contact):
    assert checks.dialog_fault(request(contact=contact)).status == 400
    assert checks.dialog_fault(request(extra=[f"Record-Route: {contact}"])).status == 400
    assert checks.dialog_fault(request(contact=None)) is None


def test_a_stranger_cannot_make_a_branch_of_ours():
    class Nobody:
        def is_ours(self, branch):
            return branch == "ours"

    assert (
        checks.loop_fault(request(extra=["Via: SIP/2.0/UDP h;branch=ours"]), Nobody()).status == 482
    )
    assert checks.loop_fault(request(), Nobody()) is None
    assert TRUNK_FLOW.transport == "udp"
