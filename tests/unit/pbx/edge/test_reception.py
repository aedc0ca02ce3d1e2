"""New calls and registrations at the edge's core."""

from typing import Any

import pytest

from pbx.edge.call import Refusal
from pbx.edge.flow import Flow
from pbx.edge.post import Place, Reach, Save
from tests.edge_support import (
    CELL,
    DOMAIN,
    OFFER,
    PASSWORDS,
    PHONE_FLOW,
    TRUNK_FLOW,
    CoreBench,
    cell_flow,
    credentials,
    message,
    response,
    sends,
    sip_settings,
    trunk,
)

STRANGER = Flow("udp", "203.0.113.99", 5060, 0)


def invite(uri="sip:800@192.0.2.10", **more):
    more.setdefault("branch", "z9hG4bKone")
    more.setdefault("body", OFFER)
    return message("INVITE", uri, **more)


def test_a_trunks_invite_is_tried_at_once_and_placed():
    bench = CoreBench()
    actions = bench.receive(
        invite(extra=['P-Asserted-Identity: "Karl" <sip:+4917012345@carrier.example>']), TRUNK_FLOW
    )
    ((flow, trying),) = sends(actions)
    assert (flow, trying.status) == (TRUNK_FLOW, 100)
    (place,) = [action for action in actions if isinstance(action, Place)]
    call = place.call
    assert (call.origin, call.trunk_id, call.agent_id) == ("trunk", "carrier", None)
    assert (call.dialled, call.caller, call.display_name) == ("800", "+4917012345", "Karl")


def test_a_cell_sees_one_via_our_contact_and_a_guarded_body():
    call = CoreBench().trunk_call()
    at_cell = call.at_cell
    assert at_cell.uri == f"sip:800@127.0.0.1:{CELL[1]}"
    assert len(at_cell.values("Via")) == 1
    assert at_cell.values("Via")[0].startswith("SIP/2.0/UDP 127.0.0.1:7000;")
    assert at_cell.get("Contact") == "<sip:peer@127.0.0.1:7000>"
    assert at_cell.get("Max-Forwards") == "69"
    assert b"m=audio 40000" in at_cell.body
    assert b"ptime" in at_cell.body


def test_a_cell_never_sees_a_field_it_does_not_know():
    bench = CoreBench()
    actions = bench.receive(
        invite(extra=["X-Evil: " + "a" * 5000, "Replaces: x;to-tag=1;from-tag=2"]), TRUNK_FLOW
    )
    ((_, at_cell),) = sends(bench.place(actions))
    assert "X-Evil" not in at_cell.first
    assert "Replaces" not in at_cell.first


def test_a_retransmitted_invite_takes_no_second_cell():
    bench = CoreBench()
    first = bench.receive(invite(), TRUNK_FLOW)
    again = bench.receive(invite(), TRUNK_FLOW)
    assert [m.status for _, m in sends(again)] == [100]
    assert not [a for a in again if isinstance(a, Place)]
    bench.place(first)
    assert [m.status for _, m in bench.sent(invite(), TRUNK_FLOW)] == [100]


def test_the_same_request_by_another_way_is_merged():
    bench = CoreBench()
    bench.receive(invite(), TRUNK_FLOW)
    ((_, answer),) = bench.sent(invite(branch="z9hG4bKother"), TRUNK_FLOW)
    assert answer.status == 482


def test_a_refusal_is_sent_until_it_is_acknowledged():
    bench = CoreBench()
    actions = bench.receive(invite(), TRUNK_FLOW)
    (place,) = [a for a in actions if isinstance(a, Place)]
    refusal = Refusal(status=503, reason="No Cell", retry_after_s=7)
    ((_, final),) = sends(bench.core.placed(place.token, refusal, bench.clock.now_s))
    assert (final.status, final.reason, final.get("Retry-After")) == (503, "No Cell", "7")
    assert [m.status for _, m in bench.pass_s(4.0)] == [503, 503, 503]
    ack = message(
        "ACK", "sip:800@192.0.2.10", branch="z9hG4bKone", to=final.get("To"), contact=None
    )
    assert bench.receive(ack, TRUNK_FLOW) == []
    assert bench.pass_s(60.0) == []
    assert bench.core.figures().invites == 0


