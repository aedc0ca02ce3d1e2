"""Messages inside a dialog, hop-by-hop requests, and what strangers try."""

import pytest

from pbx.edge.call import Refusal
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.post import Declined, Place, Send
from tests.edge_support import (
    ANSWER,
    CELL,
    OFFER,
    TRUNK_FLOW,
    CoreBench,
    cell_flow,
    message,
    response,
    sends,
)

STRANGER = Flow("udp", "203.0.113.99", 5060, 0)


def test_a_call_from_invite_to_bye():
    bench = CoreBench()
    call = bench.trunk_call()
    ((to, ringing),) = call.from_cell(180)
    assert (to, ringing.status) == (TRUNK_FLOW, 180)
    ok = call.answered()
    assert ok.get("Contact") == "<sip:warmline@192.0.2.10:5060>"
    assert [value.split(";")[0] for value in ok.values("Via")] == ["SIP/2.0/UDP 198.51.100.5:5060"]
    ((to, bye),) = bench.sent(call.request("BYE", branch="z9hG4bKb", cseq=2), TRUNK_FLOW)
    assert to == cell_flow()
    assert bye.uri == f"sip:127.0.0.1:{CELL[1]}"
    ((to, done),) = bench.sent(response(bye, 200), cell_flow())
    assert to == TRUNK_FLOW
    assert done.status == 200
    bench.pass_s(100.0)
    figures = bench.core.figures()
    assert (figures.invites, figures.dialogs, figures.hops, figures.timers) == (0, 0, 0, 0)


def test_the_cell_ends_the_call():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    ((to, bye),) = bench.sent(call.cell_request("BYE", branch="z9hG4bKb", cseq=9), cell_flow())
    assert to == TRUNK_FLOW
    assert bye.uri == "sip:+4930111@198.51.100.5:5060"
    assert len(bye.values("Via")) == 1
    assert "192.0.2.10:5060" in bye.values("Via")[0]
    ((to, done),) = bench.sent(response(bye, 200), TRUNK_FLOW)
    assert to == cell_flow()
    assert done.status == 200


def test_a_retransmission_keeps_its_branch():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    data = call.request("BYE", branch="z9hG4bKb", cseq=2)
    first, again = bench.receive(data, TRUNK_FLOW), bench.receive(data, TRUNK_FLOW)
    assert first == again != []


def test_requests_inside_go_through_the_callers_proxies():
    bench = CoreBench()
    routes = ["<sip:198.51.100.5:5080;lr>", "<sip:far.carrier.example;lr>"]
    invite = message(
        "INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER,
        extra=[f"Record-Route: {', '.join(routes)}"],
    )  # fmt: skip
    actions = bench.receive(invite, TRUNK_FLOW)
    ((_, at_cell),) = sends(bench.place(actions))
    ok = response(at_cell, 200, tag="t", contact="<sip:127.0.0.1:7101>", body=ANSWER)
    bench.sent(ok, cell_flow())
    bye = message(
        "BYE", "sip:peer@127.0.0.1:7000", branch="z9hG4bKb", call_id="call-1", cseq=3,
        from_="<sip:800@pbx.example.com>;tag=t", to="<sip:+4930111@carrier.example>;tag=f1",
        via="SIP/2.0/UDP 127.0.0.1:7101", contact=None,
    )  # fmt: skip
    ((to, at_trunk),) = bench.sent(bye, cell_flow())
    assert to == TRUNK_FLOW._replace(port=5080)
    assert at_trunk.values("Route") == routes
    assert at_trunk.uri == "sip:+4930111@198.51.100.5:5060"


def test_a_strict_router_gets_its_address_as_the_target():
    bench = CoreBench()
    invite = message(
        "INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER,
        extra=["Record-Route: <sip:198.51.100.5:5080>"],
    )  # fmt: skip
    ((_, at_cell),) = sends(bench.place(bench.receive(invite, TRUNK_FLOW)))
    ok = response(at_cell, 200, tag="t", contact="<sip:127.0.0.1:7101>", body=ANSWER)
    bench.sent(ok, cell_flow())
    ended, actions = bench.core.cell_gone(CELL, bench.clock.now_s)
    assert ended == 1
    assert sends(actions) == []
    ack = message(
        "ACK", "sip:x", branch="z9hG4bKa", to="<sip:800@pbx.example.com>;tag=t", contact=None
    )
    ((to, bye),) = bench.sent(ack, TRUNK_FLOW)
    assert bye.uri == "sip:198.51.100.5:5080"
    assert bye.values("Route") == ["<sip:+4930111@198.51.100.5:5060>"]
    assert to.port == 5080


