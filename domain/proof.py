"""How sure it is that a customer is who he seems to be, and what may then be shown to whom.

A suspected match never shows one person's data to another: what is shown follows from the proof.
"""

from enum import StrEnum
from typing import Final


class Proof(StrEnum):
    """What speaks for an identity, the weakest first."""

    NONE = "none"
    """Nothing: a visitor without a name, a caller who hides his number."""
    SUSPECTED = "suspected"
    """Something alike: the same name, an address of somebody else's mail, an identifier that two
    customers share."""
    PRESENTED = "presented"
    """An address that he shows and anybody could show: a caller's number, the sender of a mail
    that nothing vouches for. Good enough to remember him by, not to tell him secrets."""
    PROVED = "proved"
    """Vouched for: a token signed by the operator's site, a mail that passes DMARC, a number that
    was confirmed."""

    @property
    def strength(self) -> int:
        """0 for nothing, 3 for proved."""
        return _ORDER.index(self)

    @property
    def joins(self) -> bool:
        """Whether a contact goes to the customer's timeline by itself."""
        return self.strength >= Proof.PRESENTED.strength

    @property
    def tells_customer(self) -> bool:
        """Whether he himself may see what was said in other conversations of that customer."""
        return self is Proof.PROVED


_ORDER: Final = (Proof.NONE, Proof.SUSPECTED, Proof.PRESENTED, Proof.PROVED)
