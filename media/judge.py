"""The judge: windows of customers' speech in, what they say of emotion out; all calls at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.emotion import EmotionLabel, EmotionScore, LabelProbabilities
from domain.errors import EmotionForbidden
from domain.speech import Speaker
from media.baseline import CallerBaseline, Functionals
from media.features.framing import batch_of
from media.features.functionals import NAMES, features
from media.features.line import through_band
from media.pcm import Samples
from media.prosody import evidence, readable

BATCH_WINDOWS: Final = 128
"""Windows that are judged in one go: 128 of 3 s take 12 MB and as little a window as more do."""

Values = NDArray[np.float32]


class Scores(Protocol):
    """What a model says of n windows; see `models.emotion.EmotionScores`."""

    @property
    def probabilities(self) -> Values:
        """Of the labels, shape (n, 7); nan where not claimed."""
        ...

    @property
    def anger(self) -> Values:
        """Shape (n,)."""
        ...

    @property
    def arousal(self) -> Values:
        """Shape (n,)."""
        ...

    @property
    def valence(self) -> Values:
        """Shape (n,); nan where not claimed."""
        ...

    @property
    def confidence(self) -> Values:
        """Shape (n,)."""
        ...


class Scorer(Protocol):
    """A model; `models.emotion.EmotionModel` is one."""

    def score(
        self,
        log_mel: Values,
        active: NDArray[np.bool_],
        functionals: Values,
        baseline: Values | None = None,
    ) -> Scores:
        """Return what it says of n windows."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a customer's speech, ready to be judged.

    Attributes:
        speaker: Whose voice it is; any but the customer's is refused.
        samples: Shape (s,), WINDOW_SAMPLES_MIN to WINDOW_SAMPLES_MAX, at TAP_RATE_HZ.
        start_s, end_s: Seconds since the contact's first tapped frame.
        voiced_s: Speech within it, seconds.
        baseline: The caller's own, and it learns from the judgement; None: he is to be judged
            without.
    """

    speaker: Speaker
    samples: Samples
    start_s: float
    end_s: float
    voiced_s: float
    baseline: CallerBaseline | None = None


class VoiceJudge:
    """Features and model, joined."""

    def __init__(self, scorer: Scorer, model: str, labels: Sequence[str]) -> None:
        """Join them.

        Args:
            scorer: The model.
            model: Name and version, such as "prosody-open@1".
            labels: The order of its probabilities.
        """
        self.model = model
        self._scorer = scorer
        self._labels = tuple(EmotionLabel(label) for label in labels)

    def judge(self, windows: Sequence[Window]) -> list[EmotionScore]:
        """Return a judgement of each window, in their order.

        Raises:
            EmotionForbidden: One is not the customer's; none is judged then.
        """
        for window in windows:
            if window.speaker is not Speaker.CUSTOMER:
                raise EmotionForbidden(window.speaker)
        scores: list[EmotionScore] = []
        for start in range(0, len(windows), BATCH_WINDOWS):
            scores += self._judge(windows[start : start + BATCH_WINDOWS])
        return scores

    def _judge(self, windows: Sequence[Window]) -> list[EmotionScore]:
        heard = features(through_band(batch_of([window.samples for window in windows])))
        beside = [
            None if window.baseline is None else window.baseline.beside(row)
            for window, row in zip(windows, heard.functionals, strict=True)
        ]
        unknown = np.full(len(NAMES), np.nan, dtype=np.float32)
        baseline = np.stack([unknown if one is None else one for one in beside])
        said = self._scorer.score(heard.log_mel, heard.active, heard.functionals, baseline)
        scores = []
        for row, window in enumerate(windows):
            functionals, anger = heard.functionals[row], float(said.anger[row])
            scores.append(self._score(window, said, row, functionals, beside[row]))
            if window.baseline is not None:
                window.baseline.learn(functionals, anger)
        return scores

    def _score(
        self,
        window: Window,
        said: Scores,
        row: int,
        functionals: Functionals,
        beside: Functionals | None,
    ) -> EmotionScore:
        valence = float(said.valence[row])
        voiced_s = min(round(window.voiced_s, 3), window.end_s - window.start_s)
        return EmotionScore(
            speaker=window.speaker,
            window_start_s=window.start_s,
            window_end_s=window.end_s,
            voiced_s=voiced_s,
            anger=_rounded(said.anger[row]),
            arousal=_rounded(said.arousal[row]),
            valence=None if np.isnan(valence) else _rounded(valence),
            confidence=_rounded(said.confidence[row]),
            probabilities=self._claimed(said.probabilities[row]),
            model=self.model,
            evidence=evidence(functionals, beside),
            prosody=readable(functionals, beside, max(voiced_s, 0.02)),
        )

    def _claimed(self, probabilities: Values) -> LabelProbabilities | None:
        if np.isnan(probabilities).any():
            return None
        return LabelProbabilities(
            **{
                label.value: _rounded(value)
                for label, value in zip(self._labels, probabilities, strict=True)
            }
        )


def _rounded(value: float) -> float:
    """Return four digits: more are noise, and every event carries them."""
    return round(float(value), 4)
