"""Features of version 1 are what the weights were trained on: none may drift unnoticed.

The golden figures were made by the first, plain arithmetic of version 1. Whoever changes what
a feature means counts FEATURES_VERSION up and writes them anew; whoever makes it faster does not.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from bench.material import VOWELS, Sound, at_level, band, g711, noise, vowel
from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN, Batch, batch_of
from media.features.functionals import FEATURES_VERSION, NAMES, Features, features
from tests.house import ROOT

GOLDEN = ROOT / "tests" / "golden" / "features"
MEL_FRAMES = (0, 40, 41, 150, 297)
TOLERANCE = 1e-4
"""Of a value's size, or of 1 where it is smaller: what rounding in float32 may add up to."""


def windows() -> Batch:
    """Return twelve windows of voices, noise and pauses, of any length, made from their seed."""
    made = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        parts: list[Sound] = []
        while sum(part.size for part in parts) < WINDOW_SAMPLES_MAX:
            seconds = float(rng.uniform(0.1, 0.5))
            kind = rng.integers(4)
            if kind == 0:
                parts.append(at_level(noise("pink", seconds, seed=seed), rng.uniform(-50, -30)))
            elif kind == 1:
                parts.append(np.zeros(round(seconds * 8_000)))
            else:
                letter = "aeiou"[rng.integers(5)]
                samples = round(seconds * 8_000)
                f0_hz = np.linspace(rng.uniform(90, 300), rng.uniform(90, 300), samples)
                voice = vowel(f0_hz, samples / 8_000, formants=VOWELS[letter], seed=seed)
                parts.append(at_level(voice, rng.uniform(-35, -15)))
        sound = np.concatenate(parts)[:WINDOW_SAMPLES_MAX]
        if seed % 3 == 0:
            sound = g711(band(sound), "a")
        elif seed % 3 == 1:
            sound = sound + at_level(noise("white", 3.0, seed=seed), rng.uniform(-60, -30))
        size = WINDOW_SAMPLES_MAX if seed < 6 else rng.integers(WINDOW_SAMPLES_MIN, sound.size)
        made.append((np.rint(sound[:size] * 32_768) / 32_768).astype(np.float32))
    return batch_of(made)


@pytest.fixture(scope="module")
def found() -> Features:
    return features(windows())


def golden(name: str) -> tuple[list[str], np.ndarray]:
    with Path(GOLDEN, name).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return head, np.array(rows, dtype=np.float64)


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    away = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)
    assert away.max() <= TOLERANCE


def test_functionals_are_those_of_version_1(found: Features) -> None:
    names, wanted = golden("functionals.csv")
    assert FEATURES_VERSION == 1
    assert tuple(names) == NAMES
    assert_same(found.functionals, wanted)


def test_the_log_mel_is_that_of_version_1(found: Features) -> None:
    _, wanted = golden("log_mel.csv")
    assert_same(found.log_mel[:, MEL_FRAMES].reshape(wanted.shape), wanted)


def test_a_window_has_the_same_features_in_any_batch(found: Features) -> None:
    whole = windows()
    for row in range(0, 12, 5):
        alone = features(Batch(whole.samples[row : row + 1], whole.lengths[row : row + 1]))
        assert_same(alone.functionals[0], found.functionals[row])
        assert_same(alone.log_mel[0], found.log_mel[row])
