"""Train: one command from the folder of recordings to weights and a card.

python -m models.training.train --data ../shared/data --set open --out models/weights
"""

import argparse
import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from media.features.functionals import FEATURES_VERSION, NAMES
from models import measures
from models.card import Bin, Card, Figure
from models.emotion import LABELS
from models.measures import Judged, figure
from models.training.calibrate import cooled, temperature
from models.training.corpora import CORPORA, FOLDS, OPEN, TESTED, labels_of, read
from models.training.experiment import Ground, Part, Said, attempt, say
from models.training.export import export
from models.training.fit import Recipe
from models.training.material import LINES, prepare
from models.training.wording import WORDS, corpora_of

SEED: Final = 1
VERSIONS: Final = {"prosody-open": 1, "prosody-research": 2}
HEARD: Final = (("plain", False), ("plain", True), ("noisy", False), ("lossy", False))
LEFT_HEARD: Final = HEARD[:2]
LEFT_RECIPES: Final = 2
"""Members where a corpus is left out, the first ones: all would take half as much time again."""
CONDITIONS: Final = {
    ("plain", False): "plain line",
    ("plain", True): "plain line, baseline of 8 clips",
    ("noisy", False): "10 dB signal to noise",
    ("lossy", False): "5 % packet loss",
}
TAUGHT: Final = ("plain", *(kind for kind in LINES if kind.startswith("any")))
WHOLE: Final = (*TESTED, "ased")
"""Corpora of whole sentences: single words took .01 of the area."""
RESEARCH: Final[tuple[Recipe, ...]] = (
    Recipe(corpora=WHOLE),
    Recipe(corpora=WHOLE, kind="kernel"),
    Recipe(corpora=TESTED),
)
OPEN_RECIPES: Final[tuple[Recipe, ...]] = (Recipe(kind="linear"),)
OPEN_TAUGHT: Final = ("plain", "noisy", "lossy")
"""Lines that are tilted at will cost what a spectrum's tilt says: .02 to .03 of the area."""

Key = tuple[str, bool]


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train a set of weights.")
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--set", choices=("open", "research"), required=True, dest="which")
    parser.add_argument("--out", type=Path, required=True, help="where weights and card go")
    parser.add_argument("--cache", type=Path, default=Path("/tmp/train-cache"))  # noqa: S108
    parser.add_argument("--steps", type=int, help="fewer, to see in minutes that all runs")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.workers)
    torch.set_float32_matmul_precision("high")
    clips = read(asked.data, CORPORA, SEED)
    is_open = asked.which == "open"
    taught = OPEN_TAUGHT if is_open else TAUGHT
    kinds = tuple(dict.fromkeys((*taught, *(kind for kind, _ in HEARD))))
    lines = prepare(asked.data, asked.cache, clips, kinds, seed=SEED, workers=asked.workers)
    recipes = OPEN_RECIPES if is_open else RESEARCH
    if asked.steps:
        recipes = tuple(dataclasses.replace(recipe, steps=asked.steps) for recipe in recipes)
    ground = Ground(clips, lines, taught, recipes, is_open, SEED, asked.cache)
    work = Work(ground, OPEN if is_open else CORPORA)
    work.run(f"prosody-{asked.which}", asked.out)


