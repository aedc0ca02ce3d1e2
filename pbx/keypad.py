"""The keypad: what keys a contact's parties press, and which of them answer for consent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.consent import Answer, Purpose
from domain.contact import Contact, ContactState
from domain.events import ConsentChanged, DigitPressed
from domain.leg import LegRole

CONFIRMATIONS: Final[Mapping[Answer, str]] = {
    Answer.GRANTED: "emotion-agreed",
    Answer.REFUSED: "emotion-refused",
}
"""Prompts that tell a caller that he was understood."""
_BEFORE_TALK: Final = frozenset(
    {ContactState.ARRIVED, ContactState.QUEUED, ContactState.OFFERED}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsentKeys:
    """Keys by which a caller answers whether his emotion may be read.

    Attributes:
        agree, refuse: "0" to "9", "*" or "#"; None: no key does.
    """

    agree: str | None = None
    refuse: str | None = None


NO_KEYS: Final = ConsentKeys()
"""Where nobody's emotion is read."""


class Keypad:
    """The keys of one contact."""

    def __init__(self, contact: Contact, keys: ConsentKeys) -> None:
        """Begin with none pressed."""
        self._contact = contact
        self._keys = keys
        self._pressed = 0

    def press(self, role: LegRole) -> DigitPressed:
        """Return the event that tells of a key; which one, nobody is told."""
        self._pressed += 1
        return DigitPressed(
            contact_id=self._contact.contact_id, role=role.value, number=self._pressed
        )

    def answer(self, role: LegRole, digit: str, *, asked: bool) -> ConsentChanged | None:
        """Return what a key answers; None: nothing.

        In conversation no key does: people type numbers there, and an agreement must be meant.

        Args:
            role: Who pressed it; an agent answers for nobody.
            digit: The key.
            asked: The customer hears or has heard what he is asked for.
        """
        if role is not LegRole.CUSTOMER or self._contact.state not in _BEFORE_TALK:
            return None
        if digit == self._keys.refuse:
            answer = Answer.REFUSED
        elif digit == self._keys.agree and asked:
            answer = Answer.GRANTED
        else:
            return None
        return ConsentChanged(
            contact_id=self._contact.contact_id, purpose=Purpose.EMOTION, answer=answer
        )
