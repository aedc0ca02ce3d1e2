import numpy as np
import pytest
from numpy.typing import NDArray

from bench.material import VOWELS, Sound, at_level, band, g711, noise, vowel
from media.pitch import CANDIDATES, WINDOW_SAMPLES, candidates, settle, summarise


def windows(sound: Sound) -> NDArray[np.float32]:
    cut = np.lib.stride_tricks.sliding_window_view(sound, WINDOW_SAMPLES)[::160]
    return cut.astype(np.float32)


def semitones_off(found_hz: NDArray[np.float64], true_hz: Sound) -> NDArray[np.float64]:
    at = np.arange(len(found_hz)) * 160 + WINDOW_SAMPLES // 2
    return 12 * np.log2(found_hz / true_hz[at])


@pytest.mark.parametrize("law", ["mu", "a"])
@pytest.mark.parametrize("f0_hz", [80, 110, 150, 200, 260, 330, 400])
def test_the_missing_fundamental_is_found(f0_hz: int, law: str) -> None:
    """Every vowel, moving by 5 %, through 300 to 3,400 Hz and G.711."""
    time_s = np.arange(4_800) / 8_000
    true_hz = f0_hz * (1 + 0.05 * np.sin(2 * np.pi * 3 * time_s))
    for formants in VOWELS.values():
        line = g711(at_level(band(vowel(true_hz, 0.6, formants=formants)), -20), law)
        off = semitones_off(settle(candidates(windows(line))), true_hz)
        assert not np.isnan(off).any()
        assert np.abs(off).max() < 0.5


@pytest.mark.parametrize("snr_db", [20, 10])
def test_noise_does_not_move_it(snr_db: int) -> None:
    hiss = at_level(band(noise("white", 0.6)), -20 - snr_db)
    for f0_hz in (90.0, 180.0, 300.0):
        for formants in VOWELS.values():
            line = at_level(band(vowel(f0_hz, 0.6, formants=formants)), -20) + hiss
            found = settle(candidates(windows(g711(line, "mu"))))
            pitch = summarise(found)
            assert pitch is not None
            assert pitch[0] == pytest.approx(f0_hz, rel=0.02)


@pytest.mark.parametrize("dbov", [-40, -3])
def test_level_does_not_matter(dbov: float) -> None:
    line = at_level(band(vowel(140.0, 0.6, formants=VOWELS["e"])), dbov)
    pitch = summarise(settle(candidates(windows(g711(line, "a")))))
    assert pitch is not None
    assert pitch[0] == pytest.approx(140, rel=0.02)


@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_has_no_pitch(kind: str) -> None:
    found = settle(candidates(windows(at_level(band(noise(kind, 2.0)), -20))))
    assert np.isnan(found).mean() > 0.98


def test_silence_has_no_pitch() -> None:
    found = candidates(windows(np.zeros(4_800)))
    assert not found.any()
    assert np.isnan(settle(found)).all()


def test_no_window() -> None:
    found = candidates(np.zeros((0, WINDOW_SAMPLES), dtype=np.float32))
    assert found.shape == (0, CANDIDATES, 2)
    assert summarise(settle(found)) is None


def test_a_window_with_a_mistaken_octave_joins_the_rest() -> None:
    found = np.zeros((11, CANDIDATES, 2), dtype=np.float32)
    found[:, 0] = (120, 0.8)
    found[:, 1] = (240, 0.7)
    found[5, 0], found[5, 1] = (240, 0.8), (120, 0.7)
    assert settle(found).tolist() == [120.0] * 11


def test_the_summary_is_median_and_range() -> None:
    sweep = 100 * 2 ** (np.linspace(0, 12, 101) / 12)
    pitch = summarise(np.concatenate([sweep, np.full(30, np.nan)]))
    assert pitch is not None
    assert pitch[0] == pytest.approx(100 * 2**0.5)
    assert pitch[1] == pytest.approx(12 * 0.9, abs=0.1)


def test_too_little_voice_has_no_summary() -> None:
    assert summarise(np.array([100.0] * 4 + [np.nan] * 50)) is None
