"""Registrar invariants under any sequence of requests."""

from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import Registrar as RegistrarLimits
from domain.binding import Binding
from pbx.edge.registrar import RegisterRequest, Registrar
from tests.unit.pbx.clock import ManualClock

SETTINGS = settings(deadline=None, derandomize=True, max_examples=200)
LIMITS = RegistrarLimits(bindings_per_agent_max=3)

CONTACTS = st.sampled_from(
    [
        "*",
        "<sip:a@h>",
        "<sip:a@h>;expires=0",
        "<sip:b@h>;q=0.3",
        "<sip:c@h>, <sip:d@h>;expires=120",
        '<sip:e@h>;+sip.instance="<urn:uuid:1>"',
        '"E" <sip:e@k>;+sip.instance="<urn:uuid:1>";expires=30',
        "<sip:f@h>",
        "<sip:g@h>",
        "<sip:broken",
    ]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["anna", "ben"]),
        st.lists(CONTACTS, max_size=3),
        st.sampled_from(["c1", "c2"]),
        st.integers(1, 9),
        st.sampled_from(["", "0", "60", "3600", "x"]),
        st.sampled_from(["udp:192.0.2.7:5060", "tcp:192.0.2.7:40000"]),
        st.integers(0, 400),
        st.sampled_from(["register", "sweep", "close"]),
    ),
    max_size=25,
)


@SETTINGS
@given(STEPS)
def test_bindings_stay_within_limits_and_changes_tell_the_truth(
    steps: list[tuple[str, list[str], str, int, str, str, int, str]],
) -> None:
    clock = ManualClock()
    registrar = Registrar(LIMITS)
    reachable: dict[str, bool] = {}
    saved: dict[str, tuple[Binding, ...]] = {}
    for agent_id, contacts, call_id, cseq, expires, flow, wait_s, act in steps:
        clock.advance(wait_s)
        now_s = clock.monotonic_s()
        if act == "sweep":
            changes = registrar.sweep(now_s=now_s)
            deadline_s = registrar.next_deadline_s()
            assert deadline_s is None or deadline_s > now_s
        elif act == "close":
            changes = registrar.flow_closed(flow)
        else:
            before = registrar.bindings(agent_id, now_s=now_s)
            answer = registrar.register(
                RegisterRequest(call_id=call_id, cseq=cseq, contacts=contacts, expires=expires),
                agent_id=agent_id,
                flow=flow,
                now=clock.utc(),
                now_s=now_s,
            )
            changes = (answer.change,) if answer.change is not None else ()
            assert answer.status in {200, 400, 403, 423, 500}
            if answer.status != 200:
                assert changes == ()
                assert registrar.bindings(agent_id, now_s=now_s) == before
            else:
                shown = [value for name, value in answer.headers if name == "Contact"]
                assert len(shown) == len(registrar.bindings(agent_id, now_s=now_s))
        for change in changes:
            saved[change.agent_id] = change.bindings
            was = reachable.get(change.agent_id, False)
            assert change.reachable in {None, not was}
            if change.reachable is not None:
                reachable[change.agent_id] = change.reachable
            assert bool(change.bindings) is reachable.get(change.agent_id, False)
        for name in ("anna", "ben"):
            live = registrar.bindings(name, now_s=now_s)
            assert len(live) <= LIMITS.bindings_per_agent_max
            # What is saved is what is known, but for what expired since.
            assert set(live) <= set(saved.get(name, ()))
            assert all(each.expires_at > clock.utc() for each in live)
            instances = [each.instance for each in live if each.instance]
            assert len(instances) == len(set(instances))
            if live:
                assert reachable[name]


@SETTINGS
@given(st.text(max_size=120), st.text(max_size=20))
def test_an_arbitrary_contact_raises_nothing(contact: str, expires: str) -> None:
    clock = ManualClock()
    registrar = Registrar(LIMITS)
    for value in (contact, f"<sip:a@h{contact}>", f"<sip:a@h>;{contact}"):
        answer = registrar.register(
            RegisterRequest(call_id="c", cseq=1, contacts=[value], expires=expires),
            agent_id="anna",
            flow="udp:192.0.2.7:5060",
            now=clock.utc(),
            now_s=clock.monotonic_s(),
        )
        for _, text in answer.headers:
            assert text.isascii() or answer.status == 200
            assert "\r" not in text
            assert "\n" not in text
