"""Emotion: what the features of windows of speech say of the caller's emotion.

Features are computed elsewhere and handed in, for all calls at once: one batch, one run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError
from models.card import Card
from models.onnx import Session
from models.weights_folder import WEIGHTS

LABELS: Final = ("angry", "happy", "neutral", "sad", "fear", "surprise", "disgust")
"""The order of probabilities."""
WINDOWS_MAX: Final = 1_024
"""In one batch: at 50 kB of log-mel each, 50 MB; more calls than one core can analyse."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """What a model says of n windows.

    Attributes:
        probabilities: Of LABELS, shape (n, len(LABELS)), a row adds up to 1; all nan from a
            model that does not claim them.
        anger: Probability of anger against everything else, shape (n,).
        arousal: Calm to agitated, -1 to 1, shape (n,).
        valence: Unpleasant to pleasant, -1 to 1, shape (n,); nan where not claimed.
        confidence: Calibrated on speakers that were not trained on, 0 to 1, shape (n,): of the
            likeliest label, or of anger or its absence where that is all that is claimed.
    """

    probabilities: Values
    anger: Values
    arousal: Values
    valence: Values
    confidence: Values


class EmotionModel:
    """Weights and their card, ready to score."""

    def __init__(self, session: Session, card: Card) -> None:
        """Join a session and the card of its weights."""
        self.card = card
        self._session = session

    @classmethod
    def load(cls, name: str, *, features_version: int, folder: Path = WEIGHTS) -> "EmotionModel":
        """Open a set of weights.

        Args:
            name: "prosody-open" or "prosody-research".
            features_version: Of the features that will be handed in.
            folder: Where `<name>.onnx` and `<name>.json` lie.

        Raises:
            ModelError: There is no such set, it cannot be read, or it was trained on other
                features.
        """
        card = Card.read(folder / f"{name}.json")
        if card.features_version != features_version:
            raise ModelError(
                f"{name} was trained on features of version {card.features_version}, "
                f"and features of version {features_version} are computed here"
            )
        return cls(Session(folder / f"{name}.onnx", sha256=card.weights_sha256), card)

    def score(
        self,
        log_mel: Values,
        active: NDArray[np.bool_],
        functionals: Values,
        baseline: Values | None = None,
    ) -> EmotionScores:
        """Return what the model says of n windows.

        Args:
            log_mel: dB, shape (n, frames, bands).
            active: Frames that hold speech, shape (n, frames).
            functionals: Shape (n, functionals), in the card's order.
            baseline: Mean functionals of the same caller's other speech, same shape; a row of
                nan where nothing is known of him yet.

        Raises:
            ModelError: Shapes do not fit, there are too many windows, or a feature is not
                finite.
        """
        windows = functionals.shape[0]
        if windows > WINDOWS_MAX:
            raise ModelError(f"{windows} windows at once are over the limit of {WINDOWS_MAX}")
        names = len(self.card.functionals)
        unknown: Values = np.full(functionals.shape, np.nan, dtype=np.float32)
        beside = unknown if baseline is None else baseline
        for what, values, shape in (
            ("log_mel", log_mel, (windows, *log_mel.shape[1:])),
            ("active", active, log_mel.shape[:2]),
            ("functionals", functionals, (windows, names)),
            ("baseline", beside, (windows, names)),
        ):
            if values.shape != shape:
                raise ModelError(f"{what} has shape {values.shape}, and {shape} is wanted")
        if not (np.isfinite(log_mel).all() and np.isfinite(functionals).all()):
            raise ModelError("log_mel or functionals hold what is not finite")
        known = np.isfinite(beside).all(axis=1).reshape(windows, 1)
        probabilities, arousal, valence = self._session.run(
            {
                "log_mel": log_mel.astype(np.float32, copy=False),
                "active": active.astype(np.float32),
                "functionals": functionals.astype(np.float32, copy=False),
                "baseline": np.where(known, beside, 0).astype(np.float32),
                "has_baseline": known.astype(np.float32),
            }
        )
        anger = probabilities[:, 0]
        if self.card.claims_labels:
            return EmotionScores(
                probabilities, anger, arousal, valence, probabilities.max(axis=1, initial=0.0)
            )
        return EmotionScores(
            np.full_like(probabilities, np.nan),
            anger,
            arousal,
            np.full_like(valence, np.nan),
            np.maximum(anger, 1 - anger),
        )
