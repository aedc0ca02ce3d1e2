"""The emotional course: judged windows become one smoothed line with a mood on it.

The intensity is a mean that forgets. Each judgement weighs as many seconds as it brings news of,
times its confidence, and what was heard fades with a time constant:

    heard  <- heard * exp(-elapsed / smoothing)        what is left of what was heard, seconds
    gain    = weight / (PRIOR_S + heard + weight)      0 to 1
    level  <- level + gain * (distress - level)
    heard  <- heard + weight

The gain does not look at the level or the judgement, so the level rises with each judgement that
rises; it lies between what was judged, so it never leaves 0 to 1. While nobody speaks only
`heard` fades: the level stays where it was and the confidence goes. Who was angry and is silent
is not calm, he is not known about.

This is the recursive least-squares estimate of a constant with a forgetting factor (Ljung, System
Identification, section 11.2), with a prior that keeps the gain below 1 after a silence too.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

from domain.emotion import EVIDENCE_MAX, EmotionLabel, EmotionScore, Evidence, TextScore
from domain.mood import BANDS, Mood, MoodBand, check_bands, next_mood

SMOOTHING_S: Final = 4.0
"""Two utterances of ordinary length. One loud word does not make a mood, and a caller who turns
angry is noticed after his second sentence."""
PRIOR_S: Final = 1.0
"""Seconds of certain speech that the level so far is worth, however long ago it was heard. The
first level is 0: a caller is taken for calm until he is heard."""
KNOWN_CONFIDENCE: Final = 0.3
"""From here on a mood is told: reached after a second of speech of middling confidence."""
TREND_S: Final = 20.0
"""Over how long a trend is measured: several turns, so that it is the caller's and not the
sentence's."""
TENSION_SHARE: Final = 0.6
"""What agitation counts beside anger. Agitated and unpleasant at their utmost are upset, never
angry; agitation of unknown pleasure (valence None) is at most 0.3, which is below uneasy."""
DISTRESS_SHARE: Final = 0.6
"""What sadness, fear and disgust count beside anger: they are upset, never angry."""
TEXT_WEIGHT: Final = 1.5
"""A second of words against a second of voice, both certain: an insult can be said calmly. An
assumption, to be measured when text emotion is built; until then nothing sends a `TextScore`."""
LATE_S_MAX: Final = 10.0
"""Words come after the voice, for they must be recognised first; what is later than this is about
another mood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """How a course is smoothed and where its moods begin.

    Attributes:
        smoothing_s: Time constant of forgetting, seconds, over 0.
        bands: For uneasy, upset and angry, in this order.
    """

    smoothing_s: float = SMOOTHING_S
    bands: tuple[MoodBand, ...] = BANDS

    def __post_init__(self) -> None:
        if not self.smoothing_s > 0:
            raise ValueError(f"smoothing_s: {self.smoothing_s} is not over 0")
        check_bands(self.bands)
        if not self.bands[-1].enter > max(TENSION_SHARE, DISTRESS_SHARE):
            raise ValueError(f"band angry: agitation alone would enter at {self.bands[-1].enter}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodPoint:
    """How a customer feels at one moment of his contact.

    Attributes:
        at_s: Seconds since the contact's first tapped frame.
        mood: In words; what it was while the confidence fades.
        intensity: Distress, smoothed, 0.0 to 1.0.
        trend_per_min: Change of the intensity, a minute, over the last 20 s or so; above 0 is
            worse.
        confidence: How much of the intensity was heard lately, 0.0 to 1.0.
        evidence: What spoke for the judgement that weighs most now, at most 3.
    """

    at_s: float
    mood: Mood = Mood.UNKNOWN
    intensity: float = 0.0
    trend_per_min: float = 0.0
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()


SETTINGS: Final = CourseSettings()


class EmotionalCourse:
    """One customer's course, from his first window on: a few numbers, however long the call.

    Attributes:
        refused: Judgements that were passed over, for time only moves forward: windows that end
            no later than the one before, and words that came too late.
    """

    __slots__ = (
        "_at_s",
        "_evidence",
        "_evidence_weight",
        "_heard_s",
        "_level",
        "_mood",
        "_settings",
        "_slow_level",
        "_text_end_s",
        "_voice_end_s",
        "refused",
    )

    def __init__(self, settings: CourseSettings = SETTINGS) -> None:
        """Begin with nothing heard."""
        self._settings = settings
        self._at_s = 0.0
        self._voice_end_s = 0.0
        self._text_end_s = 0.0
        self._level = 0.0
        self._slow_level: float | None = None
        self._heard_s = 0.0
        self._mood = Mood.UNKNOWN
        self._evidence: tuple[Evidence, ...] = ()
        self._evidence_weight = 0.0
        self.refused = 0

    @property
    def mood(self) -> Mood:
        """The mood after the last judgement."""
        return self._mood

    def take(self, score: EmotionScore | TextScore) -> MoodPoint:
        """Take the next judgement and return how the customer feels now."""
        of_words = isinstance(score, TextScore)
        last_s = self._text_end_s if of_words else self._voice_end_s
        if score.end_s <= max(last_s, self._at_s - LATE_S_MAX):
            self.refused += 1
            return self.at(self._at_s)
        if of_words:
            self._text_end_s = score.end_s
        else:
            self._voice_end_s = score.end_s
        # Windows overlap; each second of speech counts once, whatever the hop.
        news_s = min(score.end_s - last_s, score.seconds)
        self._pass_time(score.end_s, news_s)
        self._learn(score, news_s)
        return self.at(self._at_s)

    def at(self, at_s: float) -> MoodPoint:
        """Return how the customer feels at a moment when nothing more was heard.

        Args:
            at_s: Seconds since the contact's first tapped frame; before the last judgement:
                that of the last judgement.
        """
        at_s = max(at_s, self._at_s)
        elapsed_s = at_s - self._at_s
        heard_s = self._heard_s * exp(-elapsed_s / self._settings.smoothing_s)
        lead = 0.0 if self._slow_level is None else self._level - self._slow_level
        return MoodPoint(
            at_s=at_s,
            mood=self._mood,
            intensity=self._level,
            trend_per_min=60.0 / TREND_S * lead * exp(-elapsed_s / TREND_S),
            confidence=heard_s / (PRIOR_S + heard_s),
            evidence=self._evidence,
        )

    def _pass_time(self, end_s: float, news_s: float) -> None:
        """Let what was heard fade up to `end_s`; the slow level follows while there is no news."""
        elapsed_s = max(0.0, end_s - self._at_s)
        fading = exp(-elapsed_s / self._settings.smoothing_s)
        self._heard_s *= fading
        self._evidence_weight *= fading
        if self._slow_level is not None:
            quiet_s = max(0.0, elapsed_s - news_s)
            self._slow_level += (1 - exp(-quiet_s / TREND_S)) * (self._level - self._slow_level)
        self._at_s = max(self._at_s, end_s)

    def _learn(self, score: EmotionScore | TextScore, news_s: float) -> None:
        felt, weight_s = distress(score), news_s * _trust(score)
        gain = weight_s / (PRIOR_S + self._heard_s + weight_s)
        # In this form rounding cannot lead out of the span between the two.
        self._level = min(1.0, (1 - gain) * self._level + gain * felt)
        self._heard_s += weight_s
        if self._slow_level is None:
            self._slow_level = self._level
        else:
            self._slow_level += (1 - exp(-news_s / TREND_S)) * (self._level - self._slow_level)
        if weight_s * felt >= self._evidence_weight and score.evidence:
            self._evidence = score.evidence[:EVIDENCE_MAX]
            self._evidence_weight = weight_s * felt
        known = self._mood is not Mood.UNKNOWN
        if known or self._heard_s / (PRIOR_S + self._heard_s) >= KNOWN_CONFIDENCE:
            self._mood = next_mood(self._mood, self._level, self._settings.bands)


def distress(score: EmotionScore | TextScore) -> float:
    """Return how much distress one judgement tells of, 0.0 to 1.0.

    The strongest of three voices: anger; agitation that is not known to be pleasant; sadness,
    fear or disgust where the weights claim them. Only anger reaches the mood "angry".
    """
    unpleasant = 0.5 if score.valence is None else (1.0 - score.valence) / 2.0
    tension = TENSION_SHARE * max(0.0, score.arousal) * unpleasant
    suffering = 0.0
    if isinstance(score, EmotionScore) and score.probabilities is not None:
        shares = (score.probabilities.of(label) for label in _SUFFERING)
        suffering = DISTRESS_SHARE * min(1.0, sum(share for share in shares if share is not None))
    return max(score.anger, tension, suffering)


_SUFFERING: Final = (EmotionLabel.SAD, EmotionLabel.FEAR, EmotionLabel.DISGUST)


def _trust(score: EmotionScore | TextScore) -> float:
    """Return how many seconds of certain speech a second of it is worth."""
    if isinstance(score, TextScore):
        return TEXT_WEIGHT * score.confidence
    return score.confidence * score.voiced_s / score.seconds