@pytest.mark.parametrize(("cancels", "status"), [(False, 500), (True, 487)])
def test_a_cell_that_dies_unanswered_ends_the_call_as_its_caller_wanted(cancels, status):
    bench = CoreBench()
    invite = message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER)
    bench.place(bench.receive(invite, TRUNK_FLOW))
    if cancels:
        cancel = message("CANCEL", "sip:800@192.0.2.10", branch="z9hG4bKi", contact=None)
        assert [m.status for _, m in bench.sent(cancel, TRUNK_FLOW)] == [200]
    _, actions = bench.core.cell_gone(CELL, bench.clock.now_s)
    assert [m.status for _, m in sends(actions)] == [status]


def test_a_target_outside_the_trunk_is_not_followed():
    bench = CoreBench()
    invite = message(
        "INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER,
        contact="<sip:x@203.0.113.250:5060>",
    )  # fmt: skip
    ((_, at_cell),) = sends(bench.place(bench.receive(invite, TRUNK_FLOW)))
    ok = response(at_cell, 200, tag="t", contact="<sip:127.0.0.1:7101>", body=ANSWER)
    bench.sent(ok, cell_flow())
    bye = message(
        "BYE", "sip:peer@127.0.0.1:7000", branch="z9hG4bKb", call_id="call-1", cseq=3,
        from_="<sip:800@pbx.example.com>;tag=t", to="<sip:+4930111@carrier.example>;tag=f1",
        via="SIP/2.0/UDP 127.0.0.1:7101", contact=None,
    )  # fmt: skip
    ((to, at_trunk),) = bench.sent(bye, cell_flow())
    assert to == TRUNK_FLOW
    assert at_trunk.uri == "sip:x@203.0.113.250:5060"


def test_a_reinvite_moves_the_callers_target():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    reinvite = call.request(
        "INVITE", branch="z9hG4bKre", cseq=2, body=OFFER, contact="<sip:new@198.51.100.5:5090>"
    )
    ((_, at_cell),) = bench.sent(reinvite, TRUNK_FLOW)
    assert at_cell.get("Contact") == "<sip:peer@127.0.0.1:7000>"
    ok = response(at_cell, 200, contact="<sip:127.0.0.1:7101>", body=ANSWER)
    ((_, at_trunk),) = bench.sent(ok, cell_flow())
    assert at_trunk.status == 200
    bench.sent(call.request("ACK", branch="z9hG4bKack2", cseq=2), TRUNK_FLOW)
    ((to, bye),) = bench.sent(call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow())
    assert bye.uri == "sip:new@198.51.100.5:5090"
    assert to.port == 5090


def test_a_refused_reinvite_is_acknowledged_end_to_end_and_moves_nothing():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    reinvite = call.request(
        "INVITE", branch="z9hG4bKre", cseq=2, body=OFFER, contact="<sip:new@198.51.100.5:5090>"
    )
    ((_, at_cell),) = bench.sent(reinvite, TRUNK_FLOW)
    ((_, refused),) = bench.sent(response(at_cell, 491), cell_flow())
    assert refused.status == 491
    ack = call.request("ACK", branch="z9hG4bKre", cseq=2)
    ((to, at_cell_ack),) = bench.sent(ack, TRUNK_FLOW)
    assert to == cell_flow()
    assert at_cell_ack.method == "ACK"
    assert at_cell_ack.values("Via") == at_cell.values("Via")
    ((_, bye),) = bench.sent(call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow())
    assert bye.uri == "sip:+4930111@198.51.100.5:5060"


def test_a_reinvite_can_be_cancelled():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    reinvite = call.request("INVITE", branch="z9hG4bKre", cseq=2, body=OFFER)
    ((_, at_cell),) = bench.sent(reinvite, TRUNK_FLOW)
    cancel = call.request("CANCEL", branch="z9hG4bKre", cseq=2)
    (to_trunk, ok), (to_cell, cancelled) = bench.sent(cancel, TRUNK_FLOW)
    assert ok.status == 200
    assert to_trunk == TRUNK_FLOW
    assert to_cell == cell_flow()
    assert cancelled.method == "CANCEL"
    assert cancelled.values("Via") == at_cell.values("Via")


def test_a_new_port_of_the_caller_is_believed_and_a_new_address_is_not():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    bye = call.request("BYE", branch="z9hG4bKb", cseq=2)
    ((_, answer),) = bench.sent(bye, STRANGER)
    assert answer.status == 481
    assert bench.count("dialogs_of_another_peer") == 1
    ((to, _),) = bench.sent(bye, TRUNK_FLOW._replace(port=6000))
    assert to == cell_flow()


