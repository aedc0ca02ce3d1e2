"""The agents' telephones: where to ring, and what changes that."""

import pytest

from config.schema import AgentEntry
from pbx.edge.flow import Flow
from pbx.edge.post import Reach
from tests.edge_support import (
    CELL,
    DOMAIN,
    OFFER,
    PHONE_FLOW,
    CoreBench,
    Ringing,
    agents,
    cell_flow,
    message,
)

TCP = Flow("tcp", "203.0.113.20", 40_001, 1)


def target_of(bench, agent_id):
    """Return the only place where an agent is rung."""
    (target,) = bench.core._phones.targets(agent_id) or []
    return target


def named(agent_id, **changes):
    return AgentEntry.model_validate(
        {"id": agent_id, "name": agent_id, "extension": "150", **changes}
    )


def test_a_name_in_a_fixed_contact_is_reachable_once_it_is_resolved():
    bench = CoreBench(entries=[named("dan", contact="sip:dan@pbx.other.example:5070")])
    phones = bench.core._phones
    assert phones.targets("dan") == []
    bench.core.set_fixed("dan", "198.51.100.8", bench.clock.monotonic_s())
    assert Reach("dan", True) in bench.core.wake(bench.clock.now_s)
    target = target_of(bench, "dan")
    assert target.flow == Flow("udp", "198.51.100.8", 5070, 0)
    assert target.uri == "sip:dan@pbx.other.example:5070"
    bench.core.set_fixed("dan", None, bench.clock.monotonic_s())
    assert Reach("dan", False) in bench.core.wake(bench.clock.now_s)


@pytest.mark.parametrize(
    ("contact", "flow"),
    [
        ("sip:dan@198.51.100.8", Flow("udp", "198.51.100.8", 5060, 0)),
        ("sip:dan@198.51.100.8;transport=tcp", Flow("tcp", "198.51.100.8", 5060, 1)),
        ("sip:dan@198.51.100.8;transport=tls", Flow("tls", "198.51.100.8", 5061, 2)),
    ],
)
def test_a_fixed_contact_says_how_it_is_reached(contact, flow):
    bench = CoreBench(entries=[named("dan", contact=contact)])
    target = target_of(bench, "dan")
    assert target.flow == flow


def test_an_agent_who_is_gone_is_unbound():
    bench = CoreBench()
    bench.register()
    actions = bench.core.reload([], agents()[1:], ["800"], bench.clock.now_s)
    assert Reach("ann", False) in actions
    assert bench.core.bindings("ann") == ()
    assert bench.core._phones.targets("ann") is None


def test_an_agent_with_a_fixed_contact_may_not_register():
    bench = CoreBench()
    bench.register()
    fixed = agents()[0].model_copy(update={"contact": "sip:ann@198.51.100.9"})
    bench.core.reload([], [fixed], ["800"], bench.clock.now_s)
    with pytest.raises(AssertionError, match="Forbidden"):
        bench.register(call_id="again")


def test_stored_bindings_of_unknown_agents_are_not_loaded():
    bench = CoreBench()
    bench.register()
    stored = bench.core.bindings("ann")
    other = CoreBench(entries=agents()[1:])
    other.clock.now_s = bench.clock.now_s
    assert other.core.load_bindings(stored) == []
    again = CoreBench()
    assert Reach("ann", True) in again.core.load_bindings(stored)
    assert again.core.keep_alive_flows() == [PHONE_FLOW]


def test_a_binding_is_rung_by_the_socket_it_came_in():
    settings_flow = PHONE_FLOW._replace(listener=0)
    bench = CoreBench()
    bench.register(flow=settings_flow)
    target = target_of(bench, "ann")
    assert target.flow == settings_flow


def test_a_telephone_that_lost_its_connection_is_followed_to_its_next():
    ringing = Ringing(TCP)
    bench = ringing.bench
    ringing.phone(TCP, 200, body=OFFER)
    bench.sent(ringing.cell("ACK", cseq=1, to_tag="p", branch="z9hG4bKa"), cell_flow())
    bench.core.flow_closed(TCP, bench.clock.now_s)
    renewed = TCP._replace(port=40_777)
    bench.register(flow=renewed)
    bye = ringing.cell("BYE", cseq=2, to_tag="p", branch="z9hG4bKb")
    ((to, _),) = bench.sent(bye, cell_flow())
    assert to == renewed


def test_a_telephone_that_moved_and_registered_may_speak_in_its_dialog():
    ringing = Ringing(PHONE_FLOW)
    bench = ringing.bench
    ringing.phone(PHONE_FLOW, 200, body=OFFER)
    moved = Flow("udp", "198.51.100.200", 5062, 0)
    info = message(
        "INFO", "sip:warmline@192.0.2.10:5060", branch="z9hG4bKi", cseq=5, call_id="leg-1",
        via="SIP/2.0/UDP 198.51.100.200:5062", from_=f"<sip:ann@{DOMAIN}>;tag=p",
        to=f"<sip:+4930111@{DOMAIN}>;tag=cell",
    )  # fmt: skip
    assert [m.status for _, m in bench.sent(info, moved)] == [481]
    bench.register(flow=moved)
    ((to, _),) = bench.sent(info, moved)
    assert to == cell_flow(CELL)
