import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from models.training.kernel import fit_kernel  # noqa: E402
from models.training.network import Inputs  # noqa: E402
from tests.unit.models.training.test_fit import clips, material  # noqa: E402


def test_a_baseline_is_heard_where_there_is_one() -> None:
    who = clips(60)
    line = material(who)
    network = fit_kernel(who, [line], np.arange(60), 1, 8)
    functionals = torch.from_numpy(line.functionals[:4])
    nothing = torch.zeros(4, 1)
    told = [
        network(Inputs(nothing, nothing, functionals, functionals * share, has))
        for share, has in ((0, nothing), (1, nothing), (0, nothing + 1), (1, nothing + 1))
    ]
    np.testing.assert_allclose(told[0], told[1], atol=1e-6)
    assert (told[2] - told[3]).abs().max() > 1e-3
