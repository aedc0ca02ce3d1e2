import numpy as np
import pytest

from domain.emotion import EmotionLabel
from domain.errors import EmotionForbidden
from domain.speech import Speaker
from media.baseline import CallerBaseline
from media.judge import BATCH_WINDOWS, Window
from media.pcm import Samples
from tests.unit.media.features.rig import buzz, noise
from tests.unit.media.scorer_rig import LEVEL, LoudIsAngry, judge_with


def window(
    sound: Samples,
    *,
    speaker: Speaker = Speaker.CUSTOMER,
    baseline: CallerBaseline | None = None,
) -> Window:
    seconds = sound.size / 8_000
    return Window(speaker, sound, 10.0, 10.0 + seconds, 0.8 * seconds, baseline)


def test_a_judgement_carries_the_window_and_what_was_said() -> None:
    scorer = LoudIsAngry()
    (score,) = judge_with(scorer).judge([window(buzz(150))])
    assert (score.window_start_s, score.window_end_s, score.voiced_s) == (10.0, 13.0, 2.4)
    assert score.model == "loud-is-angry@1"
    assert score.anger == pytest.approx(1 + scorer.given[0][LEVEL] / 60, abs=1e-4)
    assert score.probabilities is None
    assert score.valence is None
    assert score.prosody is not None
    assert score.prosody.pitch_hz == pytest.approx(150, rel=0.01)


def test_labels_are_those_of_the_model_where_it_claims_them() -> None:
    (score,) = judge_with(LoudIsAngry(claims=True)).judge([window(buzz(150))])
    assert score.label is EmotionLabel.ANGRY
    assert score.valence == pytest.approx(1 - 2 * score.anger, abs=1e-3)


def test_all_windows_are_one_batch_up_to_the_limit() -> None:
    scorer = LoudIsAngry()
    sounds = [noise(number, seconds=0.5) for number in range(BATCH_WINDOWS + 3)]
    together = judge_with(scorer).judge([window(sound) for sound in sounds])
    assert scorer.batches == [BATCH_WINDOWS, 3]
    (alone,) = judge_with(LoudIsAngry()).judge([window(sounds[-1])])
    assert alone == together[-1]


def test_nobody_but_the_customer_is_judged() -> None:
    scorer = LoudIsAngry()
    windows = [window(buzz(150)), window(buzz(220), speaker=Speaker.AGENT)]
    with pytest.raises(EmotionForbidden, match="agent"):
        judge_with(scorer).judge(windows)
    assert scorer.given == []


def test_a_caller_is_compared_with_himself_once_he_is_known() -> None:
    scorer, baseline = LoudIsAngry(), CallerBaseline()
    judge = judge_with(scorer)
    for _ in range(4):
        (score,) = judge.judge([window(0.02 * buzz(150), baseline=baseline)])
    assert [bool(np.isnan(row).all()) for row in scorer.baselines] == [True, True, True, False]
    assert score.prosody is not None
    assert score.prosody.level_over_own_db == pytest.approx(0, abs=0.1)
    (loud,) = judge.judge([window(0.2 * buzz(150), baseline=baseline)])
    assert loud.prosody is not None
    assert loud.prosody.level_over_own_db == pytest.approx(20, abs=0.5)
    assert loud.evidence[0].name == "loudness"
