"""A model that the test plays: it says what the level of a window tells it to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.features.functionals import LEVEL_NAME, NAMES
from media.judge import Values, VoiceJudge

LABELS = ("angry", "happy", "neutral", "sad", "fear", "surprise", "disgust")
LEVEL = NAMES.index(LEVEL_NAME)


@dataclass
class PlayedScores:
    probabilities: Values
    anger: Values
    arousal: Values
    valence: Values
    confidence: Values


class LoudIsAngry:
    """Anger is 1 at 0 dBov and 0 at -60; remembers all that it was given."""

    def __init__(self, *, claims: bool = False) -> None:
        self.claims = claims
        self.given: list[Values] = []
        self.baselines: list[Values] = []
        self.batches: list[int] = []

    def score(
        self,
        log_mel: Values,
        active: NDArray[np.bool_],
        functionals: Values,
        baseline: Values | None = None,
    ) -> PlayedScores:
        assert baseline is not None
        self.batches.append(len(functionals))
        self.given += list(functionals)
        self.baselines += list(baseline)
        anger = np.clip(1 + functionals[:, LEVEL] / 60, 0, 1).astype(np.float32)
        unknown = np.full(len(anger), np.nan, dtype=np.float32)
        chance = np.full((len(anger), len(LABELS)), np.nan, dtype=np.float32)
        if self.claims:
            chance[:] = (1 - anger[:, np.newaxis]) / 6
            chance[:, 0] = anger
            unknown = 1 - 2 * anger
        return PlayedScores(chance, anger, 2 * anger - 1, unknown, np.maximum(anger, 1 - anger))


def judge_with(scorer: LoudIsAngry) -> VoiceJudge:
    return VoiceJudge(scorer, "loud-is-angry@1", LABELS)
