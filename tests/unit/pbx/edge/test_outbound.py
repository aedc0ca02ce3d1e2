"""Calls out by a trunk, as the edge makes them."""

import pytest

from domain.errors import LimitExceeded, NotKnown
from pbx.edge import outbound
from pbx.edge.flow import Flow
from pbx.edge.message import Message, parse
from pbx.edge.outbound import EXPECTED_S
from pbx.edge.post import Place, Send
from tests.edge_support import (
    CELL,
    DOMAIN,
    OFFER,
    TRUNK_HOST,
    CoreBench,
    cell_flow,
    kinds,
    message,
    response,
    trunk,
)

CARRIER = Flow("udp", TRUNK_HOST, 5080, 0)
ANOTHER_CELL = ("127.0.0.1", 7999)
CHALLENGE = 'Proxy-Authenticate: Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'


def dialling(monkeypatch=None, **more) -> CoreBench:
    out: dict[str, object] = {"uri": f"sip:{{number}}@{TRUNK_HOST}:5080;transport=udp"}
    if monkeypatch is not None:
        monkeypatch.setenv("OUT", "secret")
        out["digest"] = {"username": "me", "password": {"env": "OUT"}}
    bench = CoreBench(trunks=[trunk(outbound=out, **more)])
    bench.core.cell_known(CELL)
    return bench


class Called:
    """A cell that has called a customer by a trunk."""

    def __init__(self, bench: CoreBench, number: str = "+4930111") -> None:
        self.bench = bench
        self.word = bench.core.trunk_calls.expect(CELL, "carrier", number, bench.clock.now_s)
        self.sent = bench.sent(self.cell("INVITE", cseq=7, body=OFFER), cell_flow())
        self.invite = self.last("INVITE")

    def last(self, method: str) -> Message:
        return [one for flow, one in self.sent if flow == CARRIER and one.method == method][-1]

    def cell(self, method, *, cseq, to_tag="", branch="z9hG4bKout", **more) -> bytes:
        return message(
            method,
            f"sip:{self.word}@{DOMAIN}",
            branch=branch,
            cseq=cseq,
            via="SIP/2.0/UDP {}:{}".format(*CELL),
            from_=f"<sip:4930800@{DOMAIN}>;tag=cell",
            to=f"<sip:{self.word}@{DOMAIN}>" + (f";tag={to_tag}" if to_tag else ""),
            call_id="leg-out",
            contact="<sip:{}:{}>".format(*CELL),
            **more,
        )

    def tells(self, data: bytes) -> None:
        self.sent = self.bench.sent(data, cell_flow())

    def carrier(self, status: int, *, to: Message | None = None, **more) -> None:
        answered = to or self.invite
        data = response(answered, status, tag="far", contact=f"<sip:x@{TRUNK_HOST}:5080>", **more)
        self.sent = self.bench.sent(data, CARRIER)


def test_the_carrier_sees_the_number_and_nothing_of_the_word():
    call = Called(dialling())
    assert call.invite.uri == f"sip:+4930111@{TRUNK_HOST}:5080;transport=udp"
    assert call.invite.get("To") == f"<sip:+4930111@{TRUNK_HOST}:5080>"
    assert call.invite.get("From") == f"<sip:4930800@{DOMAIN}>;tag=cell"
    assert call.invite.cseq == 7
    assert call.word not in str(call.invite.lines) + call.invite.uri
    assert "100rel" not in call.invite.get("Supported")


def test_a_dialog_goes_on_as_the_carrier_knows_it():
    call = Called(dialling())
    call.carrier(200, body=OFFER)
    ((to, ok),) = call.sent
    assert (to, ok.status, ok.get("CSeq")) == (cell_flow(), 200, "7 INVITE")
    assert ok.get("To") == f"<sip:{call.word}@{DOMAIN}>;tag=far"
    call.tells(call.cell("ACK", cseq=7, to_tag="far", branch="z9hG4bKack"))
    assert call.last("ACK").get("To") == f"<sip:+4930111@{TRUNK_HOST}:5080>;tag=far"
    call.tells(call.cell("BYE", cseq=8, to_tag="far", branch="z9hG4bKbye"))
    bye = call.last("BYE")
    assert (bye.cseq, bye.get("To")) == (8, f"<sip:+4930111@{TRUNK_HOST}:5080>;tag=far")


