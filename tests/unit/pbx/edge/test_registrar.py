from dataclasses import replace
from datetime import timedelta

import pytest

from config.schema import Registrar as RegistrarLimits
from domain.binding import Binding
from pbx.edge.registrar import (
    CONTACT_FIELD_CHARACTERS_MAX,
    CONTACT_URI_CHARACTERS_MAX,
    RegisterRequest,
    Registrar,
    Registration,
)
from tests.unit.pbx.clock import ManualClock

UDP = "udp:192.0.2.7:5062"


class Desk:
    """A registrar with a clock, and the telephones of one agent."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registrar = Registrar(
            RegistrarLimits(
                expires_min_s=60,
                expires_max_s=3600,
                expires_default_s=300,
                bindings_per_agent_max=3,
            )
        )
        self.cseq = 0

    def register(
        self,
        *contacts: str,
        call_id: str = "c1",
        cseq: int | None = None,
        expires: str = "",
        flow: str = UDP,
        agent_id: str = "anna",
    ) -> Registration:
        self.cseq += 1
        return self.registrar.register(
            RegisterRequest(
                call_id=call_id,
                cseq=self.cseq if cseq is None else cseq,
                contacts=contacts,
                expires=expires,
                user_agent="Phone/1.0\x07",
            ),
            agent_id=agent_id,
            flow=flow,
            now=self.clock.utc(),
            now_s=self.clock.monotonic_s(),
        )

    def uris(self, agent_id: str = "anna") -> list[str]:
        bindings = self.registrar.bindings(agent_id, now_s=self.clock.monotonic_s())
        return [each.contact_uri for each in bindings]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def contacts_of(answer: Registration) -> list[str]:
    return [value for name, value in answer.headers if name == "Contact"]


def test_a_telephone_registers_and_makes_its_agent_reachable(desk: Desk) -> None:
    answer = desk.register("<sip:anna@192.0.2.7:5062;ob>", expires="600")
    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.headers == (
        ("Contact", "<sip:anna@192.0.2.7:5062;ob>;expires=600"),
        ("Date", "Tue, 01 Jan 2030 00:00:00 GMT"),
    )
    assert answer.change is not None
    assert answer.change.reachable is True
    assert answer.change.bindings == (
        Binding(
            agent_id="anna",
            contact_uri="sip:anna@192.0.2.7:5062;ob",
            flow=UDP,
            call_id="c1",
            cseq=1,
            instance="",
            q=1.0,
            user_agent="Phone/1.0",
            expires_at=desk.clock.utc() + timedelta(seconds=600),
        ),
    )


def test_a_refresh_replaces_and_changes_nobodys_reachability(desk: Desk) -> None:
    desk.register("<sip:anna@192.0.2.7>")
    desk.clock.advance(200)
    answer = desk.register("<sip:anna@192.0.2.7>")
    assert contacts_of(answer) == ["<sip:anna@192.0.2.7>;expires=300"]
    assert answer.change is not None
    assert answer.change.reachable is None
    assert len(answer.change.bindings) == 1


def test_a_query_shows_the_bindings_and_changes_nothing(desk: Desk) -> None:
    desk.register("<sip:anna@192.0.2.7>")
    desk.clock.advance(0.5)
    answer = desk.register()
    assert contacts_of(answer) == ["<sip:anna@192.0.2.7>;expires=300"]
    assert answer.change is None


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        ("<sip:a@h>", "", 300),
        ("<sip:a@h>", "120", 120),
        ("<sip:a@h>;expires=180", "120", 180),
        ("<sip:a@h>", "99999", 3600),
        ("<sip:a@h>", "99999999999", 300),
        ("<sip:a@h>;expires=4294967296", "", 3600),
        ("<sip:a@h>;expires=soon", "", 300),
        ("<sip:a@h>;expires=-1", "", 300),
        ("<sip:a@h>;expires=60", "", 60),
    ],
)
def test_seconds_are_granted_within_the_limits(
    desk: Desk, contact: str, expires: str, granted: int
) -> None:
    assert contacts_of(desk.register(contact, expires=expires)) == [f"<sip:a@h>;expires={granted}"]


def test_too_brief_a_registration_is_refused_with_the_minimum(desk: Desk) -> None:
    answer = desk.register("<sip:ok@h>, <sip:a@h>;expires=59")
    assert (answer.status, answer.headers) == (423, (("Min-Expires", "60"),))
    assert answer.change is None
    assert desk.uris() == []


def test_zero_seconds_remove_one_binding(desk: Desk) -> None:
    desk.register("<sip:a@h>, <sip:b@h>")
    answer = desk.register("<sip:a@h>;expires=0")
    assert desk.uris() == ["sip:b@h"]
    assert answer.change is not None
    assert answer.change.reachable is None
    answer = desk.register("<sip:b@h>", expires="0")
    assert answer.change is not None
    assert (answer.change.reachable, answer.change.bindings) == (False, ())


def test_removing_what_is_not_there_changes_nothing(desk: Desk) -> None:
    answer = desk.register("<sip:a@h>", expires="0")
    assert (answer.status, answer.change, contacts_of(answer)) == (200, None, [])


def test_a_star_removes_all(desk: Desk) -> None:
    desk.register("<sip:a@h>, <sip:b@h>")
    answer = desk.register("*", expires="0", call_id="c2")
    assert answer.status == 200
    assert answer.change is not None
    assert answer.change.reachable is False
    assert desk.uris() == []


@pytest.mark.parametrize(
    ("contacts", "expires"),
    [(("*",), ""), (("*",), "60"), (("*", "<sip:a@h>"), "0"), (("*, <sip:a@h>",), "0")],
)
def test_a_star_stands_alone_and_with_zero(
    desk: Desk, contacts: tuple[str, ...], expires: str
) -> None:
    desk.register("<sip:a@h>")
    assert desk.register(*contacts, expires=expires).status == 400
    assert desk.uris() == ["sip:a@h"]


@pytest.mark.parametrize("contact", ["<sip:a@h>", "<sip:a@h>;expires=0", "*"])
def test_an_older_request_that_was_overtaken_changes_nothing(desk: Desk, contact: str) -> None:
    desk.register("<sip:a@h>", cseq=7)
    before = desk.registrar.figures()
    for cseq in (6, 7):
        expires = "0" if contact == "*" else ""
        assert desk.register(contact, cseq=cseq, expires=expires).status == 500
    assert desk.uris() == ["sip:a@h"]
    assert desk.registrar.figures() == replace(before, refused=2)


def test_another_call_id_is_another_count(desk: Desk) -> None:
    desk.register("<sip:a@h>", cseq=7)
    assert desk.register("<sip:a@h>", cseq=1, call_id="c2").status == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:a@h", "sip:a@H", True),
        ("sip:a@h", "sip:A@h", False),
        ("sip:a@h", "sips:a@h", False),
        ("sip:a@h", "sip:a@h:5060", False),
        ("sip:a@h;ob", "sip:a@h", True),
        ("sip:a@h;x=1", "sip:a@h;x=2", False),
        ("sip:a@h;transport=tcp", "sip:a@h", False),
        ("sip:a@h;Transport=TCP", "sip:a@h;transport=tcp", True),
        ("sip:%61@h", "sip:a@h", True),
    ],
)
def test_contacts_are_compared_as_uris(desk: Desk, one: str, other: str, same: bool) -> None:
    desk.register(f"<{one}>")
    desk.register(f"<{other}>")
    assert len(desk.uris()) == (1 if same else 2)


def test_an_instance_replaces_itself_at_another_address(desk: Desk) -> None:
    instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    desk.register(f'"Anna" <sip:a@192.0.2.7:5062>;{instance}')
    answer = desk.register(
        f"<sip:a@198.51.100.1:1024>;{instance};reg-id=1",
        flow="udp:198.51.100.1:1024",
        call_id="c2",
    )
    assert contacts_of(answer) == [f"<sip:a@198.51.100.1:1024>;expires=300;{instance}"]
    desk.register(
        f"<sip:elsewhere@h>;{instance};expires=0", call_id="c3", flow="udp:203.0.113.1:5060"
    )
    assert desk.uris() == []


def test_a_telephone_that_restarted_does_not_ring_twice(desk: Desk) -> None:
    desk.register("<sip:a@192.0.2.7:5062;rinstance=1>", call_id="before")
    desk.register("<sip:a@192.0.2.7:5062;rinstance=2>", call_id="after")
    assert desk.uris() == ["sip:a@192.0.2.7:5062;rinstance=2"]
    assert desk.registrar.figures().replaced == 1


def test_several_telephones_are_sorted_by_q_and_age(desk: Desk) -> None:
    desk.register("<sip:a@h>;q=0.5, <sip:b@h>;q=0.9, <sip:c@h>;q=0.5")
    assert desk.uris() == ["sip:b@h", "sip:c@h", "sip:a@h"]
    assert contacts_of(desk.register())[0] == "<sip:b@h>;expires=300;q=0.9"


@pytest.mark.parametrize("q", ["2", "1.5", "-1", "nan", "0.1234", "x"])
def test_a_q_that_is_none_counts_as_unsaid(desk: Desk, q: str) -> None:
    assert contacts_of(desk.register(f"<sip:a@h>;q={q}")) == ["<sip:a@h>;expires=300"]


def test_a_telephone_too_many_is_refused_by_name(desk: Desk) -> None:
    desk.register("<sip:a@h>, <sip:b@h>, <sip:c@h>")
    answer = desk.register("<sip:d@h>")
    assert (answer.status, answer.reason) == (403, "Too Many Bindings, The Limit Is 3")
    assert len(desk.uris()) == 3
    assert desk.register("<sip:a@h>").status == 200
    assert desk.register("<sip:d@h>", agent_id="ben").status == 200


@pytest.mark.parametrize(
    "contact",
    [
        "<tel:+49301234>",
        "<http://h>",
        "<sip:a@h:0>",
        "<sip:a@h:70000>",
        "<sip:>",
        "<sip:a@h;self=1>",
        "sip:a b@h",
        '"Anna <sip:a@h>',
        "",
        f"<sip:{'a' * CONTACT_URI_CHARACTERS_MAX}@h>",
        "<sip:a@h>;x=" + "a" * CONTACT_FIELD_CHARACTERS_MAX,
        "<sip:a@h>;+sip.instance=" + "a" * 200,
        '<sip:a@h>;+sip.instance="a\nb"',
    ],
)
def test_a_bad_contact_is_refused_and_changes_nothing(desk: Desk, contact: str) -> None:
    desk.register("<sip:ok@h>")
    answer = desk.register(f"<sip:more@h>, {contact}")
    assert (answer.status, answer.change) == (400, None)
    assert desk.uris() == ["sip:ok@h"]


@pytest.mark.parametrize("call_id", ["", "x" * 257])
def test_a_request_without_a_usable_call_id_is_refused(desk: Desk, call_id: str) -> None:
    assert desk.register("<sip:a@h>", call_id=call_id).status == 400


def test_a_binding_ends_with_its_time(desk: Desk) -> None:
    desk.register("<sip:a@h>", expires="60")
    desk.register("<sip:b@h>", expires="120")
    start_s = desk.clock.monotonic_s()
    assert desk.registrar.next_deadline_s() == start_s + 60
    desk.clock.advance(60)
    assert desk.uris() == ["sip:b@h"]
    (change,) = desk.registrar.sweep(now_s=desk.clock.monotonic_s())
    assert (change.agent_id, change.reachable, len(change.bindings)) == ("anna", None, 1)
    assert desk.registrar.next_deadline_s() == start_s + 120
    desk.clock.advance(60)
    (change,) = desk.registrar.sweep(now_s=desk.clock.monotonic_s())
    assert (change.reachable, change.bindings) == (False, ())
    assert desk.registrar.next_deadline_s() is None
    assert desk.registrar.sweep(now_s=desk.clock.monotonic_s()) == ()


def test_an_expired_binding_that_no_sweep_has_seen_makes_no_one_reachable(desk: Desk) -> None:
    desk.register("<sip:a@h>")
    desk.clock.advance(300)
    answer = desk.register()
    assert contacts_of(answer) == []
    assert answer.change is not None
    assert answer.change.reachable is False


def test_a_refresh_moves_the_deadline(desk: Desk) -> None:
    desk.register("<sip:a@h>")
    desk.clock.advance(100)
    desk.register("<sip:a@h>")
    assert desk.registrar.next_deadline_s() == desk.clock.monotonic_s() + 300
    desk.clock.advance(250)
    assert desk.registrar.sweep(now_s=desk.clock.monotonic_s()) == ()
    assert desk.uris() == ["sip:a@h"]


def test_a_closed_connection_takes_its_bindings_along(desk: Desk) -> None:
    desk.register("<sip:a@h>", flow="tcp:192.0.2.7:40112")
    desk.register("<sip:b@h>", flow=UDP)
    assert [each.reachable for each in desk.registrar.flow_closed("tcp:192.0.2.7:40112")] == [None]
    assert desk.uris() == ["sip:b@h"]
    assert desk.registrar.flow_closed("tcp:192.0.2.7:40112") == ()


def test_an_agent_who_is_no_longer_there_is_forgotten(desk: Desk) -> None:
    desk.register("<sip:a@h>")
    (change,) = desk.registrar.forget("anna")
    assert (change.agent_id, change.reachable) == ("anna", False)
    assert desk.registrar.forget("anna") == ()


def test_bindings_outlive_a_restart(desk: Desk) -> None:
    first = desk.register("<sip:a@h>;q=0.5", expires="600", call_id="c1").change
    assert first is not None
    again = Desk()
    again.clock.advance(100)
    now_s = again.clock.monotonic_s()
    (change,) = again.registrar.load(first.bindings, now=again.clock.utc(), now_s=now_s)
    assert (change.agent_id, change.reachable) == ("anna", True)
    assert again.uris() == ["sip:a@h"]
    assert again.registrar.next_deadline_s() == now_s + 500
    assert again.register("<sip:a@h>", call_id="c1", cseq=1).status == 500


def test_what_a_restart_makes_useless_is_left_out(desk: Desk) -> None:
    change = desk.register("<sip:a@h>").change
    assert change is not None
    (binding,) = change.bindings
    now = desk.clock.utc()
    stored = [
        replace(binding, agent_id="expired", expires_at=now),
        replace(binding, agent_id="forged", expires_at=now + timedelta(days=365)),
        replace(binding, agent_id="connection", flow="tcp:192.0.2.7:40112"),
        replace(binding, agent_id="broken", contact_uri="mailto:a@h"),
        *[replace(binding, contact_uri=f"sip:a{number}@h") for number in range(5)],
    ]
    again = Desk()
    (change,) = again.registrar.load(stored, now=now, now_s=1.0)
    assert change.agent_id == "anna"
    assert len(change.bindings) == 3


def test_many_refreshes_take_no_memory(desk: Desk) -> None:
    for _ in range(1_000):
        desk.clock.advance(1)
        desk.register("<sip:a@h>")
    assert len(desk.registrar._deadlines) <= 2 * 3 + 64 + 1
    assert desk.registrar.figures().refreshed == 999
