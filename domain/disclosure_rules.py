"""What may be shown of a customer to whom, by how sure it is that a contact is his. Pure.

| proof | the agent sees | the customer himself sees |
| --- | --- | --- |
| none | nothing | nothing but this conversation |
| suspected | a hint at each who could be meant, enough to ask the customer who he is | the same |
| presented | everything, and that it is not proved: he asks before he tells | the same |
| proved | everything | his name, his other conversations and his tickets |
"""

from enum import StrEnum
from typing import Final

from domain.proof import Proof


class Part(StrEnum):
    """A part of what is known of a customer."""

    HINT = "hint"
    """Initials and the ends of his number: who knows them recognises them, and who does not
    learns nothing."""
    RECORD = "record"
    """Number, name, address, what he has bought and wishes, his other addresses."""
    PROFILE = "profile"
    """What follows from earlier contacts, and the last of them."""
    CONVERSATIONS = "conversations"
    """What was said in other conversations, with attachments: the timeline."""
    TICKETS = "tickets"
    NAME = "name"
    """As he is addressed."""


_ALL: Final = frozenset(Part)
_INITIALS_MAX: Final = 3


def shown_to_agent(proof: Proof) -> frozenset[Part]:
    """Return what the agent of a contact may see of the customer whose contact it seems to be."""
    if proof.joins:
        return _ALL
    return frozenset({Part.HINT}) if proof is Proof.SUSPECTED else frozenset()


def shown_to_customer(proof: Proof) -> frozenset[Part]:
    """Return what the person at the other end may be shown of that customer."""
    if proof.tells_customer:
        return frozenset({Part.NAME, Part.CONVERSATIONS, Part.TICKETS})
    return frozenset()


def initials(name: str) -> str:
    """Return the first letters of a name, such as "A. M."; "" for none.

    A Chinese name of one word gives its first character: the family name of very many.
    """
    words = name.split()[:_INITIALS_MAX]
    return " ".join(f"{word[0]}." for word in words)
