"""Judged windows, made by hand, for the tests of emotion, moods and alerts."""

from domain.alert_rule import AlertRule
from domain.emotion import EmotionScore, Evidence, LabelProbabilities, TextScore
from domain.mood import Mood
from domain.speech import Speaker

PITCH = Evidence(name="pitch", value=4.12, unit="semitones above the caller's own")


def window(
    end_s: float,
    anger: float = 0.0,
    *,
    confidence: float = 0.8,
    arousal: float = 0.0,
    valence: float | None = None,
    length_s: float = 2.0,
    voiced_s: float | None = None,
    probabilities: LabelProbabilities | None = None,
    evidence: tuple[Evidence, ...] = (),
) -> EmotionScore:
    """Return a window of the customer's speech that ends then."""
    start_s = max(0.0, end_s - length_s)
    return EmotionScore(
        speaker=Speaker.CUSTOMER,
        window_start_s=start_s,
        window_end_s=end_s,
        voiced_s=end_s - start_s if voiced_s is None else voiced_s,
        anger=anger,
        arousal=arousal,
        valence=valence,
        confidence=confidence,
        model="prosody-open@1",
        probabilities=probabilities,
        evidence=evidence,
    )


def words(
    end_s: float, anger: float, *, confidence: float = 0.8, length_s: float = 2.0
) -> TextScore:
    """Return an utterance of the customer that ends then."""
    return TextScore(
        speaker=Speaker.CUSTOMER,
        start_s=max(0.0, end_s - length_s),
        end_s=end_s,
        anger=anger,
        arousal=0.0,
        confidence=confidence,
        model="words@1",
    )


def mood_rule(**changes: object) -> AlertRule:
    """Return a rule: angry in 2 of the last 3 windows."""
    values: dict[str, object] = {
        "rule_id": "angry", "mood": Mood.ANGRY, "windows": 2, "of_windows": 3,
    }  # fmt: skip
    return AlertRule(**{**values, **changes})  # type: ignore[arg-type]
