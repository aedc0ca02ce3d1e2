"""A caller's own baseline: how he speaks when nothing is wrong.

The mean of the functionals of his windows. It is learnt from what does not sound angry, or a
caller who begins angry would make anger his norm. A baseline of an earlier call holds from the
first window on, but for the level: the line and the telephone are others.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.baseline import Baseline
from media.features.functionals import FEATURES_VERSION, LEVEL_NAME, NAMES

READY_WINDOWS: Final = 3
"""Some 4 s of speech. Models are tested with baselines of 8 clips of 2 to 3 s; fewer are noisier,
and none leaves a caller's sex and age in the judgement."""
MEMORY_WINDOWS: Final = 32
"""Half a minute of speech: further windows count as much, so that it follows a drift of the
line and not a mood."""
CALM_ANGER_MAX: Final = 0.5
"""Even odds: what sounds angrier for this caller is not learnt from."""
UNKNOWN_ANGER_MAX: Final = 0.85
"""The same while he is not known yet. Some voices sound angry by nature, and only their own
baseline can tell; who begins with clear anger still does not make it his norm."""
_LEVEL: Final = NAMES.index(LEVEL_NAME)

Functionals = NDArray[np.float32]


class CallerBaseline:
    """One customer's mean functionals.

    Attributes:
        windows: Learnt from, those of earlier calls included, at most MEMORY_WINDOWS.
    """

    def __init__(self, known: Baseline | None = None) -> None:
        """Begin with what is known from earlier calls.

        Args:
            known: None: nothing. One of other features, or with figures that are not finite, is
                of no use and passed over.
        """
        self.windows = 0
        self._mean: NDArray[np.float64] = np.zeros(len(NAMES))
        self._level_windows = 0
        if (
            known is not None
            and (known.version, len(known.mean)) == (FEATURES_VERSION, len(NAMES))
            and np.isfinite(known.mean).all()
        ):
            self._mean[:] = known.mean
            self.windows = max(0, min(known.windows, MEMORY_WINDOWS))

    @property
    def ready(self) -> bool:
        """Whether enough was heard to judge by."""
        return self.windows >= READY_WINDOWS

    @property
    def mean(self) -> Functionals:
        """What was learnt, shape (len(NAMES),)."""
        return self._mean.astype(np.float32)

    def keep(self) -> Baseline:
        """Return what is to be kept for his next call."""
        return Baseline(FEATURES_VERSION, tuple(self._mean.round(4).tolist()), self.windows)

    def beside(self, functionals: Functionals) -> Functionals | None:
        """Return what a window is to be compared with, shape (len(NAMES),); None for nothing."""
        if not self.ready:
            return None
        beside = self.mean
        if not self._level_windows:
            # Nothing was heard over this line yet: its level speaks neither way.
            beside[_LEVEL] = functionals[_LEVEL]
        return beside

    def learn(self, functionals: Functionals, anger: float) -> None:
        """Take a window that has been judged.

        Args:
            functionals: Shape (len(NAMES),).
            anger: What the model said of it, 0.0 to 1.0.
        """
        if anger >= (CALM_ANGER_MAX if self.ready else UNKNOWN_ANGER_MAX):
            return
        self.windows = min(self.windows + 1, MEMORY_WINDOWS)
        self._level_windows = min(self._level_windows + 1, MEMORY_WINDOWS)
        gain = np.full(len(NAMES), 1 / self.windows)
        gain[_LEVEL] = 1 / self._level_windows
        self._mean += gain * (functionals - self._mean)
