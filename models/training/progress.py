"""Progress: a long training goes on where it was interrupted, as if it had not been.

On two cores a set of weights takes hours. What a training is made of is put into a file every few
minutes; the same training finds it there, another one does not.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

SAVE_EVERY_S: Final = 120.0
"""A file of some 100 MB takes a second."""

State = dict[str, Any]


def place_of(cache: Path, *what: object) -> Path:
    """Return where a training keeps its progress.

    Args:
        cache: A folder.
        what: All that decides what comes out of it; arrays by their content.
    """
    digest = hashlib.sha256()
    for each in what:
        digest.update(each.tobytes() if isinstance(each, np.ndarray) else repr(each).encode())
        digest.update(b"\0")
    return cache / f"progress-{digest.hexdigest()[:16]}.pt"


class Progress:
    """The steps of one training.

    Attributes:
        step: Steps that are done.
    """

    def __init__(
        self,
        path: Path | None,
        steps: int,
        *,
        state: Callable[[], State],
        restore: Callable[[State], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on where an earlier training of the same kind stopped, if there was one.

        Args:
            path: Where it is kept; None: nowhere.
            steps: In all.
            state: Returns everything that the next step depends on, random numbers too.
            restore: Takes such a state.
            now_s: A clock.
        """
        self.step = 0
        self._path = path
        self._steps = steps
        self._state = state
        self._now_s = now_s
        if path is not None and path.exists():
            kept: State = torch.load(path, map_location="cpu", weights_only=False)
            restore(kept["state"])
            self.step = int(kept["step"])
            print(f"{path.name}: goes on after step {self.step} of {steps}", flush=True)

    def steps(self) -> Iterable[int]:
        """Yield the steps that are still to be done, and keep what has come of them."""
        kept_s, began_s, first = self._now_s(), self._now_s(), self.step
        while self.step < self._steps:
            yield self.step
            self.step += 1
            now_s = self._now_s()
            if now_s - kept_s >= SAVE_EVERY_S or self.step == self._steps:
                self._keep()
                kept_s = now_s
                each_s = (now_s - began_s) / (self.step - first)
                left_min = each_s * (self._steps - self.step) / 60
                print(
                    f"step {self.step} of {self._steps}, {each_s:.2f} s each, "
                    f"{left_min:.0f} min left",
                    flush=True,
                )

    def _keep(self) -> None:
        if self._path is None:
            return
        half = self._path.with_suffix(".half")
        torch.save({"step": self.step, "state": self._state()}, half)
        half.replace(self._path)
