"""Experiment: what is trained on some speakers and says something of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.emotion import LABELS
from models.training.corpora import Clip
from models.training.fit import BASELINE_CLIPS, Recipe, Stock, device_here, fit
from models.training.kernel import fit_kernel
from models.training.linear import fit_linear
from models.training.material import Material, baselines
from models.training.network import Ensemble, Inputs, Member

ROWS_AT_ONCE: Final = 256
NETWORKS_AT_ONCE: Final = {"cpu": 4, "cuda": 48}
"""In one bank: what memory holds."""

LEVEL_LINES: Final = ("plain", "noisy", "lossy")
"""Lines that leave the level as recorded, for what learns from it."""

Said = NDArray[np.float64]
"""Log probabilities of LABELS at temperature 1, arousal and valence: shape (n, labels + 2)."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an experiment stands on.

    Attributes:
        clips: All clips, rows of every material.
        lines: Every kind of line by its name.
        taught: The names of the lines that training hears.
        recipes: One for each member of the ensemble.
        level_prior: As Ensemble takes it.
        cache: Folder where trainings keep their progress; None: they keep none.
    """

    clips: Sequence[Clip]
    lines: Mapping[str, Material]
    taught: Sequence[str]
    recipes: Sequence[Recipe]
    level_prior: bool
    seed: int
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One split: rows to train on, rows to speak of, and how the latter are heard.

    Attributes:
        heard: Pairs of a kind of line and whether there is a baseline.
        recipes: How many of the ground's recipes, for a split that has to be cheap; None for all.
    """

    taught: NDArray[np.int64]
    tested: NDArray[np.int64]
    heard: Sequence[tuple[str, bool]]
    recipes: int | None = None


def members(ground: Ground, parts: Sequence[Part]) -> list[list[nn.Module]]:
    """Return an ensemble's members for each split; networks of one shape share a bank."""
    taught = [ground.lines[name] for name in ground.taught]
    jobs = [
        (place, ground.seed + n, recipe)
        for place, part in enumerate(parts)
        for n, recipe in enumerate(ground.recipes[: part.recipes])
    ]
    found: list[list[nn.Module]] = [[] for _ in parts]
    shapes: dict[tuple[Any, ...], list[tuple[int, int, Recipe]]] = {}
    for job in jobs:
        place, seed, recipe = job
        rows = parts[place].taught
        if recipe.kind == "linear":
            found[place].append(fit_linear(ground.clips, taught, rows, seed, BASELINE_CLIPS).eval())
        elif recipe.kind == "kernel":
            level = [ground.lines[name] for name in LEVEL_LINES]
            found[place].append(
                fit_kernel(
                    ground.clips, level, rows, seed, BASELINE_CLIPS, corpora=recipe.corpora
                ).eval()
            )
        else:
            shapes.setdefault(recipe.shape, []).append(job)
    if not shapes:
        return found
    device = device_here()
    stock = Stock(ground.clips, taught, ground.seed, device)
    many = NETWORKS_AT_ONCE[device.type]
    for alike in shapes.values():
        for at in range(0, len(alike), many):
            some = alike[at : at + many]
            bank = fit(
                [recipe for _, _, recipe in some],
                stock,
                [parts[place].taught for place, _, _ in some],
                ground.seed + at,
                ground.cache,
            )
            for n, (place, _, _) in enumerate(some):
                found[place].append(Member(bank.alone(n)).eval())
    return found


def say(
    ground: Ground,
    ensemble: Ensemble,
    kind: str,
    rows: NDArray[np.int64],
    *,
    baseline: bool,
) -> Said:
    """Return what an ensemble says of rows over one kind of line, with a baseline or without."""
    line = ground.lines[kind]
    rng = np.random.default_rng(ground.seed)
    beside = baselines(ground.clips, line.functionals, rng, BASELINE_CLIPS)
    device = next(iter(ensemble.state_dict().values())).device
    found = []
    for at in range(0, len(rows), ROWS_AT_ONCE):
        taken = inputs(line, rows[at : at + ROWS_AT_ONCE], beside, device, baseline=baseline)
        with torch.no_grad():
            chance, arousal, valence = ensemble(
                taken.log_mel, taken.active, taken.functionals, taken.baseline, taken.has_baseline
            )
        found.append(
            np.column_stack(
                [
                    np.log(chance.double().clamp(min=1e-12).cpu().numpy()),
                    arousal.cpu().numpy(),
                    valence.cpu().numpy(),
                ]
            )
        )
    return np.concatenate(found) if found else np.zeros((0, len(LABELS) + 2))


def inputs(
    line: Material,
    rows: NDArray[np.int64],
    beside: NDArray[np.float32],
    device: torch.device,
    *,
    baseline: bool,
) -> Inputs:
    """Return rows of a material as a network takes them; `beside` is nan where unknown."""
    own = beside[rows]
    known = ~np.isnan(own).any(axis=1, keepdims=True) & baseline
    return Inputs(
        torch.from_numpy(line.log_mel[rows].astype(np.float32)).to(device),
        torch.from_numpy(line.active[rows].astype(np.float32)).to(device),
        torch.from_numpy(line.functionals[rows]).to(device),
        torch.from_numpy(np.where(known, own, 0).astype(np.float32)).to(device),
        torch.from_numpy(known.astype(np.float32)).to(device),
    )


def attempt(ground: Ground, parts: Sequence[Part]) -> tuple[list[dict[Any, Said]], list[Ensemble]]:
    """Return what is said in each split, in their order, and by whom."""
    ensembles = [
        Ensemble(own, 1.0, level_prior=ground.level_prior).eval() for own in members(ground, parts)
    ]
    found = [
        {
            (kind, baseline): say(ground, ensemble, kind, part.tested, baseline=baseline)
            for kind, baseline in part.heard
        }
        for part, ensemble in zip(parts, ensembles, strict=True)
    ]
    return found, ensembles
