import numpy as np

from bench.voice_rig import Run, customer, stages
from media.pcm import FRAME_BYTES


def test_each_stage_of_a_tick_counts_with_the_least_that_it_took() -> None:
    quiet, disturbed = np.full((10, 3), 0.018), np.full((10, 3), 0.018)
    disturbed[4] = 1.0
    quiet[7, 1] = 2.0
    found = stages(10, [Run(quiet, 9, 50), Run(disturbed, 9, 50)])
    # Ten calls, ten ticks of 180 ms: 18 s of audio for 0.18 s of each stage.
    assert (found.activity, found.second_stage, found.emotion, found.total) == (10, 10, 10, 30)
    assert (found.windows_per_s, found.passed_share) == (0.5, 0.5)


def test_a_customer_is_silent_for_the_rest_of_the_time() -> None:
    whole, half = customer(1.0), customer(0.5)
    assert abs(len(half) - 2 * len(whole)) <= 2
    levels = [np.abs(np.frombuffer(frame, dtype="<i2").astype(float)).mean() for frame in half]
    assert {len(frame) for frame in half} == {FRAME_BYTES}
    assert 0.45 < np.mean(np.array(levels) < 100) < 0.75
