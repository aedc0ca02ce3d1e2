"""Fit: trains one network on material, seeded, on one core."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from media.features.logmel import BANDS
from models.emotion import LABELS
from models.training.corpora import TESTED, Clip, labels_of
from models.training.linear import fit_linear
from models.training.material import Material, baselines
from models.training.network import Inputs, ProsodyNet, SpectralNet

BASELINE_CLIPS: Final = 8
"""As many other clips as a baseline is tested with."""
BASELINE_SHARE: Final = 0.5
"""Of the windows that are shown with a baseline; the rest teaches the cold start."""
SMOOTHING: Final = 0.1
TESTED_WEIGHT: Final = 2.0
"""Whole sentences against single words: .02 to .04 of the accuracy (docs/measure/emotion.md)."""
AROUSAL_WEIGHT: Final = 1.0
VALENCE_WEIGHT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        spectral: The log-mel too, and not only the functionals.
        epochs: Times that every clip is shown, over a line drawn anew each time.
        rate: Highest step of AdamW, reached at a third.
        decay: Of the weights.
        dropout: Of the functionals' layers.
        batch: Clips in a step.
        linear: Weights of functionals for anger and arousal, and nothing else here matters.
    """

    spectral: bool = False
    epochs: int = 60
    rate: float = 3e-3
    decay: float = 0.02
    dropout: float = 0.4
    batch: int = 128
    linear: bool = False


def fit(
    recipe: Recipe,
    clips: Sequence[Clip],
    lines: Sequence[Material],
    rows: NDArray[np.int64],
    seed: int,
) -> nn.Module:
    """Return a network trained on some rows.

    Args:
        recipe: How.
        clips: Rows of every material.
        lines: The same clips over several lines.
        rows: Which clips may be seen.
        seed: Of everything random.
    """
    if recipe.linear:
        return fit_linear(clips, lines, rows, seed, BASELINE_CLIPS).eval()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    seen = np.concatenate([line.functionals[rows] for line in lines])
    centre = np.median(seen, axis=0).astype(np.float64)
    scale = np.maximum(seen.std(axis=0, dtype=np.float64), 1e-3)
    network: nn.Module = (
        SpectralNet(centre, scale)
        if recipe.spectral
        else ProsodyNet(centre, scale, dropout=recipe.dropout)
    )
    told = Told.of(clips, rows)
    beside = [baselines(clips, line.functionals, rng, BASELINE_CLIPS) for line in lines]
    steps = max(len(rows) // recipe.batch, 2)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * steps
    )
    network.train()
    for _ in range(recipe.epochs):
        order = rng.permutation(rows)
        for step in range(steps):
            chosen = np.sort(order[step::steps])
            line = int(rng.integers(len(lines)))
            shown = rng.random(len(chosen)) < BASELINE_SHARE
            taken = inputs(lines[line], chosen, beside[line], shown, spectral=recipe.spectral)
            if recipe.spectral:
                taken = _hidden_in_part(taken, rng)
            loss = told.loss(network(taken), chosen)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network.eval()


def inputs(
    line: Material,
    rows: NDArray[np.int64],
    beside: NDArray[np.float32],
    shown: NDArray[np.bool_],
    *,
    spectral: bool,
) -> Inputs:
    """Return rows of a material as a network takes them.

    Args:
        line: The material.
        rows: Which.
        beside: Baselines of all rows, nan where there is none.
        shown: Which of the chosen rows show theirs, shape (len(rows),).
        spectral: With the log-mel; without, it is one empty frame.
    """
    own = beside[rows]
    known = shown & ~np.isnan(own).any(axis=1)
    frames = (
        line.log_mel[rows].astype(np.float32)
        if spectral
        else np.zeros((len(rows), 1, BANDS), np.float32)
    )
    active = (
        line.active[rows].astype(np.float32) if spectral else np.zeros((len(rows), 1), np.float32)
    )
    return Inputs(
        torch.from_numpy(frames),
        torch.from_numpy(active),
        torch.from_numpy(line.functionals[rows]),
        torch.from_numpy(np.where(known[:, np.newaxis], own, 0).astype(np.float32)),
        torch.from_numpy(known[:, np.newaxis].astype(np.float32)),
    )


def _hidden_in_part(taken: Inputs, rng: np.random.Generator) -> Inputs:
    """Hide a few bands and a stretch of time (D. Park et al., SpecAugment, Interspeech 2019)."""
    mel, active = taken.log_mel.clone(), taken.active.clone()
    mean = mel.mean((1, 2), keepdim=True)
    for row in range(mel.shape[0]):
        low = int(rng.integers(BANDS - 6))
        mel[row, :, low : low + int(rng.integers(7))] = mean[row]
        start = int(rng.integers(mel.shape[1] - 30))
        active[row, start : start + int(rng.integers(30))] = 0
    return Inputs(mel, active, taken.functionals, taken.baseline, taken.has_baseline)


@dataclass(frozen=True, slots=True)
class Told:
    """What the corpora say of each clip, and how much each clip counts.

    Attributes:
        label: Shape (n,), -1 where unknown.
        arousal: Shape (n,).
        valence: Shape (n,), nan where unknown.
        possible: Labels of each clip's corpus, shape (n, len(LABELS)).
        weight: Shape (n,): every label of every corpus counts alike, and whole sentences twice.
    """

    label: Tensor
    arousal: Tensor
    valence: Tensor
    possible: Tensor
    weight: Tensor

    @classmethod
    def of(cls, clips: Sequence[Clip], rows: NDArray[np.int64]) -> "Told":
        """Gather the labels of clips; the weights look at `rows` alone."""
        known = labels_of(clips)
        count: dict[tuple[str, int], int] = {}
        for row in rows:
            key = (clips[row].corpus, clips[row].label)
            count[key] = count.get(key, 0) + 1
        weight = np.array(
            [
                (TESTED_WEIGHT if c.corpus in TESTED else 1) / count.get((c.corpus, c.label), 1)
                for c in clips
            ]
        )
        return cls(
            torch.tensor([clip.label for clip in clips]),
            torch.tensor([clip.arousal for clip in clips], dtype=torch.float32),
            torch.tensor([clip.valence for clip in clips], dtype=torch.float32),
            torch.from_numpy(np.stack([known[clip.corpus] for clip in clips])),
            torch.tensor(weight / weight[rows].mean(), dtype=torch.float32),
        )

    def loss(self, out: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return the weighted loss of a batch, over what its clips' corpora label."""
        weight, label, valence = self.weight[rows], self.label[rows], self.valence[rows]
        labels = len(LABELS)
        possible = self.possible[rows]
        chance = torch.log_softmax(out[:, :labels].masked_fill(~possible, -1e4), dim=1)
        target = functional.one_hot(label.clamp(min=0), labels) * (1 - SMOOTHING)
        target = target + SMOOTHING * possible / possible.sum(1, keepdim=True)
        crossed = -(target * chance.masked_fill(~possible, 0)).sum(1) * (label >= 0)
        aroused = (torch.tanh(out[:, labels]) - self.arousal[rows]).square()
        felt = torch.nan_to_num(torch.tanh(out[:, labels + 1]) - valence).square()
        felt = felt * ~torch.isnan(valence)
        each = crossed + AROUSAL_WEIGHT * aroused + VALENCE_WEIGHT * felt
        return (each * weight).mean()
