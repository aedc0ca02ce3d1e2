import numpy as np
import pytest
from numpy.typing import NDArray

from bench.rtp_peer import FRAME, mu_law, speech
from media.activity import VoiceActivity
from media.pcm import FRAME_BYTES


def linear(code: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return mu-law as samples of -1.0 to 1.0: the decoder of ITU-T G.711, table 2a."""
    bits = ~code.astype(np.int32) & 0xFF
    magnitude = ((((bits & 0x0F) << 3) + 132) << ((bits >> 4) & 7)) - 132
    return np.where(bits & 0x80, -magnitude, magnitude) / 32_635


@pytest.mark.parametrize(
    ("sample", "code"), [(0.0, 0xFF), (1.0, 0x80), (-1.0, 0x00), (7.0, 0x80), (-7.0, 0x00)]
)
def test_silence_and_the_extremes(sample: float, code: int) -> None:
    assert mu_law(np.array([sample])).tolist() == [code]


def test_what_was_encoded_is_decoded_within_the_step_of_its_segment() -> None:
    wave = np.linspace(-1, 1, 20_001)
    error = np.abs(linear(mu_law(wave)) - wave)
    # Half of a step, which is a sixteenth of its segment; the smallest is 8 of 32,635.
    assert np.all(error <= np.maximum(np.abs(wave) / 32, 0) + 8 / 32_635)


def test_louder_is_never_encoded_as_softer() -> None:
    positive = mu_law(np.linspace(0, 1, 5_000)).astype(int)
    assert np.all(np.diff(positive) <= 0)
    assert len(set(positive.tolist())) == 128


def test_speech_is_two_seconds_of_packets_and_the_same_each_time() -> None:
    frames = speech()
    assert frames.shape == (100, FRAME)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, speech())
    assert not np.array_equal(frames, speech(seed=2))


def test_a_voice_activity_detector_takes_it_for_speech() -> None:
    pcm = (linear(speech().reshape(-1)) * 32_635).astype("<i2").tobytes()
    activity = VoiceActivity(2)
    frames = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    voiced = [hop for at in frames for hop in activity.judge(pcm[at : at + FRAME_BYTES])]
    assert sum(voiced) > 0.6 * len(voiced)
