"""A token bucket: a rate with a burst, on a clock that is handed in."""


class TokenBucket:
    """Lets `burst` through at once and `rate_per_s` in the long run."""

    __slots__ = ("_at_s", "_tokens", "burst", "rate_per_s")

    def __init__(self, *, rate_per_s: float, burst: float, now_s: float) -> None:
        """Make a full bucket."""
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._tokens = burst
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one token if there is one."""
        gained = max(0.0, now_s - self._at_s) * self.rate_per_s
        self._tokens = min(self.burst, self._tokens + gained)
        self._at_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
