"""One leg of a forwarded INVITE, where `test_invites` does not look."""

from tests.edge_support import (
    OFFER,
    PHONE_FLOW,
    TRUNK_FLOW,
    CoreBench,
    Ringing,
    cell_flow,
    kinds,
    response,
)


def test_a_cell_that_says_nothing_gets_its_invite_again_and_then_the_caller_is_told():
    bench = CoreBench()
    bench.trunk_call()
    sent = kinds(bench.pass_s(33.0))
    assert sent.count((cell_flow(), "INVITE")) == 6
    assert (TRUNK_FLOW, 408) in sent
    assert bench.count("legs_unanswered") == 1


def test_a_cell_that_answers_after_that_is_not_heard():
    bench = CoreBench()
    call = bench.trunk_call()
    bench.pass_s(33.0)
    assert call.from_cell(200) == []
    assert bench.core.figures().dialogs == 0


def test_a_provisional_answer_stops_the_repetition():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(100)
    assert bench.pass_s(30.0) == []


def test_a_refusal_that_comes_again_is_acknowledged_again():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 486)
    assert kinds(ringing.phone(PHONE_FLOW, 486)) == [(PHONE_FLOW, "ACK")]


def test_the_acknowledgement_of_a_refusal_is_the_invites_own():
    ringing = Ringing(PHONE_FLOW)
    at_phone = ringing.phones[PHONE_FLOW]
    (_, ack), _ = ringing.phone(PHONE_FLOW, 486)
    assert ack.values("Via") == at_phone.values("Via")
    assert (ack.uri, ack.call_id, ack.cseq) == (at_phone.uri, at_phone.call_id, at_phone.cseq)
    assert ack.to_tag == "p"


def test_over_a_connection_the_invite_is_sent_once():
    flow = PHONE_FLOW._replace(transport="tcp", listener=1)
    ringing = Ringing(flow)
    assert (flow, "INVITE") not in kinds(ringing.bench.pass_s(31.0))


def test_early_dialogs_of_a_leg_that_timed_out_are_forgotten():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    ringing.bench.pass_s(500.0)
    ringing.bench.core.cell_gone(("127.0.0.1", 7101), ringing.bench.clock.now_s)
    ringing.bench.pass_s(100.0)
    figures = ringing.bench.core.figures()
    assert (figures.invites, figures.dialogs, figures.timers) == (0, 0, 0)


def test_a_cancel_is_sent_once():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    assert (PHONE_FLOW, "CANCEL") not in kinds(ringing.phone(PHONE_FLOW, 180))
    again = ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    assert kinds(again) == [(cell_flow(), 200)]


def test_an_answer_to_the_cancel_is_for_the_edge():
    ringing = Ringing(PHONE_FLOW)
    ringing.phone(PHONE_FLOW, 180)
    sent = ringing.bench.sent(ringing.cell("CANCEL", cseq=1), cell_flow())
    cancel = sent[1][1]
    assert ringing.bench.sent(response(cancel, 200), PHONE_FLOW) == []
    assert OFFER.startswith(b"v=0")
