"""A cell calls an agent: resolving, forking, cancelling, and every way it can end."""

import pytest

from pbx.edge.flow import Flow
from pbx.edge.post import Send
from tests.edge_support import (
    ANSWER,
    CELL,
    DOMAIN,
    OFFER,
    PHONE_FLOW,
    TRUNK_FLOW,
    CoreBench,
    Ringing,
    cell_flow,
    kinds,
    message,
    response,
)

SECOND_PHONE = Flow("udp", "203.0.113.21", 5064, 0)


def test_an_agent_without_telephone_is_unavailable():
    ringing = Ringing()
    assert [m.status for m in ringing.answers] == [480]
    assert not ringing.phones


def test_nobody_of_that_name():
    bench = CoreBench()
    bench.trunk_call()
    data = message(
        "INVITE", f"sip:+4917099@{DOMAIN}", branch="z9hG4bKc", body=OFFER,
        via="SIP/2.0/UDP {}:{}".format(*CELL), call_id="leg-1",
    )  # fmt: skip
    ((_, answer),) = bench.sent(data, cell_flow())
    assert answer.status == 404


def test_one_telephone_rings_and_answers():
    ringing = Ringing(PHONE_FLOW)
    at_phone = ringing.phones[PHONE_FLOW]
    assert at_phone.uri == "sip:ann@203.0.113.20:5062"
    assert at_phone.get("Contact") == "<sip:warmline@192.0.2.10:5060>"
    assert b"127.0.0.1" not in at_phone.body
    assert b"c=IN IP4 192.0.2.10" in at_phone.body
    assert [m.status for m in ringing.answers] == [100]
    ((to, rings),) = ringing.phone(PHONE_FLOW, 180)
    assert to == cell_flow()
    assert rings.status == 180
    assert rings.get("Contact") == "<sip:peer@127.0.0.1:7000>"
    ((to, ok),) = ringing.phone(PHONE_FLOW, 200, body=OFFER)
    assert to == cell_flow()
    assert ok.status == 200
    ack = ringing.cell("ACK", cseq=1, to_tag="p", branch="z9hG4bKack")
    ((to, at_phone),) = ringing.bench.sent(ack, cell_flow())
    assert to == PHONE_FLOW
    assert at_phone.uri == "sip:ann@192.168.1.7:5062"
    bye = ringing.cell("BYE", cseq=2, to_tag="p", branch="z9hG4bKbye")
    ((to, at_phone),) = ringing.bench.sent(bye, cell_flow())
    assert to == PHONE_FLOW
    assert at_phone.method == "BYE"


def test_the_agent_hangs_up_from_a_new_port_and_is_followed_there():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 200, body=OFFER)
    ringing.bench.sent(ringing.cell("ACK", cseq=1, to_tag="p", branch="z9hG4bKa"), cell_flow())
    moved = PHONE_FLOW._replace(port=6_999)
    info = message(
        "INFO", "sip:warmline@192.0.2.10:5060", branch="z9hG4bKi", cseq=5, call_id="leg-1",
        via="SIP/2.0/UDP 203.0.113.20:5062", from_=f"<sip:ann@{DOMAIN}>;tag=p",
        to=f"<sip:+4930111@{DOMAIN}>;tag=cell",
    )  # fmt: skip
    ((to, at_cell),) = ringing.bench.sent(info, moved)
    assert to == cell_flow()
    ((to, _),) = ringing.bench.sent(response(at_cell, 200), cell_flow())
    assert to == moved
    bye = ringing.cell("BYE", cseq=2, to_tag="p", branch="z9hG4bKbye")
    ((to, _),) = ringing.bench.sent(bye, cell_flow())
    assert to == moved


def test_two_telephones_ring_and_the_first_to_answer_wins():
    ringing = Ringing(PHONE_FLOW, SECOND_PHONE)
    assert set(ringing.phones) == {PHONE_FLOW, SECOND_PHONE}
    ((to, rings),) = ringing.phone(PHONE_FLOW, 180, tag="a")
    assert to == cell_flow()
    assert rings.status == 180
    assert not rings.to_tag
    assert ringing.phone(SECOND_PHONE, 180, tag="b") == []
    sent = ringing.phone(SECOND_PHONE, 200, tag="b", body=OFFER)
    assert kinds(sent) == [(cell_flow(), 200), (PHONE_FLOW, "CANCEL")]
    cancel = sent[1][1]
    assert cancel.values("Via") == ringing.phones[PHONE_FLOW].values("Via")
    assert cancel.uri == ringing.phones[PHONE_FLOW].uri
    assert ringing.bench.sent(response(cancel, 200), PHONE_FLOW) == []
    sent = ringing.phone(PHONE_FLOW, 487, tag="a")
    assert kinds(sent) == [(PHONE_FLOW, "ACK")]


