import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.loudness import active, frame_levels
from media.features.pitch_track import track
from media.features.voice_quality import voice_quality
from tests.unit.media.features.sounds import TIME, hiss, silence, tone


def test_harmonics_to_noise_of_a_tone_in_noise_is_its_ratio() -> None:
    noise = np.random.default_rng(0).standard_normal(TIME.size) * 0.3 / np.sqrt(2) / 10
    batch = batch_of([(tone() + noise).astype(np.float32), tone(), silence(), hiss()])
    speech = active(frame_levels(batch), batch.frame_mask())
    found = voice_quality(batch, track(batch, speech))
    assert found.harmonics_db[0] == pytest.approx(20, abs=1.5)
    assert found.harmonics_db[1] == pytest.approx(40, abs=1)
    assert found.shimmer_db[1] < 0.01
    assert found.jitter[2] == found.harmonics_db[2] == 0