def test_a_word_is_good_once_soon_and_for_its_cell():
    bench = dialling()
    calls, now_s = bench.core.trunk_calls, bench.clock.now_s
    word = calls.expect(CELL, "carrier", "+4930111", now_s)
    assert calls.take(ANOTHER_CELL, word, now_s) is None
    assert calls.take(CELL, word, now_s) is not None
    assert calls.take(CELL, word, now_s) is None
    late = calls.expect(CELL, "carrier", "+4930111", now_s)
    assert calls.take(CELL, late, now_s + EXPECTED_S) is None


def test_a_cell_cannot_dial_a_number():
    bench = dialling()
    data = Called.cell.__get__(_Word("+4930111"))("INVITE", cseq=1, body=OFFER)
    assert kinds(bench.sent(data, cell_flow())) == [(cell_flow(), 404)]


class _Word:
    def __init__(self, word: str) -> None:
        self.word = word


def test_what_cannot_be_announced(monkeypatch):
    bench = dialling()
    calls, now_s = bench.core.trunk_calls, bench.clock.now_s
    with pytest.raises(NotKnown, match="trunk that can dial out 'nobody'"):
        calls.expect(CELL, "nobody", "1", now_s)
    with pytest.raises(NotKnown):
        CoreBench().core.trunk_calls.expect(CELL, "carrier", "1", now_s)
    monkeypatch.setattr(outbound, "EXPECTED_MAX", 2)
    calls.expect(CELL, "carrier", "1", now_s)
    calls.expect(CELL, "carrier", "2", now_s)
    with pytest.raises(LimitExceeded):
        calls.expect(CELL, "carrier", "3", now_s)
    calls.expect(CELL, "carrier", "3", now_s + EXPECTED_S)


def test_a_trunk_has_as_many_calls_as_it_may():
    bench = dialling(calls_max=1)
    first = Called(bench)
    second = Called.__new__(Called)
    second.bench = bench
    second.word = bench.core.trunk_calls.expect(CELL, "carrier", "+4930222", bench.clock.now_s)
    data = second.cell("INVITE", cseq=1, body=OFFER, branch="z9hG4bKtwo")
    data = data.replace(b"Call-ID: leg-out", b"Call-ID: leg-two")
    assert kinds(bench.sent(data, cell_flow())) == [(cell_flow(), 503)]
    first.carrier(486)
    word = bench.core.trunk_calls.expect(CELL, "carrier", "+4930222", bench.clock.now_s)
    second.word = word
    data = second.cell("INVITE", cseq=1, body=OFFER, branch="z9hG4bKthree")
    data = data.replace(b"Call-ID: leg-out", b"Call-ID: leg-three")
    assert (CARRIER, "INVITE") in kinds(bench.sent(data, cell_flow()))


def test_a_call_of_a_dead_cell_counts_no_longer():
    bench = dialling(calls_max=1)
    Called(bench)
    bench.core.cell_gone(CELL, bench.clock.now_s)
    assert bench.core._admission.figures().calls == {"carrier": 0}


def test_a_password_is_given_to_whom_asks(monkeypatch):
    call = Called(dialling(monkeypatch))
    first = call.invite
    assert "Proxy-Authorization" not in first.first
    call.carrier(407, extra=[CHALLENGE])
    assert [kind for _, kind in kinds(call.sent)] == ["ACK", "INVITE"]
    ack, second = call.last("ACK"), call.last("INVITE")
    assert (ack.cseq, ack.get("From")) == (7, first.get("From"))
    assert (second.cseq, second.call_id) == (8, first.call_id)
    assert second.get("Via") != first.get("Via")
    assert second.get("Proxy-Authorization").startswith('Digest username="me", realm="carrier"')
    call.carrier(200, to=second, body=OFFER)
    ((to, ok),) = call.sent
    assert (to, ok.get("CSeq")) == (cell_flow(), "7 INVITE"), "the cell knows of one INVITE"
    call.tells(call.cell("ACK", cseq=7, to_tag="far", branch="z9hG4bKack"))
    acked = call.last("ACK")
    assert acked.cseq == 8
    assert acked.get("Proxy-Authorization") == second.get("Proxy-Authorization")
    call.tells(call.cell("BYE", cseq=8, to_tag="far", branch="z9hG4bKbye"))
    bye = call.last("BYE")
    assert bye.cseq == 9
    assert "nc=00000002" in bye.get("Proxy-Authorization")
    call.carrier(200, to=bye)
    ((_, done),) = call.sent
    assert done.get("CSeq") == "8 BYE"


