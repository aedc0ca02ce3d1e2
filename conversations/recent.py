"""The newest messages of a conversation in memory: who follows it, or comes again, needs no store.

A thousand customers who come back at once, or write for the first time, would otherwise each ask
for what was written a moment ago.
"""

from typing import Final

from domain.message import Message

MESSAGES_MAX: Final = 8
"""What is said from one loss of a connection to the next; older ones are read from the store."""
CHARACTERS_MAX: Final = 2_000
"""Of all of them: with their bodies some 4 KB for each conversation in memory, at most."""


class Recent:
    """All messages of a conversation from some place on."""

    __slots__ = ("_after", "_characters", "_messages")

    def __init__(self, after: int) -> None:
        """Begin with none.

        Args:
            after: Sequence of the newest message that is stored; 0: there is none.
        """
        self._after = after
        self._messages: list[Message] = []
        self._characters = 0

    def note(self, message: Message) -> None:
        """Take in the next message, when it is committed."""
        if message.attachments or message.sequence != self._after + len(self._messages) + 1:
            # What is known of a file changes when it is scanned.
            self._messages.clear()
            self._characters, self._after = 0, message.sequence
            return
        self._messages.append(message)
        self._characters += _characters(message)
        while len(self._messages) > MESSAGES_MAX or self._characters > CHARACTERS_MAX:
            self._characters -= _characters(self._messages.pop(0))
            self._after += 1

    def since(self, after: int, *, limit: int, internal: bool) -> list[Message] | None:
        """Return up to `limit` messages with a higher sequence; None: not all are here."""
        if after < self._after:
            return None
        found = [
            one for one in self._messages[after - self._after :] if internal or not one.internal
        ]
        return found[:limit]


def _characters(message: Message) -> int:
    return len(message.text) + len(message.html) + len(message.quoted)
