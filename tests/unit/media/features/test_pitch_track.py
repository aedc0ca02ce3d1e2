import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.loudness import active, frame_levels
from media.features.pitch_track import track
from media.pitch import WINDOW_SAMPLES, candidates, settle
from tests.unit.media.features.sounds import hiss, voice


def test_it_chooses_as_media_pitch_does() -> None:
    sound = voice()
    batch = batch_of([sound, hiss()])
    found = track(batch, active(frame_levels(batch), batch.frame_mask()))
    cut = np.lib.stride_tricks.sliding_window_view(sound, WINDOW_SAMPLES)[::160]
    np.testing.assert_allclose(found.hz[0], settle(candidates(cut)), rtol=1e-6)
    assert np.median(found.hz[0]) == pytest.approx(140, rel=0.02)
    assert found.voiced[1].mean() < 0.05
