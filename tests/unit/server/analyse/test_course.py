from dataclasses import replace

import numpy as np
import pytest

from config.emotion import Emotion, EmotionWindows, RuleEntry, WindowCount
from config.schema import Analysis
from domain.alert import ClearReason
from domain.mood import Mood
from domain.tap import TAP_RATE_HZ
from server.analyse.course import Setting, hear_recording
from tests.unit.media.recordings_rig import words
from tests.unit.media.scorer_rig import LoudIsAngry, judge_with
from tests.unit.media.sounds_rig import silence
from tests.unit.server.analyse.call_rig import (
    CALM_S,
    LOUD_S,
    grown_angry,
    heard,
    recording,
    setting,
)


def test_who_grows_loud_grows_angry():
    course = grown_angry()
    assert course.seconds == CALM_S + LOUD_S
    calm = [each for each in course.moments if 3 < each.at_s < CALM_S]
    assert {each.point.mood for each in calm} == {Mood.CALM}
    assert course.moments[-1].point.mood is Mood.ANGRY
    ends = [each.score.window_end_s for each in course.moments]
    assert ends == sorted(ends)
    assert len(ends) == pytest.approx(course.seconds, abs=6)
    # A window is judged soon after it ends, as in a call.
    assert all(0 <= each.at_s - each.score.window_end_s < 0.6 for each in course.moments)


def test_alerts_rise_while_he_speaks():
    course = grown_angry()
    (alert,) = [each for each in course.alerts if each.raised.rule_id == "angry"]
    assert CALM_S < alert.at_s < CALM_S + LOUD_S
    assert alert.raised.mood is Mood.ANGRY
    assert (alert.cleared_at_s, alert.reason) == (None, None)


def test_alerts_clear_at_their_own_time():
    (alert,) = [
        each for each in grown_angry(calm_again_s=45).alerts if each.raised.rule_id == "angry"
    ]
    assert alert.reason is ClearReason.LEVEL_GONE
    assert alert.cleared_at_s is not None
    assert alert.cleared_at_s > CALM_S + LOUD_S + 20


def test_what_is_said_last_is_judged():
    course = heard(words(8, dbov=-10.0).astype(np.float32))
    assert course.moments[-1].score.window_end_s == pytest.approx(4.0, abs=0.2)


def test_speech_is_found():
    sound = np.concatenate([silence(2), words(8), silence(2), words(8), silence(2)])
    course = heard(sound.astype(np.float32))
    starts = [span.start_s for span in course.segments]
    assert starts == pytest.approx([2, 8], abs=0.2)
    assert course.speech_s == pytest.approx(8, abs=1)


@pytest.mark.parametrize("seconds", [0.0, 0.0003, 3.0])
def test_without_speech_nothing_is_judged(seconds):
    course = heard(silence(seconds).astype(np.float32))
    assert (course.moments, course.alerts, course.segments) == ([], [], [])
    assert course.seconds == pytest.approx(seconds, abs=1 / TAP_RATE_HZ)


def test_a_recording_is_heard_the_same_twice():
    assert heard(recording()).moments == grown_angry().moments


def test_the_configuration_says_what_rules_and_windows_hold():
    rule = RuleEntry(
        id="loud",
        label="angry",
        level=0.2,
        windows=WindowCount(at_least=1, of=1),
        queues=["billing"],
    )
    emotion = Emotion(rules=[rule], windows=EmotionWindows(hop_s=2.0))
    of_billing = Setting.of(emotion, Analysis(), "billing")
    elsewhere = Setting.of(emotion, Analysis())
    assert of_billing.windows.hop_s == 2.0
    for how, rules in ((of_billing, ["loud"]), (elsewhere, [])):
        course = hear_recording(recording(), judge_with(LoudIsAngry()), how)
        assert [alert.raised.rule_id for alert in course.alerts] == rules
        assert len(course.moments) == pytest.approx(course.seconds / 2, abs=4)
    assert replace(elsewhere, queue_id="billing") == of_billing
    assert setting().windows.hop_s == 1.0
