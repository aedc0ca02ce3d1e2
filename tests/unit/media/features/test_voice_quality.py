import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.loudness import active, frame_levels
from media.features.pitch_track import track
from media.features.voice_quality import VoiceQuality, voice_quality
from media.pcm import Samples
from tests.unit.media.features.rig import buzz, noise, one, pulses, silence


def heard(samples: Samples) -> VoiceQuality:
    batch = one(samples)
    return voice_quality(batch, track(batch, active(frame_levels(batch), batch.frame_mask())))


def test_a_steady_train_has_hardly_any_jitter_and_one_of_two_percent_has_that() -> None:
    # Neighbouring periods differ by the whole share: one is longer, the next shorter.
    assert heard(pulses(125)).jitter[0] < 0.002
    assert heard(pulses(125, jitter=0.02)).jitter == pytest.approx([0.02], rel=0.25)


def test_noise_beside_a_voice_lowers_its_harmonics() -> None:
    clean, rough = heard(buzz(150)), heard(buzz(150) + noise(2, peak=0.1))
    assert clean.harmonics_db[0] > rough.harmonics_db[0] + 5
    assert clean.shimmer_db[0] < rough.shimmer_db[0]


def test_silence_has_no_quality() -> None:
    found = heard(silence())
    assert (found.jitter[0], found.shimmer_db[0], found.harmonics_db[0]) == (0, 0, 0)


def test_a_batch_hears_what_each_window_alone_does() -> None:
    sounds = [buzz(150), pulses(110, jitter=0.01), np.asarray(buzz(200)[:9_000])]
    batch = batch_of(sounds)
    together = voice_quality(batch, track(batch, active(frame_levels(batch), batch.frame_mask())))
    alone = [heard(sound).jitter[0] for sound in sounds]
    assert together.jitter == pytest.approx(alone, abs=1e-9)