def test_a_second_answer_is_acknowledged_and_ended():
    ringing = Ringing(PHONE_FLOW, SECOND_PHONE)
    ringing.phone(SECOND_PHONE, 200, tag="b", body=OFFER)
    sent = ringing.phone(PHONE_FLOW, 200, tag="a", body=OFFER)
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (PHONE_FLOW, "BYE")]
    bye = sent[1][1]
    assert bye.to_tag == "a"
    assert bye.from_tag == "cell"
    assert bye.cseq == 2
    assert kinds(ringing.phone(PHONE_FLOW, 200, tag="a", body=OFFER)) == [(PHONE_FLOW, "ACK")]
    assert kinds(ringing.bench.pass_s(2.0))[0] == (PHONE_FLOW, "BYE")
    ringing.bench.sent(response(bye, 200), PHONE_FLOW)
    assert (PHONE_FLOW, "BYE") not in kinds(ringing.bench.pass_s(40.0))
    assert ringing.bench.count("answers_too_late") == 1


def test_a_telephone_that_was_cancelled_unheard_is_cancelled_when_it_speaks():
    ringing = Ringing(PHONE_FLOW, SECOND_PHONE)
    ringing.phone(SECOND_PHONE, 200, tag="b", body=OFFER)
    assert kinds(ringing.phone(PHONE_FLOW, 180, tag="a")) == [(PHONE_FLOW, "CANCEL")]


def test_all_refuse_and_the_best_refusal_is_told():
    ringing = Ringing(PHONE_FLOW, SECOND_PHONE)
    assert kinds(ringing.phone(PHONE_FLOW, 404, tag="a")) == [(PHONE_FLOW, "ACK")]
    sent = ringing.phone(SECOND_PHONE, 486, tag="b")
    assert kinds(sent) == [(SECOND_PHONE, "ACK"), (cell_flow(), 486)]


def test_a_refusal_for_all_stops_the_others():
    ringing = Ringing(PHONE_FLOW, SECOND_PHONE)
    ringing.phone(SECOND_PHONE, 180, tag="b")
    sent = ringing.phone(PHONE_FLOW, 603, tag="a")
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (SECOND_PHONE, "CANCEL")]
    sent = ringing.phone(SECOND_PHONE, 487, tag="b")
    assert kinds(sent) == [(SECOND_PHONE, "ACK"), (cell_flow(), 603)]


@pytest.mark.parametrize(("status", "told"), [(302, 480), (407, 403), (401, 403), (503, 500)])
def test_what_a_cell_cannot_use_is_told_otherwise(status, told):
    ringing = Ringing(PHONE_FLOW)
    sent = ringing.phone(PHONE_FLOW, status)
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (cell_flow(), told)]
    assert "Contact" not in sent[1][1].first


def test_a_telephone_that_never_speaks_times_out():
    ringing = Ringing(PHONE_FLOW)
    sent = kinds(ringing.bench.pass_s(31.8))
    assert sent == [(PHONE_FLOW, "INVITE")] * 6
    assert kinds(ringing.bench.pass_s(2.0))[0] == (cell_flow(), 408)


def test_the_cell_cancels_a_ringing_telephone():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    cancel = ringing.cell("CANCEL", cseq=1)
    sent = ringing.bench.sent(cancel, cell_flow())
    assert kinds(sent) == [(cell_flow(), 200), (PHONE_FLOW, "CANCEL")]
    sent = ringing.phone(PHONE_FLOW, 487)
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (cell_flow(), 487)]
    ack = ringing.cell("ACK", cseq=1, to_tag="x")
    assert ringing.bench.receive(ack, cell_flow()) == []


def test_cancelling_a_telephone_that_never_spoke_does_not_keep_the_cell_waiting():
    ringing = Ringing(PHONE_FLOW)
    sent = ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    assert kinds(sent) == [(cell_flow(), 200), (cell_flow(), 487)]
    sent = ringing.phone(PHONE_FLOW, 200, body=OFFER)
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (PHONE_FLOW, "BYE")]


def test_an_answer_that_crosses_the_cancel_is_ended():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    sent = ringing.phone(PHONE_FLOW, 200, body=OFFER)
    assert kinds(sent) == [(cell_flow(), 200)]


def test_a_cancel_that_nobody_answers_is_given_up():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    sent = kinds(ringing.bench.pass_s(33.0))
    assert sent.count((PHONE_FLOW, "CANCEL")) == 10
    assert (cell_flow(), 487) in sent


