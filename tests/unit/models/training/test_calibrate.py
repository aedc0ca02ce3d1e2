import numpy as np
import pytest

from models.training.calibrate import cooled, temperature


def test_boasting_is_cooled() -> None:
    rng = np.random.default_rng(1)
    said = np.log(np.tile([0.99, 0.01], (4_000, 1)))
    label = (rng.random(4_000) > 0.8).astype(np.int64)
    heat = temperature([(said, label)])
    assert cooled(said, heat)[0, 0] == pytest.approx(0.8, abs=0.03)


def test_nothing_to_calibrate_on() -> None:
    with pytest.raises(ValueError, match="no clip"):
        temperature([(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))])
