import itertools

import pytest

from domain.disclosure_rules import Part, initials, shown_to_agent, shown_to_customer
from domain.proof import Proof


def test_a_suspected_match_shows_an_agent_a_hint_alone() -> None:
    assert shown_to_agent(Proof.NONE) == frozenset()
    assert shown_to_agent(Proof.SUSPECTED) == {Part.HINT}
    assert shown_to_agent(Proof.PRESENTED) == shown_to_agent(Proof.PROVED) == set(Part)


def test_a_customer_is_told_nothing_until_he_has_proved_who_he_is() -> None:
    for proof in (Proof.NONE, Proof.SUSPECTED, Proof.PRESENTED):
        assert shown_to_customer(proof) == frozenset()
    told = shown_to_customer(Proof.PROVED)
    assert Part.CONVERSATIONS in told
    # What we think of him is for those who serve him.
    assert not told & {Part.RECORD, Part.PROFILE, Part.HINT}


def test_more_proof_never_shows_less() -> None:
    order = sorted(Proof, key=lambda one: one.strength)
    for weaker, stronger in itertools.pairwise(order):
        for shown in (shown_to_agent, shown_to_customer):
            assert shown(weaker) <= shown(stronger)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Ana Müller", "A. M."),
        ("", ""),
        ("王小明", "王."),
        ("a b c d e", "a. b. c."),
        (" x ", "x."),
    ],
)
def test_initials(name: str, hint: str) -> None:
    assert initials(name) == hint
