import pytest

from domain.proof import Proof
from domain.recognition import Candidate, choose


def one(name: str, *, root: str | None = None, proof: Proof = Proof.PRESENTED, entered=True):
    return Candidate(customer_id=name, root=root or name, proof=proof, entered=entered)


def test_nobody() -> None:
    choice = choose([], Proof.PROVED)
    assert (choice.chosen, choice.proof, choice.roots) == (None, Proof.NONE, ())


@pytest.mark.parametrize(
    ("shown", "known", "sure"),
    [
        (Proof.PROVED, Proof.PROVED, Proof.PROVED),
        (Proof.PROVED, Proof.PRESENTED, Proof.PRESENTED),
        (Proof.PRESENTED, Proof.PROVED, Proof.PRESENTED),
    ],
)
def test_it_is_no_surer_than_the_weaker_of_the_two(shown, known, sure) -> None:
    choice = choose([one("a", proof=known)], shown)
    assert choice.chosen is not None
    assert choice.proof is sure


@pytest.mark.parametrize("weak", [Proof.NONE, Proof.SUSPECTED])
def test_what_is_only_suspected_is_nobodys(weak: Proof) -> None:
    for choice in (choose([one("a")], weak), choose([one("a", proof=weak)], Proof.PROVED)):
        assert (choice.chosen, choice.proof, choice.roots) == (None, Proof.SUSPECTED, ("a",))


def test_of_two_an_agent_is_asked() -> None:
    choice = choose([one("b"), one("a")], Proof.PROVED)
    assert (choice.chosen, choice.proof, choice.roots) == (None, Proof.SUSPECTED, ("a", "b"))


def test_who_has_proved_it_is_meant() -> None:
    stranger = one("b", proof=Proof.PROVED, entered=False)
    choice = choose([one("a"), stranger], Proof.PRESENTED)
    assert (choice.chosen, choice.proof) == (stranger, Proof.PRESENTED)


def test_who_is_entered_is_meant_before_strangers() -> None:
    choice = choose([one("a", entered=False), one("b")], Proof.PRESENTED)
    assert choice.chosen == one("b")


def test_parts_of_one_customer_are_one() -> None:
    parts = [one("b", root="a"), one("a"), one("c", root="a", entered=False)]
    for order in (parts, parts[::-1]):
        choice = choose(order, Proof.PRESENTED)
        assert (choice.chosen, choice.roots) == (one("a"), ("a",))
