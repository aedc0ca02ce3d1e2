"""Keys pressed on a telephone, each reported once."""

from typing import Final

ECHO_S_MAX: Final = 2.0
"""The longest key press that is still seen as one across a change of the stream."""


class KeyEcho:
    """Tells a key press that goes on over a re-INVITE from a second one.

    A new stream does not know the event that was under way in the old one, and the
    telephone repeats an event until it ends and thrice more (RFC 4733 section 2.5.1.4),
    so that PJMEDIA reports the same press again.
    """

    def __init__(self) -> None:
        """Begin with no key pressed."""
        self._digit = ""
        self._pressed_s = 0.0
        self._changed_s: float | None = None

    def stream_changed(self, now_s: float) -> None:
        """Note that another stream begins."""
        self._changed_s = now_s

    def is_echo(self, digit: str, now_s: float) -> bool:
        """Tell whether this report is the last press once more."""
        changed_s, self._changed_s = self._changed_s, None
        echo = (
            changed_s is not None
            and digit == self._digit
            and self._pressed_s <= changed_s
            and now_s - self._pressed_s < ECHO_S_MAX
        )
        self._digit, self._pressed_s = digit, now_s
        return echo
