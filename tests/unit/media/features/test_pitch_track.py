import numpy as np
import pytest

from media.features.loudness import active, frame_levels
from media.features.pitch_track import PitchTrack, track
from media.pcm import Samples
from tests.unit.media.features.rig import buzz, noise, one, silence


def tracked(samples: Samples) -> PitchTrack:
    batch = one(samples)
    return track(batch, active(frame_levels(batch), batch.frame_mask()))


@pytest.mark.parametrize(("hz", "semitones"), [(100, 0.0), (200, 12.0), (300, 19.02)])
def test_the_pitch_of_a_steady_voice(hz: float, semitones: float) -> None:
    found = tracked(buzz(hz))
    assert found.voiced.mean() > 0.95
    assert found.semitones[found.voiced] == pytest.approx(semitones, abs=0.1)
    assert found.hz[found.voiced] == pytest.approx(hz, rel=0.006)


@pytest.mark.parametrize("sound", [silence(), noise(3)])
def test_silence_and_noise_have_hardly_any(sound: Samples) -> None:
    assert tracked(sound).voiced.mean() < 0.1


def test_a_voice_that_stops_has_a_pitch_while_it_lasts() -> None:
    found = tracked(np.concatenate([buzz(150, seconds=1.5), silence(1.5)]))
    half = found.voiced.shape[1] // 2
    assert found.voiced[0, : half - 4].mean() > 0.9
    assert not found.voiced[0, half + 4 :].any()