class Work:
    """One set of weights on its way."""

    def __init__(self, ground: Ground, corpora: Sequence[str]) -> None:
        """Take what it stands on and which corpora may be trained on."""
        self.ground = ground
        self.corpus = np.array([clip.corpus for clip in ground.clips])
        self.fold = np.array([clip.fold for clip in ground.clips])
        self.label = np.array([clip.label for clip in ground.clips])
        self.speaker = np.array([clip.speaker for clip in ground.clips])
        self.possible = labels_of(ground.clips)
        self.allowed = np.isin(self.corpus, corpora)

    def run(self, name: str, out: Path) -> None:
        """Cross-validate, calibrate, train on all that is allowed, export, write the card."""
        own = self.allowed & np.isin(self.corpus, TESTED)
        parts = [
            Part(
                np.flatnonzero(self.allowed & (self.fold != fold)),
                np.flatnonzero(own & (self.fold == fold)),
                HEARD,
            )
            for fold in range(FOLDS)
        ]
        parts.append(Part(np.flatnonzero(self.allowed), np.zeros(0, dtype=np.int64), ()))
        if not self.ground.level_prior:
            parts += [
                Part(np.flatnonzero(self.corpus != name), np.flatnonzero(self.corpus == name),
                     LEFT_HEARD, LEFT_RECIPES)
                for name in TESTED
            ]  # fmt: skip
        said, ensembles = attempt(self.ground, parts)
        rows = np.concatenate([part.tested for part in parts[:FOLDS]])
        known = {key: np.concatenate([each[key] for each in said[:FOLDS]]) for key in HEARD}
        heats = [self._heat(known, rows, fold) for fold in range(FOLDS)]
        figures, diagrams = self._figures(rows, known, heats, "")
        final = ensembles[FOLDS].cpu()
        final.temperature = self._heat(known, rows, None)
        print(f"temperatures {heats}, at last {final.temperature}")
        if self.ground.level_prior:
            # Corpora that the weights never saw; every speaker of them is new.
            others = np.flatnonzero(~self.allowed & np.isin(self.corpus, TESTED))
            told = {key: say(self.ground, final, key[0], others, baseline=key[1]) for key in HEARD}
            more, further = self._figures(others, told, [1.0] * FOLDS, "")
            figures, diagrams = figures + more, {**diagrams, **further}
        for left, part, each in zip(TESTED, parts[FOLDS + 1 :], said[FOLDS + 1 :], strict=False):
            heat = [self._heat(known, rows, None, left)] * FOLDS
            figures += self._figures(part.tested, each, heat, ", left out")[0]
        _tell(figures)
        out.mkdir(parents=True, exist_ok=True)
        weights = out / f"{name}.onnx"
        export(final, weights)
        card = self._card(name, weights, figures, diagrams)
        (out / f"{name}.json").write_text(card.as_json(), encoding="utf-8")
        (out / f"{name}.md").write_text(card.as_page(), encoding="utf-8")

    def _heat(
        self, known: dict[Key, Said], rows: NDArray[np.int64], fold: int | None, left: str = ""
    ) -> float:
        """Return the temperature that the clips of the other folds and corpora ask for."""
        chosen = np.ones(len(rows), dtype=np.bool_) if fold is None else self.fold[rows] != fold
        groups = []
        for name in (name for name in TESTED if name != left):
            own = chosen & (self.corpus[rows] == name)
            logits = np.where(
                self.possible[name], known["plain", False][own, : len(LABELS)], -np.inf
            )
            label = self.label[rows][own]
            if self.ground.level_prior:
                # The open set knows anger, in the first column, and the rest, in the second.
                logits, label = known["plain", False][own, : len(LABELS)], (label != 0).astype(int)
            groups.append((logits, label))
        return temperature(groups)

    def _figures(
        self,
        rows: NDArray[np.int64],
        known: dict[Key, Said],
        heats: Sequence[float],
        beside: str,
    ) -> tuple[list[Figure], dict[str, list[Bin]]]:
        """Return the figures and reliability of every corpus among rows."""
        figures: list[Figure] = []
        diagrams: dict[str, list[Bin]] = {}
        heat = np.array(heats)[self.fold[rows]][:, np.newaxis]
        for key, said in known.items():
            chance = cooled(said[:, : len(LABELS)] / heat, 1.0)
            for name in TESTED:
                own = self.corpus[rows] == name
                if not own.any():
                    continue
                label, speaker = self.label[rows][own], self.speaker[rows][own]
                judged = Judged(label, speaker, measures.among(chance[own], self.possible[name]))
                raw = Judged(label, speaker, chance[own])
                # Arousal as a score of anger: column 0 of a Judged is what is ranked.
                aroused = Judged(label, speaker, (said[own, len(LABELS)][:, np.newaxis] + 1) / 2)
                condition = CONDITIONS[key] + beside
                asked: list[tuple[str, Judged, Callable[[Judged], float]]] = [
                    ("anger AUC", raw, measures.anger_area),
                    ("anger AUC by arousal", aroused, measures.anger_area),
                    ("anger ECE", raw, measures.anger_error),
                ]
                if not self.ground.level_prior:
                    asked[:0] = [
                        ("UA %", judged, measures.unweighted_accuracy),
                        ("ECE", judged, measures.label_error),
                    ]
                figures += [figure(who, name, what, condition, of, SEED) for what, who, of in asked]
                if key == ("plain", False):
                    diagrams[name] = (
                        measures.anger_reliability(raw)
                        if self.ground.level_prior
                        else measures.reliability(judged)
                    )
        return figures, diagrams

    def _card(
        self, name: str, weights: Path, figures: list[Figure], diagrams: dict[str, list[Bin]]
    ) -> Card:
        words = WORDS[name]
        return Card(
            name=name,
            version=VERSIONS[name],
            made=datetime.datetime.now(datetime.UTC).date().isoformat(),
            claims_labels=not self.ground.level_prior,
            labels=words.labels,
            business_use=words.business_use,
            licence=words.licence,
            features_version=FEATURES_VERSION,
            functionals=NAMES,
            weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
            command=f"python -m models.training.train --set {name[8:]}",
            corpora=corpora_of(
                [c for c, ok in zip(self.ground.clips, self.allowed, strict=True) if ok]
            ),
            figures=figures,
            reliability=diagrams,
            intended_use=words.intended_use,
            not_for=words.not_for,
            limits=words.limits,
        )


def _tell(figures: Sequence[Figure]) -> None:
    for each in figures:
        print(f"{each.corpus:8} {each.what:22} {each.condition:42} {each.value:7.3f} "
              f"{each.low:7.3f} {each.high:7.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
