import numpy as np
import pytest

from bench.second_stage import area, balanced, first_stage, windows_a_minute
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME
from tests.unit.media.sounds_rig import frames_of, silence, voice


def test_the_area_is_the_chance_that_speech_scores_higher() -> None:
    truth = np.array([False, False, True, True])
    assert area(np.array([0.1, 0.2, 0.3, 0.4]), truth) == 1
    assert area(np.array([0.4, 0.3, 0.2, 0.1]), truth) == 0
    assert area(np.array([0.1, 0.3, 0.2, 0.4]), truth) == 0.75
    assert area(np.full(4, 0.5), truth) == 0.5


def test_saying_nothing_is_half_right() -> None:
    truth = np.arange(100) >= 60
    assert balanced(truth, truth) == 1
    assert balanced(np.zeros(100, dtype=np.bool_), truth) == 0.5


def test_the_first_stage_is_asked_frame_by_frame() -> None:
    line = np.concatenate([silence(1.8), voice(120, 1.8)])
    found = first_stage([frame.pcm for frame in frames_of(line)])
    assert found.shape == (20, HOPS_PER_FRAME)
    assert not found[:9].any()
    assert found[11:].mean() > 0.9


@pytest.mark.parametrize(("seconds", "least"), [(0.2, 0), (20, 50)])
def test_windows_are_counted_a_minute(seconds: float, least: int) -> None:
    hops = round(seconds * 50) // HOPS_PER_FRAME * HOPS_PER_FRAME
    found = windows_a_minute(np.zeros(hops * HOP_SAMPLES), np.ones(hops, dtype=np.bool_))
    assert least <= found <= least + 10