def test_a_refusal_that_nobody_acknowledges_is_given_up():
    bench = CoreBench()
    actions = bench.receive(invite(), TRUNK_FLOW)
    (place,) = [a for a in actions if isinstance(a, Place)]
    bench.core.placed(place.token, Refusal(status=486, reason="Busy"), bench.clock.now_s)
    assert len(bench.pass_s(100.0)) == 10
    assert bench.count("refusals_unacknowledged") == 1
    assert bench.core.figures().invites == 0


def test_over_a_connection_a_refusal_is_sent_once():
    bench = CoreBench()
    flow = Flow("tcp", TRUNK_FLOW.host, 40_000, 1)
    actions = bench.receive(invite(via=f"SIP/2.0/TCP {TRUNK_FLOW.host}:40000"), flow)
    (place,) = [a for a in actions if isinstance(a, Place)]
    bench.core.placed(place.token, Refusal(status=486, reason="Busy"), bench.clock.now_s)
    assert bench.pass_s(100.0) == []


def test_a_stranger_is_challenged_whatever_he_dials():
    answers = set()
    for number, dialled in enumerate(("800", "999", "ann", "*60")):
        bench = CoreBench()
        data = invite(f"sip:{dialled}@192.0.2.10", branch=f"z9hG4bK{number}")
        ((flow, answer),) = bench.sent(data, STRANGER)
        assert flow == STRANGER
        answers.add((answer.status, len(answer.values("Proxy-Authenticate"))))
    assert len(answers) == 1
    assert answers.pop()[0] == 407


def test_an_agent_calls_with_his_password():
    bench = CoreBench()
    uri = "sip:*60@pbx.example.com"
    common: dict[str, Any] = {
        "from_": "<sip:101@pbx.example.com>;tag=a",
        "via": "SIP/2.0/UDP 203.0.113.20:5062",
    }
    ((_, challenge),) = bench.sent(invite(uri, **common), PHONE_FLOW)
    assert challenge.status == 407
    line = credentials(
        challenge, method="INVITE", uri=uri, username="101", password=PASSWORDS["101"]
    )
    actions = bench.receive(
        invite(uri, branch="z9hG4bKtwo", cseq=2, extra=[line], **common), PHONE_FLOW
    )
    (place,) = [a for a in actions if isinstance(a, Place)]
    assert (place.call.origin, place.call.agent_id, place.call.dialled) == ("agent", "ann", "*60")


def test_wrong_passwords_end_in_a_ban():
    bench = CoreBench()
    uri = "sip:800@pbx.example.com"
    for number in range(10):
        common = {"cseq": 2 * number + 1, "call_id": f"c{number}"}
        ((_, challenge),) = bench.sent(invite(uri, branch=f"z9hG4bKa{number}", **common), STRANGER)
        line = credentials(challenge, method="INVITE", uri=uri, username="ann", password="guess")
        bench.receive(invite(uri, branch=f"z9hG4bKb{number}", extra=[line], **common), STRANGER)
        bench.clock.now_s += 1
    assert bench.sent(invite(uri, branch="z9hG4bKlast"), STRANGER) == []


