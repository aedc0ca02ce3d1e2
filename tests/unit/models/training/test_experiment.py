import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from models.training.experiment import Ground, say  # noqa: E402
from models.training.fit import Recipe  # noqa: E402
from models.training.linear import fit_linear  # noqa: E402
from models.training.network import Ensemble  # noqa: E402
from tests.unit.models.training.test_fit import clips, material  # noqa: E402


def test_no_row_says_nothing_and_many_rows_are_cut() -> None:
    who = clips(300)
    line = material(who)
    recipe = Recipe(kind="linear")
    ground = Ground(who, {"plain": line}, ("plain",), (recipe,), True, 1)
    ensemble = Ensemble([fit_linear(who, [line], np.arange(300), 1, 8)], 1.0, level_prior=True)
    assert say(ground, ensemble, "plain", np.arange(0), baseline=True).shape == (0, 9)
    found = say(ground, ensemble, "plain", np.arange(300), baseline=True)
    assert found.shape == (300, 9)
    np.testing.assert_allclose(np.exp(found[:, :7]).sum(axis=1), 1, atol=1e-5)
