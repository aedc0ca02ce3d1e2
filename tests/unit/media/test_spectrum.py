import numpy as np
import pytest

from bench.material import noise, tones
from media.spectrum import BINS, spectra


def test_the_sum_is_the_mean_square() -> None:
    hops = tones((1_000,), 0.02, dbov=-10).reshape(1, 1, 160).astype(np.float32)
    power = spectra(hops)
    assert power.shape == (1, 1, BINS)
    assert power.sum() == pytest.approx(0.1, rel=0.01)
    assert int(power.argmax()) == 20


def test_noise_keeps_its_power() -> None:
    hops = noise("white", 20.0).reshape(-1, 160).astype(np.float32)
    assert spectra(hops).sum(axis=1).mean() == pytest.approx(1.0, rel=0.05)
