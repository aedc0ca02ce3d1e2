import numpy as np
import pytest

from media.features.loudness import active, frame_levels
from media.features.rhythm import Rhythm, rhythm
from media.pcm import Samples
from tests.unit.media.features.rig import buzz, one, silence, time


def heard(samples: Samples) -> Rhythm:
    batch = one(samples)
    levels = frame_levels(batch)
    speech = active(levels, batch.frame_mask())
    return rhythm(levels, speech, speech)


@pytest.mark.parametrize("per_s", [3, 5])
def test_each_swell_of_a_voice_is_a_syllable(per_s: int) -> None:
    swell = np.asarray(0.55 - 0.45 * np.cos(2 * np.pi * per_s * time()), dtype=np.float32)
    assert heard(buzz(150) * swell).nuclei_per_s == pytest.approx([per_s], abs=0.4)


def test_a_pause_is_its_share_of_the_time() -> None:
    spoken = np.concatenate([buzz(150, seconds=1), silence(1), buzz(150, seconds=1)])
    found = heard(spoken)
    assert found.pause_share == pytest.approx([1 / 3], abs=0.02)
    assert found.voiced_share == pytest.approx([1.0])
    assert found.voiced_run_s == pytest.approx([1.0], abs=0.03)


def test_silence_has_no_rhythm() -> None:
    found = heard(silence())
    assert (found.nuclei_per_s[0], found.pause_share[0], found.voiced_share[0]) == (0, 0, 0)
