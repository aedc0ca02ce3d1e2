"""Whose an address is, of all who are known by it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer who has an address.

    Attributes:
        root: Of whom he is part by a merge; himself when of nobody.
        proof: What speaks for it that the address is his.
        entered: The operator has entered him; False: he is known by an address alone.
    """

    customer_id: str
    root: str
    proof: Proof
    entered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to be thought of a contact under an address.

    Attributes:
        chosen: The customer whose own address it is; None: nobody, or an agent is asked.
        proof: What speaks for it.
        roots: Who could be meant, merged ones once, sorted; one of them when `chosen` is there.
    """

    chosen: Candidate | None
    proof: Proof
    roots: tuple[str, ...]


def choose(candidates: Sequence[Candidate], proof: Proof) -> Choice:
    """Return whose contact it is.

    Whoever alone has proved that the address is his is meant; else who alone has been entered by
    the operator, for the others are known by nothing but that they came under it; else who alone
    has it. It is not surer than the address is shown, nor than it is known to be his; what is
    only suspected is nobody's, and an agent is asked.

    Args:
        candidates: All who have the address.
        proof: What speaks for it that the contact comes from that address.
    """
    roots = tuple(sorted({one.root for one in candidates}))
    proved = [one for one in candidates if one.proof is Proof.PROVED]
    entered = [one for one in candidates if one.entered]
    narrowed = next((some for some in (proved, entered, candidates) if some), ())
    if not narrowed:
        return Choice(chosen=None, proof=Proof.NONE, roots=())
    if len({one.root for one in narrowed}) > 1:
        return Choice(chosen=None, proof=Proof.SUSPECTED, roots=roots)
    # Of several parts of one customer the surest, and of those always the same.
    best = min(narrowed, key=lambda one: (-one.proof.strength, not one.entered, one.customer_id))
    sure = min(proof, best.proof, key=lambda one: one.strength)
    if not sure.joins:
        return Choice(chosen=None, proof=Proof.SUSPECTED, roots=(best.root,))
    return Choice(chosen=best, proof=sure, roots=(best.root,))
