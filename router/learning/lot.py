"""The lot: which contacts are routed without what was learnt, so that its effect is measured."""

from hashlib import blake2b
from typing import Final

from domain.decision import Scheme

_STEPS: Final = 2**64


def draw(contact_id: str, control_share: float, seed: int) -> tuple[Scheme, float]:
    """Return the scheme of a contact, and the probability with which it was drawn.

    The lot is a hash of the contact's id: the same contact has the same lot over restarts and on
    every node, nobody can choose it, and it has nothing to do with who the customer is.

    Args:
        contact_id: Drawn by random bits when the contact arrived.
        control_share: Share of contacts without learning, 0.0 to 1.0.
        seed: Another seed draws other contacts.
    """
    key = (seed % _STEPS).to_bytes(8, "big")
    digest = blake2b(contact_id.encode(), digest_size=8, key=key).digest()
    if int.from_bytes(digest, "big") / _STEPS < control_share:
        return Scheme.CONTROL, control_share
    return Scheme.LEARNED, 1.0 - control_share
