from math import inf, nan

import pytest

from domain.emotion import EmotionLabel, EmotionScore, Evidence, LabelProbabilities, TextScore
from domain.errors import EmotionForbidden, WarmlineError
from domain.speech import Speaker
from tests.emotion_support import PITCH, window

SCORE = {
    "speaker": Speaker.CUSTOMER,
    "window_start_s": 1.0,
    "window_end_s": 3.5,
    "voiced_s": 2.0,
    "anger": 0.8,
    "arousal": 0.5,
    "confidence": 0.9,
    "model": "prosody-open@1",
}
WORDS = {
    "speaker": Speaker.CUSTOMER,
    "start_s": 1.0,
    "end_s": 3.5,
    "anger": 0.8,
    "arousal": 0.5,
    "confidence": 0.9,
    "model": "words@1",
}


@pytest.mark.parametrize("speaker", [Speaker.AGENT, "agent", "customer", None])
@pytest.mark.parametrize(("kind", "values"), [(EmotionScore, SCORE), (TextScore, WORDS)])
def test_nobody_but_the_customer_is_judged(kind, values, speaker):
    with pytest.raises(EmotionForbidden, match="from the customer only") as caught:
        kind(**{**values, "speaker": speaker})
    assert isinstance(caught.value, WarmlineError)


@pytest.mark.parametrize(("kind", "values"), [(EmotionScore, SCORE), (TextScore, WORDS)])
def test_whose_speech_it_is_must_be_said(kind, values):
    with pytest.raises(TypeError, match="speaker"):
        kind(**{name: value for name, value in values.items() if name != "speaker"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("anger", 1.1), ("anger", -0.1), ("anger", nan),
        ("arousal", -1.1), ("arousal", nan),
        ("valence", 1.1),
        ("confidence", 1.5), ("confidence", nan),
        ("voiced_s", 2.6), ("voiced_s", -0.1),
        ("window_start_s", -1.0), ("window_start_s", nan),
        ("window_end_s", 1.0), ("window_end_s", inf), ("window_end_s", nan),
        ("evidence", (PITCH,) * 4),
    ],
)  # fmt: skip
def test_what_is_off_its_scale_is_refused(field, value):
    with pytest.raises(ValueError, match=r"."):
        EmotionScore(**{**SCORE, field: value})


@pytest.mark.parametrize(("field", "value"), [("anger", 2.0), ("end_s", 0.5), ("valence", -2.0)])
def test_words_have_the_same_scales(field, value):
    with pytest.raises(ValueError, match=r"."):
        TextScore(**{**WORDS, field: value})


def test_probabilities_are_claimed_or_not():
    some = LabelProbabilities(angry=0.6, sad=0.1)
    assert some.claimed() == {EmotionLabel.ANGRY: 0.6, EmotionLabel.SAD: 0.1}
    assert some.of(EmotionLabel.FEAR) is None
    with pytest.raises(ValueError, match="sum of probabilities"):
        LabelProbabilities(angry=0.6, sad=0.6)
    with pytest.raises(ValueError, match="probability of fear"):
        LabelProbabilities(fear=nan)


def test_the_label_is_the_most_probable_that_is_claimed():
    assert window(2.0).label is None
    assert window(2.0, probabilities=LabelProbabilities()).label is None
    score = window(2.0, 0.3, probabilities=LabelProbabilities(angry=0.4, sad=0.5))
    assert score.label is EmotionLabel.SAD
    assert score.share(EmotionLabel.SAD) == 0.5
    assert score.share(EmotionLabel.ANGRY) == 0.3, "anger has a score of its own"
    assert score.share(EmotionLabel.FEAR) is None
    assert window(2.0).share(EmotionLabel.SAD) is None


def test_evidence_can_be_read():
    assert str(PITCH) == "pitch 4.12 semitones above the caller's own"
    with pytest.raises(ValueError, match="evidence's name"):
        Evidence(name="", value=1.0, unit="dB")
    with pytest.raises(ValueError, match="is no number"):
        Evidence(name="level", value=nan, unit="dB")
    with pytest.raises(ValueError, match="evidence's unit"):
        Evidence(name="level", value=1.0, unit="d" * 61)