@pytest.mark.parametrize("change", [{"call_id": "none"}, {"from_": "<sip:x@y.example>;tag=no"}])
def test_a_dialog_that_is_not_known_does_not_exist(change):
    bench = CoreBench()
    bench.trunk_call().answered()
    data = message(
        "BYE", "sip:warmline@192.0.2.10", branch="z9hG4bKb", cseq=2,
        **{"to": "<sip:800@pbx.example.com>;tag=cell-tag", **change},
    )  # fmt: skip
    ((to, answer),) = bench.sent(data, TRUNK_FLOW)
    assert (to, answer.status) == (TRUNK_FLOW, 481)


def test_nobody_is_relayed_to_another_host():
    bench = CoreBench()
    data = message(
        "BYE", "sip:victim@203.0.113.1", branch="z9hG4bKb", to="<sip:v@203.0.113.1>;tag=1",
        extra=["Route: <sip:203.0.113.1;lr>"],
    )  # fmt: skip
    for action in bench.receive(data, STRANGER):
        assert isinstance(action, Send)
        assert action.flow == STRANGER


def test_a_cell_may_not_speak_in_anothers_dialog():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    other = ("127.0.0.1", 7102)
    bench.trunk_call(call_id="call-2", cell=other)
    ((_, answer),) = bench.sent(
        call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow(other)
    )
    assert answer.status == 481
    assert bench.count("dialogs_of_another_cell") == 1


def test_a_response_that_belongs_to_nothing_is_dropped():
    bench = CoreBench()
    call = bench.trunk_call()
    forged = response(call.at_cell, 200, tag="t", contact="<sip:x@203.0.113.1>")
    forged = forged.replace(b"branch=z9hG4bKwe", b"branch=z9hG4bKno")
    assert bench.receive(forged, STRANGER) == []
    assert bench.count("responses_unmatched") == 1


def test_a_response_for_the_cells_leg_from_outside_is_dropped():
    bench = CoreBench()
    call = bench.trunk_call()
    forged = response(call.at_cell, 200, tag="t", contact="<sip:x@203.0.113.1>", body=ANSWER)
    assert bench.receive(forged, STRANGER) == []


def test_an_ack_is_never_answered():
    bench = CoreBench()
    data = message("ACK", "sip:800@192.0.2.10", branch="z9hG4bKq", to="<sip:x@y.example>;tag=1")
    assert bench.receive(data, TRUNK_FLOW) == []


def test_cancel_before_the_cell_is_known_reaches_it_after_the_invite():
    bench = CoreBench()
    invite = message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER)
    actions = bench.receive(invite, TRUNK_FLOW)
    cancel = message("CANCEL", "sip:800@192.0.2.10", branch="z9hG4bKi", contact=None)
    ((_, ok),) = bench.sent(cancel, TRUNK_FLOW)
    assert (ok.status, ok.method) == (200, "CANCEL")
    ((_, at_cell),) = sends(bench.place(actions))
    ((to, cancelled),) = bench.sent(response(at_cell, 100), cell_flow())
    assert to == cell_flow()
    assert cancelled.method == "CANCEL"
    assert bench.receive(response(cancelled, 200), cell_flow()) == []
    (_, ack), (to_trunk, final) = bench.sent(response(at_cell, 487, tag="c"), cell_flow())
    assert ack.method == "ACK"
    assert (to_trunk, final.status) == (TRUNK_FLOW, 487)


def test_a_call_that_was_cancelled_before_no_cell_was_found_for_it():
    bench = CoreBench()
    actions = bench.receive(
        message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER), TRUNK_FLOW
    )
    bench.receive(
        message("CANCEL", "sip:800@192.0.2.10", branch="z9hG4bKi", contact=None), TRUNK_FLOW
    )
    place = next(action for action in actions if isinstance(action, Place))
    refusal = Refusal(status=503, reason="Service Unavailable", retry_after_s=5)
    ((to, final),) = sends(bench.core.placed(place.token, refusal, bench.clock.now_s))
    assert (to, final.status) == (TRUNK_FLOW, 487)


def test_a_cancel_for_nothing():
    bench = CoreBench()
    cancel = message("CANCEL", "sip:800@192.0.2.10", branch="z9hG4bKi", contact=None)
    ((_, answer),) = bench.sent(cancel, TRUNK_FLOW)
    assert answer.status == 481


def test_a_lost_ack_makes_the_answer_come_again():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(200)
    ((to, ok),) = call.from_cell(200)
    assert (to, ok.status) == (TRUNK_FLOW, 200)


