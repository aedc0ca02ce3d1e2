"""A circuit breaker: what fails again and again is left alone for a while. Pure."""

from typing import Final


class Breaker:
    """Closed while the other side answers; open after failures; one attempt tries it again."""

    def __init__(self, *, failures_max: int, retry_s: float) -> None:
        """Begin closed.

        Args:
            failures_max: Failures in a row after which it opens.
            retry_s: For so long; then one attempt is let through.
        """
        self._failures_max: Final = failures_max
        self._retry_s: Final = retry_s
        self._failures = 0
        self._until_s = 0.0
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the other side is left alone, or tried by one attempt."""
        return self._failures >= self._failures_max

    def begin(self, now_s: float) -> bool:
        """Tell whether an attempt may begin; whoever begins one says how it ended."""
        if not self.is_open:
            return True
        if self._trying or now_s < self._until_s:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """An attempt has been answered."""
        self._failures = 0
        self._trying = False

    def failed(self, now_s: float) -> None:
        """An attempt has not been answered."""
        self._failures = min(self._failures + 1, self._failures_max)
        self._trying = False
        if self.is_open:
            self._until_s = now_s + self._retry_s

    def abandoned(self) -> None:
        """An attempt was given up by us: it says nothing of the other side."""
        self._trying = False
