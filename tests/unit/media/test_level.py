import numpy as np
import pytest

from bench.material import tones
from media.level import level_dbov, levels_dbov, powers


def test_full_scale_square_wave_is_zero() -> None:
    assert level_dbov(np.array([1.0, -1.0] * 80)) == 0.0


def test_full_scale_sine() -> None:
    sine = np.sin(2 * np.pi * np.arange(160) / 16)
    assert level_dbov(sine) == pytest.approx(-3.01, abs=0.01)


def test_digital_silence() -> None:
    assert level_dbov(np.zeros(160)) == -127.0


@pytest.mark.parametrize("dbov", [-3.5, -26.0, -40.0, -80.0])
def test_level_of_a_tone(dbov: float) -> None:
    assert level_dbov(tones((1_000,), 0.1, dbov=dbov)) == pytest.approx(dbov, abs=0.01)


@pytest.mark.parametrize("shape", [(0,), (2, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        level_dbov(np.zeros(shape))


def test_many_rows_at_once() -> None:
    rows = np.stack([np.zeros(160), np.ones(160)])
    assert levels_dbov(powers(rows)).tolist() == [-127.0, 0.0]
