import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from media.features.functionals import LEVEL_NAME, NAMES  # noqa: E402
from models.training.linear import fit_linear  # noqa: E402
from tests.unit.models.training.test_fit import clips, material  # noqa: E402


def test_the_level_weighs_nothing_and_anger_is_found() -> None:
    who = clips(300)
    found = fit_linear(who, [material(who)], np.arange(300), 1, 8)
    assert not found.alone[NAMES.index(LEVEL_NAME)].any()
    assert found.alone[:, 0].abs().argmax() == 0
    assert found.alone[0, 0] > 0
