"""What holds at the edge for every message: parsing, matching, timers, hostile input."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.edge.flow import Flow, branch_of, parse_flow, read_via
from pbx.edge.incoming import read_incoming
from pbx.edge.message import parse, tag_of, write
from pbx.edge.post import Place, Send
from pbx.edge.timers import Agenda
from pbx.edge.transport import Framer
from tests.edge_hostility import run
from tests.edge_support import OFFER, TRUNK_FLOW, CoreBench, message

FEW = settings(deadline=None, max_examples=100, derandomize=True)

tokens = st.text(string.ascii_letters + string.digits + "-.!%*_+`'~", min_size=1, max_size=20)
values = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Zs")),
    min_size=1,
    max_size=30,
)
hosts = st.sampled_from(["192.0.2.1", "pbx1", "host.example.com", "[2001:db8::1]", "a-b.c0m"])
ports = st.integers(1, 65_535)


def test_random_bytes_and_spoiled_messages_do_no_harm():
    report = run(datagrams=2_000, invites=1_000, seed=4)
    assert report.faults == 0
    assert report.left == (0, 0, 0, 0, 0)
    assert report.placed > 20


@FEW
@given(st.lists(st.tuples(tokens, values), max_size=12), st.binary(max_size=60))
def test_what_is_written_is_read_back(lines, body):
    own = [(f"X-{name}", value) for name, value in lines]
    frame = [
        ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
        ("From", "<sip:a@b.example>;tag=1"),
        ("To", "<sip:c@d.example>"),
        ("Call-ID", "x"),
        ("CSeq", "7 INFO"),
    ]
    found = parse(write("INFO sip:x@y.example SIP/2.0", frame + own, body))
    assert found.lacking == ""
    assert found.body == body
    assert found.lines == [*frame, *own, ("Content-Length", str(len(body)))]


@FEW
@given(
    tokens, hosts, st.none() | ports, st.lists(st.tuples(tokens, tokens), max_size=4), st.booleans()
)
def test_a_via_keeps_its_parameters_and_tells_the_way_back(branch, host, port, more, rport):
    own = [
        (name, value) for name, value in more if name.lower() not in ("branch", "rport", "received")
    ]
    text = f"SIP/2.0/UDP {host}" + (f":{port}" if port else "") + f";branch={branch}"
    text += "".join(f";{name}={value}" for name, value in own) + (";rport" if rport else "")
    source = Flow("udp", "203.0.113.9", 40_000, 0)
    via = read_via(text, source)
    assert via.branch == branch == branch_of(via.amended)
    assert via.reply_port == (40_000 if rport else port or 5060)
    assert ("received=203.0.113.9" in via.amended) is True
    assert all(f";{name}={value}" in via.amended for name, value in own)


@FEW
@given(tokens, st.sampled_from(["", "Ann ", '"Ann <x>;tag=no" ', '"a\\"b" ']))
def test_a_tag_is_found_whatever_the_name(tag, name):
    assert tag_of(f"{name}<sip:a@b.example;tag=inner>;x=y;tag={tag}") == tag
    assert tag_of(f"{name}<sip:a@b.example;tag=inner>;x=y") == ""


@FEW
@given(st.sampled_from(["udp", "tcp", "tls"]), st.sampled_from(["192.0.2.1", "2001:db8::1"]), ports)
def test_a_flow_is_read_as_it_was_written(transport, host, port):
    flow = Flow(transport, host, port, 3)
    assert parse_flow(str(flow), 3) == flow


@FEW
@given(tokens, tokens, st.integers(1, 2**31 - 1), st.sampled_from(["z9hG4bK", ""]))
def test_retransmission_ack_and_cancel_have_their_invites_key(branch, call_id, cseq, cookie):
    def key(method, **more):
        data = message(
            method, "sip:800@192.0.2.10", branch=cookie + branch, call_id=call_id, cseq=cseq, **more
        )
        return read_incoming(parse(data), TRUNK_FLOW).key

    invite = key("INVITE")
    assert invite == key("INVITE", body=OFFER)
    assert invite == key("CANCEL")
    assert invite == key("ACK", to="<sip:800@pbx.example.com>;tag=t")
    if cookie:
        assert invite != key("BYE")


@FEW
@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=8))
def test_each_call_takes_one_cell_however_often_it_is_sent(order):
    bench = CoreBench()
    placed = []
    for name in order:
        data = message(
            "INVITE", "sip:800@192.0.2.10", branch=f"z9hG4bK{name}", call_id=name, body=OFFER
        )
        placed += [
            action for action in bench.receive(data, TRUNK_FLOW) if isinstance(action, Place)
        ]
    assert len(placed) == len(set(order))


@FEW
@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_break_the_core_or_leave_for_another_place(data, as_sip):
    bench = CoreBench()
    if as_sip:
        data = b"OPTIONS sip:x@y.example SIP/2.0\r\nVia: " + data
    flow = Flow("udp", "203.0.113.9", 40_000, 0)
    for action in bench.receive(data, flow):
        assert isinstance(action, Send)
        assert action.flow.host == flow.host
    assert bench.count("faults") == 0


@FEW
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=6), st.data())
def test_a_stream_is_cut_where_its_messages_end(bodies, data):
    messages = [
        write("INFO sip:x SIP/2.0", [("Via", "SIP/2.0/TCP h"), ("Call-ID", str(number))], body)
        for number, body in enumerate(bodies)
    ]
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer = Framer(65_535)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[start:end])
    assert found == messages


class _Waking:
    def __init__(self, log):
        self.entry = 0
        self.log = log

    def wake(self, now_s):
        self.log.append((now_s, self))


@FEW
@given(st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(1, 50)), max_size=60))
def test_the_agenda_wakes_each_thing_at_its_last_time(steps):
    agenda = Agenda()
    log: list[tuple[float, _Waking]] = []
    things = [_Waking(log) for _ in range(5)]
    wanted: dict[int, int] = {}
    for number, due in steps:
        agenda.at(due, things[number])
        wanted.pop(number, None)
        if due is not None:
            wanted[number] = due
    assert len(agenda) == len(wanted)
    now = 0.0
    while (due := agenda.next_s()) is not None:
        assert due >= now
        now = due
        agenda.wake(now)
    assert sorted((due, number) for number, due in wanted.items()) == sorted(
        (due, things.index(thing)) for due, thing in log
    )
    assert len(agenda) == 0