def test_bad_sdp_inside_a_dialog_is_refused():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    data = call.request("INVITE", branch="z9hG4bKre", cseq=2, body=b"v=0\r\nrubbish")
    ((_, answer),) = bench.sent(data, TRUNK_FLOW)
    assert answer.status == 488


def test_dtmf_by_info_passes():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    body = b"Signal=5\r\nDuration=160\r\n"
    data = call.request("INFO", branch="z9hG4bKinfo", cseq=2, body=body)
    data = data.replace(b"application/sdp", b"application/dtmf-relay")
    ((_, at_cell),) = bench.sent(data, TRUNK_FLOW)
    assert at_cell.body == body
    assert at_cell.get("Content-Type") == "application/dtmf-relay"


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\x00" * 4, b"hello", b"\xff" * 99])
def test_rubbish_is_dropped(data):
    bench = CoreBench()
    assert bench.receive(data, STRANGER) == []
    assert bench.count("faults") == 0


def test_a_keep_alive_over_a_connection_gets_its_pong():
    bench = CoreBench()
    flow = Flow("tcp", "203.0.113.20", 40_000, 1)
    assert bench.receive(b"\r\n\r\n", flow) == [Send(flow, b"\r\n")]
    assert bench.receive(b"\r\n", flow) == []


def test_a_fault_of_ours_costs_one_message(monkeypatch, caplog):
    bench = CoreBench()
    monkeypatch.setattr("pbx.edge.proxy.read_incoming", lambda *_: 1 / 0)
    data = message("OPTIONS", "sip:192.0.2.10", branch="z9hG4bKo")
    assert bench.receive(data, STRANGER) == []
    assert bench.count("faults") == 1
    assert "dropped by a fault" in caplog.text


def test_over_tcp_everything_goes_back_by_the_same_connection():
    bench = CoreBench()
    flow = Flow("tcp", TRUNK_FLOW.host, 41_234, 1)
    call = bench.trunk_call(flow=flow)
    ok = call.answered()
    assert ok.get("Contact") == "<sip:warmline@192.0.2.10:5060;transport=tcp>"
    ((to, bye),) = bench.sent(call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow())
    assert to == flow
    assert bye.values("Via")[0].startswith("SIP/2.0/TCP 192.0.2.10:5060")


def test_inside_flow_is_udp():
    assert cell_flow().listener == INSIDE


def test_both_ends_read_from_and_to_as_they_know_them():
    bench = CoreBench()
    call = bench.trunk_call()
    ok = response(call.at_cell, 200, tag="cell-tag", contact="<sip:127.0.0.1:7101>", body=ANSWER)
    # PJSIP writes the addresses anew.
    ok = ok.replace(b"From: <sip:+4930111@carrier.example>", b"From: <sip:+4930111@carrier>")
    ok = ok.replace(b"To: <sip:800@pbx.example.com>", b"To: sip:800@pbx")
    ((_, at_trunk),) = bench.sent(ok, cell_flow())
    assert at_trunk.get("From") == "<sip:+4930111@carrier.example>;tag=f1"
    assert at_trunk.get("To") == "<sip:800@pbx.example.com>;tag=cell-tag"
    bye = call.cell_request("BYE", branch="z9hG4bKb", cseq=2).replace(b"pbx.example.com", b"pbx")
    ((_, at_trunk),) = bench.sent(bye, cell_flow())
    assert at_trunk.get("From") == "<sip:800@pbx.example.com>;tag=cell-tag"
    assert at_trunk.get("To") == "<sip:+4930111@carrier.example>;tag=f1"
    ((_, at_cell),) = bench.sent(response(at_trunk, 200), TRUNK_FLOW)
    assert at_cell.get("From") == "<sip:800@pbx>;tag=cell-tag"


@pytest.mark.parametrize(("status", "told"), [(422, True), (487, False)])
def test_call_control_hears_of_a_cell_that_refuses_unless_the_caller_gave_up(status, told):
    bench = CoreBench()
    invite = message("INVITE", "sip:800@192.0.2.10", branch="z9hG4bKi", body=OFFER)
    ((_, at_cell),) = sends(bench.place(bench.receive(invite, TRUNK_FLOW)))
    if not told:
        bench.sent(response(at_cell, 180, tag="t", contact="<sip:127.0.0.1:7101>"), cell_flow())
        cancel = message("CANCEL", "sip:800@192.0.2.10", branch="z9hG4bKi", contact=None)
        bench.sent(cancel, TRUNK_FLOW)
    actions = bench.receive(response(at_cell, status, tag="t"), cell_flow())
    assert (Declined(CELL) in actions) is told
