"""Linear: anger and arousal as a weighted sum of functionals, for few speakers.

With eight speakers to learn from, a network on the same functionals carried over to other
corpora less well than this (docs/measure/emotion.md).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from media.features.functionals import LEVEL_NAME, NAMES
from models.emotion import LABELS
from models.training.corpora import Clip
from models.training.material import Material, baselines
from models.training.network import CLIP, Inputs

RIDGE: Final = 100.0
"""Times the number of lines: one clip in four weighs against the weights."""
NEVER: Final = -30.0
"""Logit of labels that are not claimed."""

Values = NDArray[np.float64]


class LinearNet(nn.Module):
    """Evidence for anger in the column of anger, zero in the next one, which means the rest.

    With a baseline, half of the evidence comes from what differs from it.
    """

    def __init__(
        self, centre: Values, scale: Values, alone: Values, beside: Values, shift: Values
    ) -> None:
        """Take constants of normalisation, (k,), and weights of anger and arousal, (k, 2)."""
        super().__init__()
        for name, values in (
            ("centre", centre), ("scale", scale), ("alone", alone), ("beside", beside),
            ("shift", shift),
        ):  # fmt: skip
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, labels + 2); nothing is known of valence."""
        alone = ((taken.functionals - self.centre) / self.scale).clamp(-CLIP, CLIP) @ self.alone
        beside = ((taken.functionals - taken.baseline) / self.scale).clamp(
            -CLIP, CLIP
        ) @ self.beside
        both = (1 - taken.has_baseline / 2) * alone + taken.has_baseline / 2 * beside + self.shift
        nothing = torch.zeros_like(both[:, :1])
        never = (nothing + NEVER).expand(-1, len(LABELS) - 2)
        return torch.cat([both[:, :1], nothing, never, both[:, 1:], nothing], 1)


def fit_linear(
    clips: Sequence[Clip], lines: Sequence[Material], rows: NDArray[np.int64], seed: int, count: int
) -> LinearNet:
    """Return weights by ridge regression; anger's are scaled to a logit on the same clips.

    Args:
        clips: Rows of every material.
        lines: The same clips over several lines.
        rows: Which clips may be seen.
        seed: Chooses the clips of baselines.
        count: Clips in a baseline.
    """
    rng = np.random.default_rng(seed)
    heard = np.concatenate([line.functionals[rows] for line in lines]).astype(np.float64)
    usual = np.concatenate([baselines(clips, line.functionals, rng, count)[rows] for line in lines])
    centre, scale = np.median(heard, axis=0), np.maximum(heard.std(axis=0), 1e-3)
    # The recordings were levelled one by one: what their level would teach is false.
    deaf = np.array([name != LEVEL_NAME for name in NAMES], dtype=np.float64)
    angry = np.tile([float(clips[row].label == 0) for row in rows], len(lines))
    aroused = np.tile([clips[row].arousal for row in rows], len(lines))
    wanted = np.column_stack([angry, np.arctanh(aroused)])
    shift = wanted.mean(axis=0)
    weights = []
    for known in (heard - centre, heard - np.where(np.isnan(usual), centre, usual)):
        x = np.clip(known / scale, -CLIP, CLIP) * deaf
        inner = x.T @ x + RIDGE * len(lines) * np.eye(len(NAMES))
        weights.append(np.linalg.solve(inner, x.T @ (wanted - shift)) * deaf[:, np.newaxis])
    score = np.clip((heard - centre) / scale, -CLIP, CLIP) @ weights[0][:, 0]
    slope, offset = _logit(score, angry)
    for each in weights:
        each[:, 0] *= slope
    return LinearNet(centre, scale, weights[0], weights[1], np.array([offset, shift[1]]))


def _logit(score: Values, wanted: Values) -> tuple[float, float]:
    """Return slope and offset of the logistic curve through a score, by Newton's method."""
    x = np.column_stack([score, np.ones_like(score)])
    found = np.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        bend = (x * (chance * (1 - chance))[:, np.newaxis]).T @ x + 1e-3 * np.eye(2)
        found = found + np.linalg.solve(bend, x.T @ (wanted - chance))
    return float(found[0]), float(found[1])