def test_a_telephone_that_rings_for_ever_is_cancelled():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    assert (PHONE_FLOW, "CANCEL") in kinds(ringing.bench.pass_s(301.0))
    assert ringing.bench.count("legs_rang_too_long") == 2


def test_a_connection_that_breaks_ends_the_ringing():
    flow = Flow("tcp", "203.0.113.20", 40_001, 1)
    ringing = Ringing(flow)
    assert flow in ringing.phones
    actions = ringing.bench.core.flow_closed(flow, ringing.bench.clock.now_s)
    assert [a.flow for a in actions if isinstance(a, Send)] == [cell_flow()]
    assert ringing.bench.core.bindings("ann") == ()


def test_an_answer_with_unusable_sdp_is_ended_and_told():
    ringing = Ringing(PHONE_FLOW)
    sent = ringing.phone(PHONE_FLOW, 200, body=b"v=0\r\nrubbish")
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (PHONE_FLOW, "BYE"), (cell_flow(), 488)]


def test_among_several_telephones_no_reliable_provisionals_are_offered():
    bench = CoreBench()
    for flow in (PHONE_FLOW, SECOND_PHONE):
        bench.register(flow=flow)
    bench.trunk_call()
    data = message(
        "INVITE", f"sip:ann@{DOMAIN}", branch="z9hG4bKc", body=OFFER, call_id="leg-1",
        via="SIP/2.0/UDP {}:{}".format(*CELL), extra=["Supported: 100rel, timer"],
    )  # fmt: skip
    phones = [m for to, m in bench.sent(data, cell_flow()) if to != cell_flow()]
    assert [m.get("Supported") for m in phones] == ["timer", "timer"]


def test_an_agent_on_another_pbx_is_called_there():
    bench = CoreBench()
    bench.trunk_call()
    data = message(
        "INVITE", f"sip:cid@{DOMAIN}", branch="z9hG4bKc", body=OFFER, call_id="leg-1",
        via="SIP/2.0/UDP {}:{}".format(*CELL),
    )  # fmt: skip
    sent = [(to, m) for to, m in bench.sent(data, cell_flow()) if to != cell_flow()]
    ((to, at_pbx),) = sent
    assert to == Flow("udp", "198.51.100.77", 5070, 0)
    assert at_pbx.uri == "sip:cid@198.51.100.77:5070"


def test_a_fork_at_the_other_pbx_with_two_answers():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180, tag="x")
    assert kinds(ringing.phone(PHONE_FLOW, 200, tag="y", body=OFFER)) == [(cell_flow(), 200)]
    sent = ringing.phone(PHONE_FLOW, 200, tag="z", body=ANSWER.replace(b"127.0.0.1", b"10.0.0.1"))
    assert kinds(sent) == [(PHONE_FLOW, "ACK"), (PHONE_FLOW, "BYE")]
    assert sent[1][1].to_tag == "z"


def test_a_telephone_cannot_open_dialogs_without_end():
    ringing = Ringing(PHONE_FLOW)
    for number in range(30):
        ringing.phone(PHONE_FLOW, 180, tag=f"t{number}")
    assert ringing.bench.core.figures().dialogs == 9
    assert ringing.bench.count("dialogs_refused") == 22
    # Whoever answers is heard all the same.
    assert kinds(ringing.phone(PHONE_FLOW, 200, tag="last", body=OFFER)) == [(cell_flow(), 200)]


def test_at_its_limits_the_edge_takes_no_new_call(monkeypatch):
    bench = CoreBench()
    monkeypatch.setattr("pbx.edge.reception.INVITES_MAX", 1)
    bench.trunk_call()
    data = message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bK2", call_id="two", body=OFFER)
    ((_, answer),) = bench.sent(data, TRUNK_FLOW)
    assert (answer.status, answer.reason, answer.get("Retry-After")) == (503, "Full", "5")
    data = message(
        "INVITE", f"sip:ann@{DOMAIN}", branch="z9hG4bK3", body=OFFER, call_id="leg-1",
        via="SIP/2.0/UDP {}:{}".format(*CELL),
    )  # fmt: skip
    ((_, answer),) = bench.sent(data, cell_flow())
    assert answer.status == 503


def test_when_the_table_of_dialogs_is_full_nothing_new_begins():
    bench = CoreBench()
    call = bench.trunk_call()
    bench.core._dialogs._dialogs_max = 0
    assert call.from_cell(180) != []
    assert bench.count("dialogs_refused") == 1
    data = message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bK2", call_id="two", body=OFFER)
    assert [m.status for _, m in bench.sent(data, TRUNK_FLOW)] == [503]