def test_the_cell_dies_after_a_challenge(monkeypatch):
    call = Called(dialling(monkeypatch))
    call.carrier(407, extra=[CHALLENGE])
    call.carrier(200, to=call.last("INVITE"), body=OFFER)
    call.tells(call.cell("ACK", cseq=7, to_tag="far", branch="z9hG4bKack"))
    _, actions = call.bench.core.cell_gone(CELL, call.bench.clock.now_s)
    (bye,) = [parse(one.data) for one in actions if isinstance(one, Send)]
    assert (bye.method, bye.cseq) == ("BYE", 9)
    assert "Proxy-Authorization" in bye.first


def test_a_cancel_names_the_second_invite(monkeypatch):
    call = Called(dialling(monkeypatch))
    call.carrier(407, extra=[CHALLENGE])
    second = call.last("INVITE")
    call.carrier(180, to=second)
    call.tells(call.cell("CANCEL", cseq=7))
    cancel = call.last("CANCEL")
    assert (cancel.cseq, cancel.get("Via")) == (8, second.get("Via"))
    assert (cancel.get("From"), cancel.get("To")) == (second.get("From"), second.get("To"))


@pytest.mark.parametrize("asks", [CHALLENGE, 'Proxy-Authenticate: Basic realm="x"'])
def test_a_challenge_that_cannot_be_answered_ends_the_call(monkeypatch, asks):
    call = Called(dialling(monkeypatch if "Basic" in asks else None))
    call.carrier(407, extra=[asks])
    assert kinds(call.sent) == [(CARRIER, "ACK"), (cell_flow(), 403)]


def test_a_carrier_that_asks_for_ever(monkeypatch):
    call = Called(dialling(monkeypatch))
    for _ in range(outbound.CHALLENGES_MAX):
        call.carrier(407, to=call.last("INVITE"), extra=[CHALLENGE])
    call.carrier(407, to=call.last("INVITE"), extra=[CHALLENGE])
    assert kinds(call.sent)[-1] == (cell_flow(), 403)


def test_a_challenge_that_comes_twice_is_acknowledged_twice(monkeypatch):
    call = Called(dialling(monkeypatch))
    first = call.invite
    call.carrier(407, extra=[CHALLENGE])
    call.carrier(407, to=first, extra=[CHALLENGE])
    assert kinds(call.sent) == [(CARRIER, "ACK")]


def test_a_name_is_called_when_it_is_known():
    out = {"uri": "sip:{digits}@carrier.example"}
    bench = CoreBench(trunks=[trunk(outbound=out)])
    calls, now_s = bench.core.trunk_calls, bench.clock.now_s
    assert calls.hosts_to_resolve() == [("carrier", "carrier.example")]
    word = calls.expect(CELL, "carrier", "+4930111", now_s)
    call = calls.take(CELL, word, now_s)
    assert call is not None
    assert call.target is None
    calls.set_host("carrier", "198.51.100.9")
    call = calls.take(CELL, calls.expect(CELL, "carrier", "+4930111", now_s), now_s)
    assert call is not None
    assert call.target == (Flow("udp", "198.51.100.9", 5060, 0), "sip:4930111@carrier.example")
    calls.reload([trunk()])
    with pytest.raises(NotKnown):
        calls.expect(CELL, "carrier", "+4930111", now_s)


@pytest.mark.parametrize(
    ("extra", "from_", "hidden"),
    [
        ((), "<sip:+4930111@carrier.example>;tag=f", False),
        (("Privacy: id",), "<sip:+4930111@carrier.example>;tag=f", True),
        (("Privacy: critical; user",), "<sip:+4930111@carrier.example>;tag=f", True),
        (("Privacy: none",), "<sip:+4930111@carrier.example>;tag=f", False),
        ((), "<sip:Anonymous@carrier.example>;tag=f", True),
        ((), "<sip:c8oqz84zk7z@anonymous.invalid>;tag=f", True),
        (
            ("P-Asserted-Identity: <sip:+4930111@carrier.example>",),
            '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=f',
            True,
        ),
    ],
)
def test_a_caller_who_wants_to_be_hidden_is(extra, from_, hidden):
    bench = CoreBench()
    data = message(
        "INVITE", "sip:800@pbx.example.com", branch="z9hG4bKh", body=OFFER, from_=from_, extra=extra
    )
    placed = bench.receive(data, Flow("udp", TRUNK_HOST, 5060, 0))
    (call,) = [one.call for one in placed if isinstance(one, Place)]
    assert call.is_hidden is hidden
