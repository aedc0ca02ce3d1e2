"""Whether new calls can be taken, and if not, why: what `/readyz` answers."""

from collections.abc import Callable, Sequence

import structlog

_log = structlog.get_logger(__name__)

Check = Callable[[], str | None]
"""Returns why the part is not ready, in words for an operator; None when it is."""


class Readiness:
    """The parts that must stand before calls are taken.

    It begins not ready: `started` must be set, so that a load balancer sends nothing while
    parts are still missing from the list.
    """

    def __init__(self) -> None:
        """Begin without parts, not started."""
        self._checks: dict[str, Check] = {}
        self.started = False
        self.draining = False
        """New calls are refused; running ones end."""

    def add(self, part: str, check: Check) -> None:
        """Watch a part.

        Args:
            part: Its name, once: "store", "edge", "cells", "analysis".
            check: Asked at each request; must return at once.
        """
        assert part not in self._checks, f"{part} is watched twice"
        self._checks[part] = check

    def reasons(self) -> Sequence[str]:
        """Return why no calls are taken, "part: reason" each; empty when ready."""
        found = []
        if not self.started:
            found.append("node: starting")
        if self.draining:
            found.append("node: draining")
        for part, check in self._checks.items():
            try:
                reason = check()
            except Exception as error:
                # A check that fails is a reason by itself, and must not hide the others.
                _log.exception("readiness check failed", part=part)
                reason = f"the check failed: {type(error).__name__}"
            if reason is not None:
                found.append(f"{part}: {reason}")
        return found
