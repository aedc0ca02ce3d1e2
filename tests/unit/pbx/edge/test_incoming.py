"""Which way a request came, and what its retransmissions have in common with it."""

import pytest

from pbx.edge.flow import Flow
from pbx.edge.incoming import read_incoming
from pbx.edge.message import parse
from tests.edge_support import message

SOURCE = Flow("udp", "203.0.113.9", 40_000, 0)


def read(method="INVITE", *, flow=SOURCE, **changes):
    changes.setdefault("branch", "z9hG4bK1")
    return read_incoming(parse(message(method, "sip:800@h.example", **changes)), flow)


def test_answers_go_back_through_the_nat():
    incoming = read(via="SIP/2.0/UDP 10.0.0.1:5060")
    assert incoming.back == SOURCE
    assert "received=203.0.113.9;rport=40000" in incoming.vias[0]


def test_answers_go_back_by_the_connection():
    flow = Flow("tcp", "203.0.113.9", 40_000, 1)
    assert read(flow=flow, via="SIP/2.0/TCP 10.0.0.1:5060").back == flow


@pytest.mark.parametrize("via", ["SIP/3.0/UDP h", "nonsense", "SIP/2.0/UDP a b"])
def test_a_via_that_cannot_be_read_is_answered_where_it_came_from(via):
    incoming = read(via=via)
    assert incoming.message.lacking
    assert incoming.back == SOURCE


def test_one_branch_for_several_calls_is_told_apart():
    assert read(call_id="a").key != read(call_id="b").key
    assert read(cseq=1).key != read(cseq=2).key


def test_a_client_of_rfc_2543_is_matched_by_its_fields():
    first = read(branch="1")
    assert first.key == read(branch="1").key
    assert first.key != read(branch="1", from_="<sip:x@y.example>;tag=2").key
