"""Emotion as it was judged: one window of the customer's speech, or of his words.

The customer's and nobody else's. To infer the emotions of staff at work is forbidden (EU AI Act,
article 5(1)(f)), so a judgement of an agent cannot be made: its constructor refuses.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from math import isfinite
from typing import Final

from domain.errors import EmotionForbidden
from domain.prosody import Prosody
from domain.speech import Speaker

EVIDENCE_MAX: Final = 3
"""Reasons shown for one judgement: more than three are not read during a call."""
EVIDENCE_CHARACTERS_MAX: Final = 60
"""Of a name or a unit: both together are one line of a console."""
PROBABILITIES_SLACK: Final = 0.01
"""How far the sum of probabilities may be over 1, from rounding in float32 and in JSON."""


class EmotionLabel(StrEnum):
    """An emotion that a model may name."""

    ANGRY = "angry"
    HAPPY = "happy"
    NEUTRAL = "neutral"
    SAD = "sad"
    FEAR = "fear"
    SURPRISE = "surprise"
    DISGUST = "disgust"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelProbabilities:
    """How probable each emotion is; nothing for one that the weights do not claim to know.

    Attributes:
        angry, happy, neutral, sad, fear, surprise, disgust: 0.0 to 1.0, at most 1 together.
    """

    angry: float | None = None
    happy: float | None = None
    neutral: float | None = None
    sad: float | None = None
    fear: float | None = None
    surprise: float | None = None
    disgust: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.claimed().items():
            _within(f"probability of {name}", value, 0.0, 1.0)
        _within("sum of probabilities", sum(self.claimed().values()), 0.0, 1 + PROBABILITIES_SLACK)

    def of(self, label: EmotionLabel) -> float | None:
        """Return the probability of one emotion; None when it is not claimed."""
        value: float | None = getattr(self, label.value)
        return value

    def claimed(self) -> dict[EmotionLabel, float]:
        """Return the probabilities that the weights claim to know."""
        found = ((label, self.of(label)) for label in EmotionLabel)
        return {label: value for label, value in found if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason that people can read, such as "pitch 4.1 semitones above the caller's own".

    Attributes:
        name: What was measured: "pitch". In small letters, so that a console can translate it.
        value: How much it was, in `unit`.
        unit: "semitones above the caller's own".
    """

    name: str
    value: float
    unit: str

    def __post_init__(self) -> None:
        for field, text in (("name", self.name), ("unit", self.unit)):
            _within(f"characters of an evidence's {field}", len(text), 1, EVIDENCE_CHARACTERS_MAX)
        if not isfinite(self.value):
            raise ValueError(f"evidence {self.name}: {self.value} is no number")

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3g} {self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionScore:
    """The model has judged one window of the customer's speech.

    Attributes:
        speaker: Always the customer; an agent's is refused.
        window_start_s, window_end_s: Seconds since the contact's first tapped frame.
        voiced_s: Seconds of speech within the window.
        probabilities: By emotion; None when the weights claim none.
        anger: Anger against everything else, calibrated, 0.0 to 1.0.
        arousal: Calm to agitated, -1.0 to 1.0.
        valence: Unpleasant to pleasant, -1.0 to 1.0; None when the weights do not claim it.
        confidence: How much the judgement is to be trusted, 0.0 to 1.0.
        model: Name and version from the model card, such as "prosody-open@1".
        evidence: What speaks for it, the strongest first, at most 3.
        prosody: How he spoke; None where it was not measured.
    """

    speaker: Speaker
    window_start_s: float
    window_end_s: float
    voiced_s: float
    anger: float
    arousal: float
    confidence: float
    model: str
    valence: float | None = None
    probabilities: LabelProbabilities | None = None
    evidence: tuple[Evidence, ...] = ()
    prosody: Prosody | None = None

    def __post_init__(self) -> None:
        _of_the_customer(self.speaker)
        _span(self.window_start_s, self.window_end_s)
        _within("voiced_s", self.voiced_s, 0.0, self.seconds)
        _scales(self)

    @property
    def end_s(self) -> float:
        """End of what was judged, seconds since the contact's first tapped frame."""
        return self.window_end_s

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return self.window_end_s - self.window_start_s

    @property
    def label(self) -> EmotionLabel | None:
        """The most probable emotion; None when the weights claim none."""
        claimed = self.probabilities.claimed() if self.probabilities is not None else {}
        return max(claimed, key=lambda label: claimed[label]) if claimed else None

    def share(self, label: EmotionLabel) -> float | None:
        """Return how much the window speaks for an emotion; None when nothing is claimed of it.

        Anger has a score of its own, which every set of weights claims.
        """
        if label is EmotionLabel.ANGRY:
            return self.anger
        return self.probabilities.of(label) if self.probabilities is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScore:
    """A model has judged what the customer said in words, on the scales of the voice.

    Attributes:
        speaker: Always the customer; an agent's is refused.
        start_s, end_s: Of the utterance, seconds since the contact's first tapped frame.
        anger, arousal, valence, confidence, model, evidence: As of an `EmotionScore`.
    """

    speaker: Speaker
    start_s: float
    end_s: float
    anger: float
    arousal: float
    confidence: float
    model: str
    valence: float | None = None
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        _of_the_customer(self.speaker)
        _span(self.start_s, self.end_s)
        _scales(self)

    @property
    def seconds(self) -> float:
        """Length of the utterance."""
        return self.end_s - self.start_s


def _of_the_customer(speaker: Speaker) -> None:
    if speaker is not Speaker.CUSTOMER:
        raise EmotionForbidden(speaker)


def _span(start_s: float, end_s: float) -> None:
    _within("start of what was judged, seconds", start_s, 0.0, float("inf"))
    if not start_s < end_s < float("inf"):
        raise ValueError(f"what was judged ends at {end_s} s, which is not after {start_s} s")


def _scales(score: EmotionScore | TextScore) -> None:
    _within("anger", score.anger, 0.0, 1.0)
    _within("arousal", score.arousal, -1.0, 1.0)
    if score.valence is not None:
        _within("valence", score.valence, -1.0, 1.0)
    _within("confidence", score.confidence, 0.0, 1.0)
    _within("evidence", len(score.evidence), 0, EVIDENCE_MAX)


def _within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside of its scale, and one that is no number."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is not from {low:g} to {high:g}")


assert {field.name for field in fields(LabelProbabilities)} == set(EmotionLabel)
