"""Calibrate: one temperature, so that 70 % said is 70 % so, on speakers that were not trained on.

Source:
    C. Guo et al., "On calibration of modern neural networks", ICML 2017. One temperature for
    all corpora, each counting alike: whoever calls has no corpus.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

TEMPERATURES: Final = np.geomspace(0.3, 4.0, 60)


def temperature(groups: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]]) -> float:
    """Return the temperature of the least mean log loss.

    Args:
        groups: For each corpus log probabilities, -inf where a label is impossible, shape
            (n, labels), and the true labels, shape (n,).

    Raises:
        ValueError: No group has a clip.
    """
    kept = [(logits, label) for logits, label in groups if label.size]
    if not kept:
        raise ValueError("no clip to calibrate on")
    losses = [np.mean([_loss(x, y, float(t)) for x, y in kept]) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def cooled(logits: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return the probabilities of logits at a temperature, shape (n, labels)."""
    scaled = logits / by
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    power = np.exp(scaled)
    return np.asarray(power / power.sum(axis=1, keepdims=True))


def _loss(logits: NDArray[np.float64], label: NDArray[np.int64], by: float) -> float:
    chance = cooled(logits, by)[np.arange(label.size), label]
    return float(-np.log(np.maximum(chance, 1e-9)).mean())
