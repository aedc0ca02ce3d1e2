"""Measures: how well predictions meet what is known, with intervals over speakers.

An interval is the middle 95 % of the figure over speakers drawn anew with replacement, since
clips of one speaker are no independent evidence. With three speakers it is a rough guess.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.card import Bin, Figure

BINS: Final = 10
DRAWS: Final = 300

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Predictions for clips of one corpus.

    Attributes:
        label: True place in LABELS, shape (n,).
        speaker: Shape (n,).
        chance: Probabilities, those of labels that the corpus lacks 0.0, shape (n, labels).
    """

    label: NDArray[np.int64]
    speaker: NDArray[np.str_]
    chance: Values


def among(chance: Values, possible: NDArray[np.bool_]) -> Values:
    """Return probabilities shared among the possible labels alone."""
    kept = np.where(possible, chance, 0.0)
    return np.asarray(kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-12))


def unweighted_accuracy(judged: Judged) -> float:
    """Return the mean of the recalls of the labels that occur, percent."""
    chosen = judged.chance.argmax(axis=1)
    return float(
        100 * np.mean([(chosen[judged.label == k] == k).mean() for k in np.unique(judged.label)])
    )


def area_under_curve(score: Values, wanted: NDArray[np.bool_]) -> float:
    """Return how often what is wanted scores higher than what is not; ties count half.

    Where nothing or everything is wanted there is nothing to compare: nan.
    """
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    hits = int(wanted.sum())
    misses = wanted.size - hits
    if not hits or not misses:
        return float("nan")
    return float((rank[wanted].sum() - hits * (hits + 1) / 2) / (hits * misses))


def anger_area(judged: Judged) -> float:
    """Return the area under the curve of anger against the rest."""
    return area_under_curve(judged.chance[:, 0], judged.label == 0)


def reliability(judged: Judged) -> list[Bin]:
    """Return the bins of confidence that hold anything."""
    right = judged.chance.argmax(axis=1) == judged.label
    return _bins(judged.chance.max(axis=1), right)


def anger_reliability(judged: Judged) -> list[Bin]:
    """Return the bins of the probability of anger."""
    return _bins(judged.chance[:, 0], judged.label == 0)


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error, 0 to 1."""
    windows = sum(each.windows for each in bins)
    return sum(abs(each.said - each.so) * each.windows for each in bins) / max(windows, 1)


def label_error(judged: Judged) -> float:
    """Return the calibration error of the likeliest label."""
    return calibration_error(reliability(judged))


def anger_error(judged: Judged) -> float:
    """Return the calibration error of the probability of anger."""
    return calibration_error(anger_reliability(judged))


def figure(
    judged: Judged, corpus: str, what: str, condition: str, of: Callable[[Judged], float], seed: int
) -> Figure:
    """Return a figure with its interval; nan where it is not to be had."""
    rng = np.random.default_rng(seed)
    speakers = np.unique(judged.speaker)
    own = {name: np.flatnonzero(judged.speaker == name) for name in speakers}
    drawn = []
    for _ in range(DRAWS):
        rows = np.concatenate([own[name] for name in rng.choice(speakers, speakers.size)])
        drawn.append(of(Judged(judged.label[rows], judged.speaker[rows], judged.chance[rows])))
    known = [value for value in drawn if np.isfinite(value)] or [float("nan")]
    low, high = np.quantile(known, (0.025, 0.975))
    return Figure(
        corpus, what, condition, round(of(judged), 4), round(float(low), 4), round(float(high), 4)
    )


def _bins(said: Values, so: NDArray[np.bool_]) -> list[Bin]:
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    return [
        Bin(
            round(float(said[place == k].mean()), 4),
            round(float(so[place == k].mean()), 4),
            int((place == k).sum()),
        )
        for k in range(BINS)
        if (place == k).any()
    ]
