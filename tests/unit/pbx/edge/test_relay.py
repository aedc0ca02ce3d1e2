"""Requests on their way through a dialog: limits, lost answers, bodies that cannot pass."""

from typing import Any

from pbx.edge.timers import LINGER_S
from tests.edge_support import (
    ANSWER,
    OFFER,
    TRUNK_FLOW,
    CoreBench,
    cell_flow,
    kinds,
    message,
    response,
)


def running():
    bench = CoreBench()
    call = bench.trunk_call()
    call.answered()
    return bench, call


def test_the_oldest_request_is_forgotten_at_the_limit():
    bench, call = running()
    bench.core._relay._hops_max = 2
    sent = []
    for number in range(3):
        data = call.request("INFO", branch=f"z9hG4bKi{number}", cseq=number + 2)
        sent += [m for _, m in bench.sent(data, TRUNK_FLOW)]
    assert bench.core.figures().hops == 2
    assert bench.count("hops_forgotten") == 1
    assert bench.sent(response(sent[0], 200), cell_flow()) == []
    ((to, ok),) = bench.sent(response(sent[2], 200), cell_flow())
    assert (to, ok.status) == (TRUNK_FLOW, 200)


def test_a_request_is_forgotten_after_its_linger():
    bench, call = running()
    ((_, at_cell),) = bench.sent(call.request("INFO", branch="z9hG4bKi", cseq=2), TRUNK_FLOW)
    bench.clock.now_s += LINGER_S + 1
    bench.core.wake(bench.clock.now_s)
    assert bench.core.figures().hops == 0
    assert bench.sent(response(at_cell, 200), cell_flow()) == []


def test_an_answer_that_cannot_pass_becomes_a_refusal():
    bench, call = running()
    ((_, at_trunk),) = bench.sent(
        call.cell_request("INVITE", branch="z9hG4bKr", cseq=2, body=ANSWER), cell_flow()
    )
    ((to, refused),) = bench.sent(response(at_trunk, 200, body=b"v=0\r\nx"), TRUNK_FLOW)
    assert (to, refused.status) == (cell_flow(), 488)
    assert bench.count("answers_unusable") == 1


def test_a_provisional_answer_that_cannot_pass_is_dropped():
    bench, call = running()
    ((_, at_trunk),) = bench.sent(
        call.cell_request("INVITE", branch="z9hG4bKr", cseq=2, body=ANSWER), cell_flow()
    )
    assert bench.sent(response(at_trunk, 183, body=b"v=0\r\nx"), TRUNK_FLOW) == []


def test_a_cells_reinvite_carries_our_addresses_and_moves_its_target():
    bench, call = running()
    data = call.cell_request("INVITE", branch="z9hG4bKr", cseq=2, body=ANSWER)
    data = data.replace(b"<sip:127.0.0.1:7101>", b"<sip:hold@127.0.0.1:7101>")
    ((_, at_trunk),) = bench.sent(data, cell_flow())
    assert at_trunk.get("Contact") == "<sip:warmline@192.0.2.10:5060>"
    assert b"127.0.0.1" not in at_trunk.body
    bench.sent(response(at_trunk, 200, contact="<sip:x@198.51.100.5>", body=OFFER), TRUNK_FLOW)
    ack = call.cell_request("ACK", branch="z9hG4bKa", cseq=2)
    assert kinds(bench.sent(ack, cell_flow())) == [(TRUNK_FLOW, "ACK")]
    ((_, info),) = bench.sent(call.request("INFO", branch="z9hG4bKi", cseq=2), TRUNK_FLOW)
    assert info.uri == "sip:hold@127.0.0.1:7101"


def test_an_ack_whose_body_cannot_pass_goes_without_it():
    bench = CoreBench()
    call = bench.trunk_call()
    call.from_cell(200)
    ack = call.request("ACK", branch="z9hG4bKa", cseq=1, body=b"v=0\r\nx")
    ((to, at_cell),) = bench.sent(ack, TRUNK_FLOW)
    assert to == cell_flow()
    assert at_cell.body == b""
    assert bench.count("ack_bodies_dropped") == 1


def test_a_challenge_of_another_pbx_is_a_refusal_for_the_cell():
    bench, call = running()
    ((_, at_trunk),) = bench.sent(call.cell_request("INFO", branch="z9hG4bKi", cseq=2), cell_flow())
    ((_, refused),) = bench.sent(response(at_trunk, 407), TRUNK_FLOW)
    assert refused.status == 403


def test_no_hops_left_inside_a_dialog():
    bench, call = running()
    data = call.request("INFO", branch="z9hG4bKi", cseq=2)
    data = data.replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
    assert kinds(bench.sent(data, TRUNK_FLOW)) == [(TRUNK_FLOW, 483)]


def test_control_characters_do_not_reach_a_cell():
    bench, call = running()
    data = call.request("INFO", branch="z9hG4bKi", cseq=2, extra=["Reason: a\x07b"])
    assert kinds(bench.sent(data, TRUNK_FLOW)) == [(TRUNK_FLOW, 400)]


def test_another_spelling_of_the_parties_is_looked_at():
    bench, _ = running()
    common: dict[str, Any] = {"branch": "z9hG4bKi", "cseq": 2, "contact": None}
    good = message(
        "INFO", "sip:w@h.example", from_='"Karl" <sip:+4930111@carrier.example>;tag=f1',
        to="<sip:800@pbx.example.com>;tag=cell-tag", **common,
    )  # fmt: skip
    assert kinds(bench.sent(good, TRUNK_FLOW)) == [(cell_flow(), "INFO")]
    bad = good.replace(b'"Karl"', b'"Karl').replace(b"z9hG4bKi", b"z9hG4bKj")
    assert kinds(bench.sent(bad, TRUNK_FLOW)) == [(TRUNK_FLOW, 400)]
