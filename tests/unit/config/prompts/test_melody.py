import numpy as np

from config.prompts.melody import PARTIAL_HZ_MAX, melody, string

RATE = 8_000


def test_one_round_of_music():
    music = melody(RATE)
    assert 20.0 < len(music) / RATE < 30.0
    assert np.max(np.abs(music)) == 1.0


def test_it_is_never_silent_for_long():
    music = melody(RATE)
    second = music[: len(music) // RATE * RATE].reshape(-1, RATE)
    assert np.min(np.sqrt(np.mean(second**2, axis=1))) > 0.05


def test_it_fits_into_the_telephone_band():
    music = melody(RATE)
    power = np.abs(np.fft.rfft(music)) ** 2
    hz = np.fft.rfftfreq(len(music), 1 / RATE)
    assert power[hz > PARTIAL_HZ_MAX + 100].sum() / power.sum() < 0.001


def test_a_string_has_its_pitch_and_fades_away():
    tone = string(69, 1.0, 0.5, RATE)
    power = np.abs(np.fft.rfft(tone)) ** 2
    hz = np.fft.rfftfreq(len(tone), 1 / RATE)
    assert abs(hz[np.argmax(power)] - 440.0) < 1.0
    assert tone[0] == 0.0
    assert np.max(np.abs(tone[-40:])) < 0.02
