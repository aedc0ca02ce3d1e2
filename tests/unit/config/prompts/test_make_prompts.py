import wave

import numpy as np
import pytest

from config.prompts import make_prompts
from config.prompts.library import RATE
from config.prompts.make_prompts import (
    PEAK_MAX,
    active_level_dbov,
    at_level,
    fit_to_telephone,
    trimmed,
    write,
)


def tone(hz, seconds, rate=RATE, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def test_the_level_is_that_of_the_loud_frames():
    speech = np.concatenate((np.zeros(RATE), tone(1_000, 1.0, amplitude=1.0), np.zeros(RATE)))
    assert active_level_dbov(speech) == pytest.approx(-3.01, abs=0.01)


def test_scaling_to_a_level():
    heard = at_level(tone(1_000, 1.0), -20.0, active_level_dbov(tone(1_000, 1.0)))
    assert active_level_dbov(heard) == pytest.approx(-20.0, abs=0.01)


def test_peaks_are_bent_and_not_cut():
    soft = tone(997, 1.0)
    loud = at_level(soft, 6.0, 0.0)
    assert np.max(np.abs(loud)) <= PEAK_MAX
    order = np.argsort(np.abs(soft))
    rising = np.diff(np.abs(soft)[order]) > 1e-6
    assert np.all(np.diff(np.abs(loud)[order])[rising] > 0)


def test_silence_around_is_cut_away():
    around = np.zeros(RATE)
    heard = trimmed(np.concatenate((around, tone(500, 0.5), around)))
    assert 0.5 <= len(heard) / RATE <= 0.55
    assert heard[0] == heard[-1] == 0.0


def test_fitting_keeps_the_telephone_band_alone():
    rate = 22_050
    wide = tone(1_000, 1.0, rate) + tone(50, 1.0, rate) + tone(9_000, 1.0, rate)
    heard = fit_to_telephone(wide, rate)
    assert active_level_dbov(heard) == pytest.approx(-20.0, abs=0.2)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    hz = np.fft.rfftfreq(len(heard), 1 / RATE)
    inside = spectrum[(hz > 900) & (hz < 1_100)].sum()
    assert inside / spectrum.sum() > 0.99


def test_files_are_the_same_every_time(tmp_path):
    heard = np.concatenate((np.zeros(10), tone(300, 0.1)))
    write(tmp_path / "a.wav", heard)
    write(tmp_path / "b" / "b.wav", heard)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b" / "b.wav").read_bytes()
    with wave.open(str(tmp_path / "a.wav"), "rb") as file:
        assert file.getparams()[:4] == (1, 2, RATE, len(heard))
        assert file.readframes(10) == b"\0" * 20


def test_making_all_of_them(tmp_path, monkeypatch):
    spoken = []

    def speak(text, voice):
        spoken.append((voice.name, text))
        return tone(700, 0.3, 22_050), 22_050

    monkeypatch.setattr(make_prompts, "speak", speak)
    size = make_prompts.make(tmp_path)
    assert size == sum(path.stat().st_size for path in tmp_path.rglob("*.wav"))
    assert ("en-us", "You are number") in spoken
    assert ("cmn-latn-pinyin", "liang3") in spoken
