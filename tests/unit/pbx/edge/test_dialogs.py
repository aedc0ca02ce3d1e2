"""A cell dies, and no telephone is left hanging."""

from pbx.edge.flow import Flow
from tests.edge_support import (
    CELL,
    OFFER,
    PHONE_FLOW,
    TRUNK_FLOW,
    CoreBench,
    Ringing,
    cell_flow,
    kinds,
    message,
    response,
    sends,
)


def died(bench):
    ended, actions = bench.core.cell_gone(CELL, bench.clock.now_s)
    return ended, sends(actions)


def test_a_running_call_gets_its_bye():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    ended, ((to, bye),) = died(bench)
    assert ended == 1
    assert to == TRUNK_FLOW
    assert (bye.method, bye.call_id, bye.cseq) == ("BYE", "call-1", 1)
    assert bye.from_tag == "cell-tag"
    assert bye.to_tag == "f1"
    assert bye.uri == "sip:+4930111@198.51.100.5:5060"
    assert "Reason" in bye.first
    assert bench.count("dialogs_ended_for_cells") == 1
    bench.sent(response(bye, 200), TRUNK_FLOW)
    assert bench.pass_s(100.0) == []
    assert bench.core.figures().dialogs == 0


def test_the_bye_is_one_above_what_the_cell_has_used():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    bench.sent(call.cell_request("INFO", branch="z9hG4bKi", cseq=41), cell_flow())
    _, sent = died(bench)
    assert [m.cseq for _, m in sent if m.method == "BYE"] == [42]


def test_a_bye_that_nobody_answers_is_given_up_and_counted():
    bench = CoreBench()
    bench.trunk_call().answered()
    died(bench)
    assert kinds(bench.pass_s(40.0)) == [(TRUNK_FLOW, "BYE")] * 10
    assert bench.count("partings_unanswered") == 1
    assert bench.core.figures().partings == 0


def test_a_call_that_was_not_answered_gets_500_with_the_cells_tag():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(180)
    ended, ((to, final),) = died(bench)
    assert ended == 1
    assert (to, final.status, final.to_tag) == (TRUNK_FLOW, 500, "cell-tag")
    assert kinds(bench.pass_s(2.0)) == [(TRUNK_FLOW, 500)] * 2
    ack = message("ACK", "sip:800@192.0.2.10", branch="z9hG4bKicall-1", to=final.get("To"))
    bench.receive(ack, TRUNK_FLOW)
    assert bench.pass_s(60.0) == []


def test_an_answer_without_ack_is_repeated_until_the_ack_and_then_ended():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(200)
    ended, sent = died(bench)
    assert ended == 1
    assert sent == []
    assert kinds(bench.pass_s(2.0)) == [(TRUNK_FLOW, 200)] * 2
    ack = call.request("ACK", branch="z9hG4bKack", cseq=1)
    ((to, bye),) = bench.sent(ack, TRUNK_FLOW)
    assert (to, bye.method) == (TRUNK_FLOW, "BYE")


def test_an_answer_whose_ack_never_comes_is_ended_after_32_seconds():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(200)
    died(bench)
    sent = kinds(bench.pass_s(33.0))
    assert sent[-1] == (TRUNK_FLOW, "BYE")
    assert sent.count((TRUNK_FLOW, 200)) >= 9


def test_a_ringing_telephone_stops_ringing():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    ended, sent = died(ringing.bench)
    assert ended == 2
    assert (PHONE_FLOW, "CANCEL") in kinds(sent)
    assert (TRUNK_FLOW, 500) in kinds(sent)
    assert kinds(ringing.phone(PHONE_FLOW, 487)) == [(PHONE_FLOW, "ACK")]


def test_a_telephone_that_answers_too_late_is_ended():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    died(ringing.bench)
    assert kinds(ringing.phone(PHONE_FLOW, 200, body=OFFER)) == [
        (PHONE_FLOW, "ACK"),
        (PHONE_FLOW, "BYE"),
    ]


def test_an_agents_answer_that_the_cell_has_not_acknowledged():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 200, body=OFFER)
    _, sent = died(ringing.bench)
    to_phone = [m for to, m in sent if to == PHONE_FLOW]
    assert [(m.method, m.cseq) for m in to_phone] == [("ACK", 1), ("BYE", 2)]
    assert kinds(ringing.phone(PHONE_FLOW, 200, body=OFFER)) == [(PHONE_FLOW, "ACK")]


def test_both_legs_of_a_bridged_call_end():
    ringing = Ringing(PHONE_FLOW)
    bench = ringing.bench
    ringing.phone(PHONE_FLOW, 200, body=OFFER)
    bench.sent(ringing.cell("ACK", cseq=1, to_tag="p", branch="z9hG4bKa"), cell_flow())
    ended, sent = died(bench)
    assert ended == 2
    assert (PHONE_FLOW, "BYE") in kinds(sent)


def test_the_edge_plays_the_dead_cells_part_to_the_end():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    died(bench)
    ((_, ok),) = bench.sent(call.request("BYE", branch="z9hG4bKb", cseq=2), TRUNK_FLOW)
    assert ok.status == 200
    ((_, no),) = bench.sent(call.request("INFO", branch="z9hG4bKi", cseq=3), TRUNK_FLOW)
    assert no.status == 481


def test_a_request_the_cell_left_open_is_answered():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    bench.sent(call.request("INVITE", branch="z9hG4bKre", cseq=2, body=OFFER), TRUNK_FLOW)
    _, sent = died(bench)
    assert kinds(sent) == [(TRUNK_FLOW, 500), (TRUNK_FLOW, "BYE")]


def test_a_bye_of_a_cell_that_left_is_taken_over():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    ((_, bye),) = bench.sent(call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow())
    ended, ((to, again),) = died(bench)
    assert ended == 0
    assert to == TRUNK_FLOW
    assert again.values("Via") == bye.values("Via")
    assert again.cseq == bye.cseq
    assert kinds(bench.pass_s(1.0)) == [(TRUNK_FLOW, "BYE")]
    bench.sent(response(bye, 200), TRUNK_FLOW)
    assert bench.pass_s(50.0) == []


def test_a_cell_that_is_gone_is_no_longer_believed():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    died(bench)
    assert bench.receive(call.cell_request("BYE", branch="z9hG4bKb", cseq=2), cell_flow()) == []
    assert bench.count("inside_strangers") == 1


def test_a_new_cell_on_the_same_port_is_not_ended_for_the_old_one():
    bench = CoreBench()
    bench.trunk_call().answered()
    died(bench)
    bench.trunk_call(call_id="call-2").answered()
    assert bench.core.figures().dialogs == 2
    ended, sent = died(bench)
    assert ended == 1
    assert [m.call_id for _, m in sent] == ["call-2"]


def test_a_cell_gone_twice_ends_nothing_twice():
    bench = CoreBench()
    bench.trunk_call().answered()
    died(bench)
    assert died(bench) == (0, [])


def test_over_tcp_the_bye_goes_by_the_connection_once():
    bench = CoreBench()
    flow = Flow("tcp", TRUNK_FLOW.host, 41_000, 1)
    bench.trunk_call(flow=flow).answered()
    _, ((to, _),) = died(bench)
    assert to == flow
    assert bench.pass_s(100.0) == []
