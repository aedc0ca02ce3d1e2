import numpy as np
import pytest

from media.features.framing import (
    FRAME_HOP_SAMPLES,
    FRAME_SAMPLES,
    WINDOW_SAMPLES_MAX,
    WINDOW_SAMPLES_MIN,
    batch_of,
    frames_in,
)
from tests.unit.media.features.rig import noise


def test_a_window_is_cut_into_frames_of_25_ms_every_10() -> None:
    batch = batch_of([noise(1)])
    framed = batch.framed()
    assert framed.shape == (1, 298, FRAME_SAMPLES)
    assert (framed[0, 7] == batch.samples[0, 7 * FRAME_HOP_SAMPLES :][:FRAME_SAMPLES]).all()
    assert batch.frames == frames_in(WINDOW_SAMPLES_MAX) == 298


def test_frames_that_reach_beyond_the_end_are_masked() -> None:
    batch = batch_of([noise(1, seconds=0.5), noise(2)])
    assert batch.frame_mask().sum(axis=1).tolist() == [48, 298]


@pytest.mark.parametrize(
    "window",
    [
        np.zeros(WINDOW_SAMPLES_MIN - 1, np.float32),
        np.zeros(WINDOW_SAMPLES_MAX + 1, np.float32),
        np.zeros((2, WINDOW_SAMPLES_MIN), np.float32),
    ],
)
def test_a_window_of_another_shape_is_refused(window: np.ndarray) -> None:
    with pytest.raises(ValueError, match="window 1 has shape"):
        batch_of([noise(1), window])


def test_what_is_not_finite_is_refused() -> None:
    broken = noise(1)
    broken[100] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        batch_of([broken])
