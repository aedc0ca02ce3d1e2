"""Truth: scores beside what is known of the recordings, as the figures of a model's card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from domain.emotion import EmotionLabel
from models.card import Figure
from models.emotion import LABELS
from models.measures import (
    Judged,
    among,
    anger_area,
    anger_error,
    figure,
    label_error,
    unweighted_accuracy,
)
from server.analyse.clips import Clip

HARMONISED: Final = {
    "calm": "neutral",
    "boredom": "neutral",
    "bored": "neutral",
    "anger": "angry",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "fearful": "fear",
    "surprised": "surprise",
    "disgusted": "disgust",
}
"""Names that corpora use beside ours; calm and boredom count as neutral, as in training."""
SEED: Final = 1
"""Of the speakers drawn anew, so that a figure comes out the same twice."""


@dataclass(slots=True)
class _Corpus:
    """Rows of one corpus: true places in LABELS, speakers, probabilities."""

    label: list[int] = field(default_factory=list)
    speaker: list[str] = field(default_factory=list)
    chance: list[list[float]] = field(default_factory=list)


class Comparison:
    """Gathers scores and what is known; of each row nine numbers are kept.

    Attributes:
        unknown: Rows whose label is none of ours.
        unscored: Rows without a score.
    """

    def __init__(self, column: str, *, claims_labels: bool) -> None:
        """Begin with nothing.

        Args:
            column: Of the true label.
            claims_labels: Whether the weights claim more than anger.
        """
        self.unknown = 0
        self.unscored = 0
        self._column = column
        self._claims_labels = claims_labels
        self._corpora: dict[str, _Corpus] = {}

    def take(self, clip: Clip) -> None:
        """Take a score, and what its row of the manifest says.

        Columns `corpus` and `speaker` are read where they are there; without speakers every row
        is one of its own, and the interval is too narrow.
        """
        row = clip.row
        said = row[self._column].strip().lower()
        label = HARMONISED.get(said, said)
        if label not in LABELS:
            self.unknown += 1
            return
        if clip.score is None:
            self.unscored += 1
            return
        corpus = self._corpora.setdefault(row.get("corpus", ""), _Corpus())
        corpus.label.append(LABELS.index(label))
        corpus.speaker.append(row.get("speaker") or str(len(corpus.speaker)))
        chance = clip.score.probabilities
        corpus.chance.append([chance.get(EmotionLabel(name), 0.0) for name in LABELS])

    def figures(self) -> list[Figure]:
        """Return what a card tells of each corpus."""
        return [each for name in sorted(self._corpora) for each in self._of(name)]

    def _of(self, name: str) -> list[Figure]:
        corpus = self._corpora[name]
        raw = Judged(np.array(corpus.label), np.array(corpus.speaker), np.array(corpus.chance))
        speakers = np.unique(raw.speaker).size
        condition = f"{raw.label.size:,} clips, {speakers:,} speakers"
        asked: list[tuple[str, Judged, Callable[[Judged], float]]] = []
        if self._claims_labels:
            possible = np.isin(np.arange(len(LABELS)), raw.label)
            shared = Judged(raw.label, raw.speaker, among(raw.chance, possible))
            asked = [("UA %", shared, unweighted_accuracy), ("ECE", shared, label_error)]
        asked += [("anger AUC", raw, anger_area), ("anger ECE", raw, anger_error)]
        return [figure(who, name or "all", what, condition, of, SEED) for what, who, of in asked]


def trained_on(figures: Sequence[Figure], corpora: Sequence[str]) -> list[str]:
    """Return the corpora of figures that weights were trained on: there they prove nothing."""
    return sorted({each.corpus for each in figures} & set(corpora))
