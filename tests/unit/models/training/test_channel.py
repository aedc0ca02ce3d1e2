from dataclasses import replace

import numpy as np
import pytest

from bench.material import tones
from models.training import channel

SOUND = tones((1_000,), 1.0, dbov=-20)
VOICE = tones((313, 517, 1_021), 1.0, dbov=-20)


def db(sound):
    return 10 * np.log10(np.mean(np.square(sound)))


@pytest.mark.parametrize("law", ["mu", "a"])
def test_a_law_is_38_db_above_its_noise(law: str) -> None:
    assert db(VOICE) - db(channel.g711(VOICE, law) - VOICE) == pytest.approx(38, abs=3)


def test_the_band_cuts() -> None:
    assert db(channel.band(tones((100,), 1.0), 300, 3_400)) < -60
    assert db(channel.band(SOUND, 300, 3_400)) == pytest.approx(-20, abs=0.1)


def test_a_call_keeps_what_is_louder() -> None:
    line = channel.Line(level_dbov=-30.0)
    rng = np.random.default_rng(1)
    heard = [channel.through(SOUND * gain, line, rng, call_dbov=-20) for gain in (1.0, 2.0)]
    assert db(heard[0]) == pytest.approx(-30, abs=0.2)
    assert db(heard[1]) - db(heard[0]) == pytest.approx(6, abs=0.2)


def test_noise_has_its_ratio_and_losses_their_share() -> None:
    rng = np.random.default_rng(1)
    line = replace(channel.Line(), noise="white", snr_db=10.0, low_hz=50.0, high_hz=4_000.0)
    assert db(channel.through(SOUND, line, rng) - SOUND) == pytest.approx(-30, abs=1)
    long = np.tile(SOUND, 20)
    assert (channel.lose(long, 0.05, rng) != long).mean() == pytest.approx(0.05, abs=0.02)


def test_lines_are_seeded() -> None:
    for make in (channel.any_line, channel.plain_line, channel.noisy_line, channel.lossy_line):
        assert make(np.random.default_rng(3)) == make(np.random.default_rng(3))
