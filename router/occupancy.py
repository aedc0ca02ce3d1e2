"""Occupancy: the share of the last hour that each agent was busy or in wrap-up."""

from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

TIME_CONSTANT_S: Final = 3_600.0
"""What was an hour ago counts 0.37 times: long enough to be fair, short enough that a busy
morning is forgiven after lunch."""


class Occupancy:
    """An exponentially weighted share for each agent, in columns of the policy."""

    def __init__(self, agents: int) -> None:
        self._share = np.zeros(agents, dtype=np.float64)
        self._at_s = np.zeros(agents, dtype=np.float64)
        self._occupied = np.zeros(agents, dtype=np.bool_)

    def take_over(self, column: int, other: "Occupancy", other_column: int) -> None:
        """An agent of another policy is in this one too."""
        self._share[column] = other._share[other_column]
        self._at_s[column] = other._at_s[other_column]
        self._occupied[column] = other._occupied[other_column]

    def set_share(self, column: int, share: float, now_s: float) -> None:
        """It is known otherwise how occupied an agent was, 0.0 to 1.0."""
        self._share[column] = share
        self._at_s[column] = now_s

    def note(self, column: int, occupied: bool, now_s: float) -> None:
        """An agent is occupied from now on, or no longer."""
        at_s = float(self._at_s[column])
        if at_s:
            towards = float(self._occupied[column])
            kept = exp(-max(0.0, now_s - at_s) / TIME_CONSTANT_S)
            self._share[column] = towards + (float(self._share[column]) - towards) * kept
        # Nothing is known of the time before he was first seen.
        self._at_s[column] = now_s
        self._occupied[column] = occupied

    def share(self, columns: NDArray[np.int64], now_s: float) -> NDArray[np.float64]:
        """Return the share of each agent, 0.0 to 1.0, shape (len(columns),)."""
        kept = np.exp((self._at_s[columns] - now_s) / TIME_CONSTANT_S)
        towards = self._occupied[columns].astype(np.float64)
        share = towards + (self._share[columns] - towards) * kept
        clipped: NDArray[np.float64] = np.clip(share, 0.0, 1.0)
        return clipped
