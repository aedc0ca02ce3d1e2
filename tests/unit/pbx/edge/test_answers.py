"""Responses that the edge writes itself."""

from pbx.edge.answers import answer, phrase
from pbx.edge.message import parse
from tests.edge_support import message

OPTIONS = parse(message("OPTIONS", "sip:h.example", branch="z9hG4bK1"))


def test_an_answer_has_what_the_request_had_and_a_tag():
    found = parse(answer(OPTIONS, ["SIP/2.0/UDP h"], 200, to_tag="t", extra=[("Allow", "INVITE")]))
    assert (found.status, found.reason, found.to_tag) == (200, "OK", "t")
    assert found.get("CSeq") == "1 OPTIONS"
    assert found.get("Allow") == "INVITE"
    assert found.values("Via") == ["SIP/2.0/UDP h"]


def test_a_tag_is_never_changed():
    request = parse(
        message("BYE", "sip:h.example", branch="z9hG4bK1", to="<sip:a@b.example>;tag=x")
    )
    assert parse(answer(request, ["SIP/2.0/UDP h"], 481, to_tag="t")).to_tag == "x"


def test_trying_has_no_tag():
    assert parse(answer(OPTIONS, ["SIP/2.0/UDP h"], 100, to_tag="t")).to_tag == ""


def test_every_status_has_words():
    assert phrase(486) == "Busy Here"
    assert phrase(499) == "Bad Request"
    assert phrase(299) == "OK"