def test_a_trunk_by_digest():
    entry = trunk(
        addresses=[], digest={"username": "carrier", "password": {"env": "TEST_TRUNK_PASSWORD"}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_TRUNK_PASSWORD", "tp")
        bench = CoreBench(trunks=[entry])
    uri = "sip:800@pbx.example.com"
    ((_, challenge),) = bench.sent(invite(uri), TRUNK_FLOW)
    line = credentials(challenge, method="INVITE", uri=uri, username="carrier", password="tp")
    actions = bench.receive(invite(uri, branch="z9hG4bKb", cseq=2, extra=[line]), TRUNK_FLOW)
    (place,) = [a for a in actions if isinstance(a, Place)]
    assert place.call.trunk_id == "carrier"


def test_a_scanner_gets_silence():
    bench = CoreBench()
    data = message(
        "OPTIONS", "sip:100@192.0.2.10", branch="z9hG4bKs", extra=["User-Agent: friendly-scanner"]
    )
    assert bench.receive(data, STRANGER) == []


def test_a_number_that_is_not_the_trunks_is_not_found():
    bench = CoreBench()
    ((_, answer),) = bench.sent(invite("sip:900123@192.0.2.10"), TRUNK_FLOW)
    assert answer.status == 404


def test_a_trunk_has_no_more_calls_than_it_may():
    bench = CoreBench(trunks=[trunk(calls_max=1)])
    call = bench.trunk_call()
    second = invite(branch="z9hG4bKtwo", call_id="call-2")
    ((_, answer),) = bench.sent(second, TRUNK_FLOW)
    assert (answer.status, answer.get("Retry-After")) == (503, "1")
    call.answered()
    bench.sent(call.request("BYE", branch="z9hG4bKbye", cseq=2), TRUNK_FLOW)
    third = bench.receive(invite(branch="z9hG4bKthree", call_id="call-3"), TRUNK_FLOW)
    assert [a for a in third if isinstance(a, Place)]


def test_a_call_that_was_refused_counts_no_longer():
    bench = CoreBench(trunks=[trunk(calls_max=1)])
    call = bench.trunk_call()
    call.from_cell(486)
    again = bench.receive(invite(branch="z9hG4bKtwo", call_id="call-2"), TRUNK_FLOW)
    assert [a for a in again if isinstance(a, Place)]


def test_while_draining_new_calls_are_refused():
    bench = CoreBench()
    bench.core.draining = True
    options = message("OPTIONS", "sip:192.0.2.10", branch="z9hG4bKo")
    for data in (invite(), options):
        ((_, answer),) = bench.sent(data, TRUNK_FLOW)
        assert (answer.status, answer.get("Retry-After")) == (503, "30")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"uri": "http://800@192.0.2.10"}, 416),
        ({"uri": "sips:800@192.0.2.10"}, 416),
        ({"extra": ["Require: nothingIsThere"]}, 420),
        ({"extra": ["Proxy-Require: sec-agree"]}, 420),
        ({"extra": ["Content-Encoding: gzip"]}, 415),
        ({"extra": ["Accept: text/plain"]}, 406),
        ({"body": b"v=0\r\nnonsense"}, 488),
        ({"uri": "sip:192.0.2.10"}, 404),
    ],
)
def test_what_cannot_be_served_is_refused_before_a_cell_is_taken(change, status):
    bench = CoreBench()
    actions = bench.receive(invite(**change), TRUNK_FLOW)
    assert [m.status for _, m in sends(actions)] == [status]
    assert not [a for a in actions if isinstance(a, Place)]


def test_no_hops_left():
    bench = CoreBench()
    data = invite().replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
    ((_, answer),) = bench.sent(data, TRUNK_FLOW)
    assert answer.status == 483


def test_a_request_that_was_here_before_is_a_loop():
    call = CoreBench().trunk_call()
    ours = call.at_cell.values("Via")[0]
    bench = call.bench
    data = invite(branch="z9hG4bKlater", call_id="other", extra=[f"Via: {ours}"])
    ((_, answer),) = bench.sent(data, TRUNK_FLOW)
    assert answer.status == 482


def test_options_are_answered_by_the_edge():
    bench = CoreBench()
    ((_, answer),) = bench.sent(message("OPTIONS", "sip:192.0.2.10", branch="z9hG4bKo"), STRANGER)
    assert answer.status == 200
    assert "INVITE" in answer.get("Allow")


@pytest.mark.parametrize(("method", "status"), [("PUBLISH", 405), ("BYE", 481), ("INFO", 481)])
def test_other_methods_outside_a_dialog(method, status):
    bench = CoreBench()
    ((_, answer),) = bench.sent(message(method, "sip:192.0.2.10", branch="z9hG4bKm"), TRUNK_FLOW)
    assert answer.status == status


def test_an_invite_without_offer_is_taken():
    bench = CoreBench()
    actions = bench.receive(invite(body=b""), TRUNK_FLOW)
    ((_, at_cell),) = sends(bench.place(actions))
    assert at_cell.body == b""
    assert "Content-Type" not in at_cell.first


