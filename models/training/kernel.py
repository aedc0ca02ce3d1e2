"""Kernel: labels as a weighted sum of likenesses to clips that stand for the rest.

A machine of this kind on the functionals, over lines that keep the level as recorded, is as good
at ranking anger as a network on the log-mel, and errs elsewhere (docs/measure/emotion.md).

Source:
    Kernel ridge regression on landmarks: C. Williams, M. Seeger, "Using the Nystrom method to
    speed up kernel machines", NIPS 2000.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from media.features.functionals import NAMES
from models.emotion import LABELS
from models.training.corpora import CORPORA, TESTED, Clip
from models.training.material import Material, baselines
from models.training.network import CLIP, Inputs

LANDMARKS: Final = 1_000
BREADTH: Final = 0.5
"""A likeness is exp(-BREADTH * squared distance / functionals)."""
RIDGE: Final = 0.3
"""Times the number of lines."""
SHARPNESS: Final = 8.0
"""Logits per unit of the regression's target, which is 1 for the true label and 0 for others."""
TESTED_WEIGHT: Final = 2.0

Values = NDArray[np.float64]


class KernelNet(nn.Module):
    """Two machines: one for windows alone, one for windows beside the caller's baseline."""

    def __init__(
        self,
        centre: Values,
        scale: Values,
        machines: Sequence[tuple[Values, Values, Values]],
    ) -> None:
        """Take constants of normalisation, and of both machines landmarks, weights and means."""
        super().__init__()
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        for name, (landmarks, weights, mean) in zip(("cold", "warm"), machines, strict=True):
            breadth = BREADTH / landmarks.shape[1]
            for what, values in (
                # exp(-b(|x|^2 + |l|^2 - 2xl)): one product of matrices, and two sums.
                ("marks", 2 * breadth * landmarks.T),
                ("lengths", -breadth * np.square(landmarks).sum(axis=1)),
                ("weights", weights),
                ("mean", mean),
            ):
                values = torch.tensor(values, dtype=torch.float32)  # noqa: PLW2901
                self.register_buffer(f"{name}_{what}", values)

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, labels + 2)."""
        alone = ((taken.functionals - self.centre) / self.scale).clamp(-CLIP, CLIP)
        beside = ((taken.functionals - taken.baseline) / self.scale).clamp(-CLIP, CLIP)
        both = torch.cat([alone, beside], 1)
        cold = self._said("cold", alone)
        return cold + (self._said("warm", both) - cold) * taken.has_baseline

    def _said(self, name: str, x: Tensor) -> Tensor:
        own = -BREADTH / x.shape[1] * x.square().sum(1, keepdim=True)
        alike = torch.exp(x @ self.get_buffer(f"{name}_marks") + own
                          + self.get_buffer(f"{name}_lengths"))  # fmt: skip
        out: Tensor = alike @ self.get_buffer(f"{name}_weights") + self.get_buffer(f"{name}_mean")
        return out


def fit_kernel(
    clips: Sequence[Clip],
    lines: Sequence[Material],
    rows: NDArray[np.int64],
    seed: int,
    count: int,
    *,
    corpora: Sequence[str] = CORPORA,
) -> KernelNet:
    """Return both machines, in closed form.

    Args:
        clips: Rows of every material.
        lines: The same clips over several lines.
        rows: Which clips may be seen; those without a label are passed over.
        seed: Chooses landmarks, and the clips of baselines.
        count: Clips in a baseline.
        corpora: What may be learnt from.
    """
    rng = np.random.default_rng(seed)
    seen = np.array([r for r in rows if clips[r].label >= 0 and clips[r].corpus in corpora])
    heard = np.concatenate([line.functionals[seen] for line in lines]).astype(np.float64)
    usual = np.concatenate([baselines(clips, line.functionals, rng, count)[seen] for line in lines])
    centre, scale = np.median(heard, axis=0), np.maximum(heard.std(axis=0), 1e-3)
    alone = np.clip((heard - centre) / scale, -CLIP, CLIP)
    # A clip alone in its call differs from nothing that is known.
    beside = np.nan_to_num(np.clip((heard - usual) / scale, -CLIP, CLIP))
    wanted = np.tile(_wanted(clips, seen), (len(lines), 1))
    weight = np.tile(_weights(clips, seen), len(lines))
    mean = np.asarray(np.average(wanted, axis=0, weights=weight))
    chosen = rng.choice(len(alone), min(LANDMARKS, len(alone)), replace=False)
    machines: list[tuple[Values, Values, Values]] = []
    for x in (alone, np.concatenate([alone, beside], axis=1)):
        marks = x[chosen]
        alike = _alike(x, marks)
        inner = alike.T @ (alike * weight[:, np.newaxis])
        inner += RIDGE * len(lines) * (_alike(marks, marks) + 1e-6 * np.eye(len(marks)))
        right = alike.T @ (weight[:, np.newaxis] * (wanted - mean))
        weights = np.asarray(np.linalg.solve(inner, right), dtype=np.float64)
        machines.append((marks, weights, mean))
    assert alone.shape[1] == len(NAMES)
    return KernelNet(centre, scale, machines)


def _alike(x: Values, marks: Values) -> Values:
    squared = (
        np.square(x).sum(axis=1)[:, np.newaxis] + np.square(marks).sum(axis=1) - 2 * x @ marks.T
    )
    return np.asarray(np.exp(-BREADTH / x.shape[1] * squared))


def _wanted(clips: Sequence[Clip], rows: NDArray[np.int64]) -> Values:
    """Return logits of labels, then arousal and valence before tanh, shape (n, labels + 2)."""
    label = SHARPNESS * np.eye(len(LABELS))[[clips[row].label for row in rows]]
    dimensions = np.array([[clips[row].arousal, clips[row].valence] for row in rows])
    return np.column_stack([label, np.arctanh(dimensions)])


def _weights(clips: Sequence[Clip], rows: NDArray[np.int64]) -> Values:
    """Return how much each row counts: labels of corpora alike, and what is tested twice."""
    keys = [(clips[row].corpus, clips[row].label) for row in rows]
    count = {key: keys.count(key) for key in set(keys)}
    found = np.array([(TESTED_WEIGHT if key[0] in TESTED else 1) / count[key] for key in keys])
    return np.asarray(found / found.mean())
