"""Experiment: what is trained on some speakers and says something of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.emotion import LABELS
from models.training.corpora import Clip
from models.training.fit import BASELINE_CLIPS, Recipe, fit, inputs
from models.training.material import Material, baselines
from models.training.network import Ensemble

ROWS_AT_ONCE: Final = 256

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
    """

    clips: Sequence[Clip]
    lines: Mapping[str, Material]
    taught: Sequence[str]
    recipes: Sequence[Recipe]
    level_prior: bool
    seed: int


def members(ground: Ground, rows: NDArray[np.int64]) -> list[nn.Module]:
    """Return the ensemble's members, trained on some rows."""
    taught = [ground.lines[name] for name in ground.taught]
    return [
        fit(recipe, ground.clips, taught, rows, ground.seed + place)
        for place, recipe in enumerate(ground.recipes)
    ]


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
    spectral = any(recipe.spectral for recipe in ground.recipes)
    found = []
    for at in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[at : at + ROWS_AT_ONCE]
        taken = inputs(line, some, beside, np.full(len(some), baseline), spectral=spectral)
        with torch.no_grad():
            chance, arousal, valence = ensemble(
                taken.log_mel, taken.active, taken.functionals, taken.baseline, taken.has_baseline
            )
        found.append(
            np.column_stack(
                [np.log(chance.double().clamp(min=1e-12).numpy()), arousal.numpy(), valence.numpy()]
            )
        )
    return np.concatenate(found) if found else np.zeros((0, len(LABELS) + 2))


@dataclass(frozen=True, slots=True)
class Part:
    """One split: rows to train on, rows to speak of, and how the latter are heard.

    Attributes:
        heard: Pairs of a kind of line and whether there is a baseline.
    """

    taught: NDArray[np.int64]
    tested: NDArray[np.int64]
    heard: Sequence[tuple[str, bool]]


_GROUND: Ground | None = None


def _begin(ground: Ground) -> None:
    global _GROUND  # noqa: PLW0603 a forked worker keeps the material that it inherited
    _GROUND = ground
    torch.set_num_threads(1)


def _try(part: Part) -> dict[tuple[str, bool], Said]:
    assert _GROUND is not None
    ensemble = Ensemble(members(_GROUND, part.taught), 1.0, level_prior=_GROUND.level_prior).eval()
    return {
        (kind, baseline): say(_GROUND, ensemble, kind, part.tested, baseline=baseline)
        for kind, baseline in part.heard
    }


def attempt(ground: Ground, parts: Sequence[Part], workers: int) -> list[dict[Any, Said]]:
    """Return what is said in each split, in their order; splits run beside one another.

    Workers are forked, so that hundreds of megabytes of material are not copied.
    """
    with get_context("fork").Pool(workers, _begin, (ground,)) as pool:
        return pool.map(_try, parts, chunksize=1)
