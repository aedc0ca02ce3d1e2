"""Overload: when to turn new calls away, so that those who are in are served.

A machine that takes more calls than it can set up serves none of them in time: each holds a
cell longer, and what waits costs more than what is done. A carrier that hears 503 at once
sends the call elsewhere.
"""

from collections import deque
from typing import Final, Protocol

SETTING_UP_MAX: Final = 64
"""Calls on their way to an answer at once. With an answer after 50 ms that is 1,280 new calls
a second, so it is reached only when the machine can no longer keep up."""
LATE_S: Final = 0.5
"""A call that has not been answered after this is late: T1, when its INVITE is sent again and
costs once more (RFC 3261 section 17.1.1.2)."""
LATE_MAX: Final = 4
"""Late calls at once. A few may have a reason of their own: an INVITE that their cell refused
and that comes again, a cell that died."""


class OnItsWay(Protocol):
    """A call, as far as this is concerned."""

    @property
    def is_setting_up(self) -> bool:
        """It has been neither answered nor ended."""
        ...


class SettingUp:
    """The calls that are on their way to an answer."""

    def __init__(self) -> None:
        """Begin with none."""
        self._calls: deque[tuple[float, OnItsWay]] = deque()

    def add(self, call: OnItsWay, now_s: float) -> None:
        """Take a call that has just come."""
        self._calls.append((now_s, call))

    def refuses(self, now_s: float) -> str | None:
        """Return why a new call shall be turned away; None: it may come."""
        if len(self._calls) >= SETTING_UP_MAX or self._oldest_is_late(now_s):
            self._calls = deque(entry for entry in self._calls if entry[1].is_setting_up)
        if len(self._calls) >= SETTING_UP_MAX:
            return f"{len(self._calls)} calls are on their way, the limit is {SETTING_UP_MAX}"
        late = 0
        for since_s, _ in self._calls:
            if now_s - since_s < LATE_S:
                break
            late += 1
        if late >= LATE_MAX:
            return f"{late} calls are on their way for over {LATE_S:g} s, the limit is {LATE_MAX}"
        return None

    def _oldest_is_late(self, now_s: float) -> bool:
        return bool(self._calls) and now_s - self._calls[0][0] >= LATE_S
