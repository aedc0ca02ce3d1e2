"""Who proves to be somebody."""

import pytest

from config.schema import Admission as Limits
from pbx.edge.admission import Admission
from pbx.edge.dialogs import Owner
from pbx.edge.gate import Gate, Unknown
from pbx.edge.message import parse
from pbx.sip.digest import authorize
from tests.edge_support import DOMAIN, PASSWORDS, FakeClock, Passwords, message, sip_settings, trunk

HOST = "203.0.113.9"
URI = f"sip:{DOMAIN}"
BOTH = ["SHA-256", "MD5"]


@pytest.fixture
def gate(monkeypatch):
    monkeypatch.setenv("WL_TRUNK", "tp")
    clock = FakeClock()
    entry = trunk(
        id="digest", addresses=[], digest={"username": "carrier", "password": {"env": "WL_TRUNK"}}
    )
    broken = trunk(
        id="broken", addresses=[], digest={"username": "nobody", "password": {"env": "WL_MISSING"}}
    )
    admission = Admission(Limits(failures_before_ban=2), [entry, broken], ["800"], now_s=0.0)
    settings = sip_settings(digest_algorithms=BOTH)
    made = Gate(settings=settings, admission=admission, credentials=Passwords(), clock=clock)
    made.reload([entry, broken])
    return made


def ask(gate, *lines):
    found = parse(message("REGISTER", URI, branch="z9hG4bK1", extra=lines))
    return gate.prove(found, HOST, 1_000.0)


def answer(challenge, username, password):
    value = authorize(challenge, method="REGISTER", uri=URI, username=username, password=password)
    return f"Authorization: {value}"


def test_nobody_is_challenged(gate):
    who = ask(gate)
    assert isinstance(who, Unknown)
    assert len(who.challenges) == 2


def test_only_what_every_telephone_knows_is_offered_unless_more_is_wanted():
    admission = Admission(Limits(), [], [], now_s=0.0)
    offered = [
        Gate(settings=each, admission=admission, credentials=Passwords(), clock=FakeClock())
        for each in (sip_settings(), sip_settings(digest_algorithms=BOTH))
    ]
    assert [len(ask(gate).challenges) for gate in offered] == [1, 2]


@pytest.mark.parametrize(
    ("username", "password", "owner"),
    [
        ("ann", PASSWORDS["ann"], Owner(agent_id="ann")),
        ("101", PASSWORDS["101"], Owner(agent_id="ann")),
        ("carrier", "tp", Owner(trunk_id="digest")),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_a_password_proves_who_it_is(gate, username, password, owner, which):
    challenge = ask(gate).challenges[which]
    assert ask(gate, answer(challenge, username, password)) == owner


def test_credentials_for_another_realm_are_passed_over(gate):
    challenge = ask(gate).challenges[1]
    foreign = answer(challenge.replace(DOMAIN, "other.example"), "ann", "x")
    assert ask(gate, foreign, answer(challenge, "ann", PASSWORDS["ann"])) == Owner(agent_id="ann")


def test_failures_end_in_silence(gate):
    challenge = ask(gate).challenges[1]
    first = ask(gate, answer(challenge, "ann", "guess"))
    assert first.challenges
    assert ask(gate, answer(challenge, "nobody", "guess")) == Unknown(challenges=())


def test_the_owner_of_a_trunk_knows_its_networks(gate):
    gate.reload([trunk()])
    assert [str(each) for each in gate.trunk_owner("carrier").networks] == ["198.51.100.5/32"]
    assert gate.trunk_owner("gone") == Owner(trunk_id="gone")