def test_registering_makes_an_agent_reachable():
    bench = CoreBench()
    uri = f"sip:{DOMAIN}"
    contact = "<sip:ann@192.168.1.7:5062>"
    common: dict[str, Any] = {
        "from_": f"<sip:ann@{DOMAIN}>;tag=r",
        "to": f"<sip:ann@{DOMAIN}>",
        "contact": contact,
        "via": "SIP/2.0/UDP 192.168.1.7:5062",
    }
    ((flow, challenge),) = bench.sent(
        message("REGISTER", uri, branch="z9hG4bK1", **common), PHONE_FLOW
    )
    assert flow == PHONE_FLOW
    via = challenge.values("Via")[0]
    assert "received=203.0.113.20" in via
    assert "rport=5062" in via
    line = credentials(
        challenge, method="REGISTER", uri=uri, username="ann", password=PASSWORDS["ann"]
    )
    actions = bench.receive(
        message("REGISTER", uri, branch="z9hG4bK2", cseq=2, extra=[line], **common), PHONE_FLOW
    )
    assert Reach("ann", True) in actions
    assert any(isinstance(a, Save) and a.agent_id == "ann" for a in actions)
    ((_, ok),) = sends(actions)
    assert ok.status == 200
    assert contact in ok.get("Contact")
    (binding,) = bench.core.bindings("ann")
    assert binding.flow == "udp:203.0.113.20:5062"


def test_nobody_registers_for_another():
    bench = CoreBench()
    uri = f"sip:{DOMAIN}"
    common: dict[str, Any] = {"to": f"<sip:bob@{DOMAIN}>", "contact": "<sip:a@192.168.1.7>"}
    ((_, challenge),) = bench.sent(
        message("REGISTER", uri, branch="z9hG4bK1", **common), PHONE_FLOW
    )
    line = credentials(
        challenge, method="REGISTER", uri=uri, username="ann", password=PASSWORDS["ann"]
    )
    data = message("REGISTER", uri, branch="z9hG4bK2", cseq=2, extra=[line], **common)
    ((_, answer),) = bench.sent(data, PHONE_FLOW)
    assert answer.status == 403


def test_a_binding_that_expires_makes_the_agent_unreachable():
    bench = CoreBench()
    bench.register()
    bench.clock.now_s += 400
    actions = bench.core.wake(bench.clock.now_s)
    assert Reach("ann", False) in actions


def test_a_registered_telephone_on_a_trunks_address_is_a_telephone():
    bench = CoreBench()
    flow = TRUNK_FLOW._replace(port=5099)
    bench.register(flow=flow)
    ((_, answer),) = bench.sent(invite("sip:*60@pbx.example.com"), flow)
    assert answer.status == 407


def test_what_comes_from_no_known_cell_is_not_heard():
    bench = CoreBench()
    data = message("INVITE", f"sip:ann@{DOMAIN}", branch="z9hG4bKx")
    assert bench.receive(data, cell_flow(("127.0.0.1", 7999))) == []
    assert bench.count("inside_strangers") == 1


def test_a_message_too_large_for_a_cell_is_refused():
    bench = CoreBench()
    extra = [f"Allow-Events: {'x' * 480}" for _ in range(9)]
    actions = bench.receive(invite(extra=extra), TRUNK_FLOW)
    ((_, answer),) = sends(bench.place(actions))
    assert answer.status == 513


def test_media_is_told_to_the_advertised_address_outside_and_to_ours_within():
    settings = sip_settings(advertised_address="192.0.2.200", local_networks=["198.51.100.0/24"])
    bench = CoreBench(settings=settings, media_address="192.0.2.201")
    local = bench.trunk_call().answered()
    assert b"c=IN IP4 192.0.2.10" in local.body
    assert local.get("Contact") == "<sip:warmline@192.0.2.10:5060>"
    bench = CoreBench(
        settings=sip_settings(advertised_address="192.0.2.200"), media_address="192.0.2.201"
    )
    far = bench.trunk_call().answered()
    assert b"c=IN IP4 192.0.2.201" in far.body
    assert b"127.0.0.1" not in far.body
    assert far.get("Contact") == "<sip:warmline@192.0.2.200:5060>"


def test_a_peer_sees_nothing_of_the_loopback():
    ok = CoreBench().trunk_call().answered()
    text = "\r\n".join(f"{name}: {value}" for name, value in ok.lines)
    assert "127.0.0.1" not in text


def test_record_routes_of_the_callers_proxies_come_back_to_him():
    bench = CoreBench()
    route = "<sip:proxy.carrier.example;lr>"
    actions = bench.receive(invite(extra=[f"Record-Route: {route}"]), TRUNK_FLOW)
    ((_, at_cell),) = sends(bench.place(actions))
    assert "Record-Route" not in at_cell.first
    answer = response(at_cell, 180, tag="c", contact="<sip:127.0.0.1:7101>")
    ((_, ringing),) = bench.sent(answer, cell_flow())
    assert ringing.values("Record-Route") == [route]
