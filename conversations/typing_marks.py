"""Who types: shown at once, ended by itself, and never more often than people can see. Pure."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from domain.message import Author

CHANGE_S_MIN: Final = 1.0
"""A side is shown to begin no sooner than this after it was last shown to stop or begin."""
SHOWN_MAX: Final = 20_000
"""Sides remembered at once; the oldest is forgotten, and shown to stop by the program that shows
it."""

Side = tuple[str, Author]


class TypingMarks:
    """Which side of which conversation is shown to type."""

    def __init__(self) -> None:
        self._typing: OrderedDict[Side, float] = OrderedDict()
        self._changed_s: OrderedDict[Side, float] = OrderedDict()

    def note(self, side: Side, typing: bool, now_s: float, ends_s: float) -> bool:
        """Take what a program says; return whether the other side is to be told.

        Args:
            side: Conversation and author.
            typing: Whether he types.
            now_s: The injected clock's time.
            ends_s: When he is shown to have stopped, if nothing more is heard.
        """
        shown = side in self._typing
        if typing:
            if not shown and now_s - self._changed_s.get(side, -CHANGE_S_MIN) < CHANGE_S_MIN:
                return False
            self._typing[side] = ends_s
            self._typing.move_to_end(side)
        else:
            self._typing.pop(side, None)
        if shown is typing:
            return False
        self._changed_s[side] = now_s
        self._changed_s.move_to_end(side)
        for memory in (self._typing, self._changed_s):
            if len(memory) > SHOWN_MAX:
                memory.popitem(last=False)
        return True

    def next_s(self) -> float | None:
        """Return when the first one is to be shown to have stopped."""
        # In order of their last word: all are given the same time.
        return next(iter(self._typing.values()), None)

    def ended(self, now_s: float) -> Iterator[Side]:
        """Yield and forget the sides of which nothing was heard for too long."""
        while (due_s := self.next_s()) is not None and due_s <= now_s:
            side, _ = self._typing.popitem(last=False)
            self._changed_s[side] = now_s
            yield side
