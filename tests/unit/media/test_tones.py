import numpy as np
import pytest

from bench.material import Sound, at_level, band, g711, noise, tones
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME
from media.spectrum import spectra
from media.tones import STRETCH_HOPS, TAIL_HOPS, ToneTail, tonal
from tests.unit.media.sounds_rig import voice

DIGITS = [(low, high) for low in (697, 770, 852, 941) for high in (1_209, 1_336, 1_477, 1_633)]


def judged(sound: Sound) -> np.typing.NDArray[np.bool_]:
    stretches = sound.reshape(-1, STRETCH_HOPS, HOP_SAMPLES).astype(np.float32)
    return tonal(spectra(stretches))


@pytest.mark.parametrize("law", ["mu", "a"])
@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_is_a_tone(digit: tuple[int, int], law: str) -> None:
    hiss = at_level(band(noise("white", 0.6)), -35)
    assert judged(g711(tones(digit, 0.6, dbov=-15) + hiss, law)).all()


def test_a_digit_may_be_twisted() -> None:
    sound = tones((697,), 0.6, dbov=-20) + tones((1_477,), 0.6, dbov=-12)
    assert judged(g711(sound, "mu")).all()


@pytest.mark.parametrize("hz", [425, 450, 1_100, 2_100])
def test_a_steady_line_is_a_tone(hz: int) -> None:
    assert judged(g711(tones((hz,), 0.6, dbov=-12), "a")).all()


@pytest.mark.parametrize("f0_hz", [90, 140, 220, 300])
@pytest.mark.parametrize("letter", ["i", "e", "a", "o", "u"])
def test_a_voice_is_no_tone(f0_hz: int, letter: str) -> None:
    assert not judged(g711(voice(f0_hz, 0.6, letter=letter), "mu")).any()


def test_noise_and_silence_are_no_tones() -> None:
    assert not judged(at_level(noise("white", 3.0), -30)).any()
    assert not judged(np.zeros(4_800)).any()


def test_a_frame_is_judged_in_whole_stretches() -> None:
    assert HOPS_PER_FRAME % STRETCH_HOPS == 0


def test_what_follows_a_tone_is_shut_out_for_a_while() -> None:
    tail = ToneTail()
    assert tail.admit([False, False, False]) == [True, True, True]
    assert not tail.running
    assert tail.admit([False, True, False]) == [True, False, False]
    assert tail.running
    after = [hop for _ in range(4) for hop in tail.admit([False, False, False])]
    assert after == [False] * (TAIL_HOPS - 2) + [True] * (12 - TAIL_HOPS + 2)
