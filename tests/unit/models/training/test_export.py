from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("soundfile")
ort = pytest.importorskip("onnxruntime")

from media.features.functionals import NAMES  # noqa: E402
from models.training.export import example, export  # noqa: E402
from models.training.kernel import fit_kernel  # noqa: E402
from models.training.network import Bank, Ensemble, Member  # noqa: E402
from tests.unit.models.training.test_fit import clips, material  # noqa: E402


@pytest.mark.parametrize("level_prior", [False, True])
def test_onnx_equals_torch(tmp_path: Path, level_prior: bool) -> None:
    torch.manual_seed(1)
    bank = Bank(np.zeros((2, len(NAMES))), np.ones((2, len(NAMES))), width=8, dropout=0.4)
    who = clips(40)
    members = [Member(bank.alone(1)), fit_kernel(who, [material(who)], np.arange(40), 1, 8)]
    ensemble = Ensemble(members, 1.3, level_prior=level_prior).eval()
    export(ensemble, tmp_path / "some.onnx")
    session = ort.InferenceSession(str(tmp_path / "some.onnx"))
    for windows in (1, 5):
        given = example(windows, 7)
        with torch.no_grad():
            wanted = ensemble(*(torch.from_numpy(values) for values in given.values()))
        for found, want in zip(session.run(None, given), wanted, strict=True):
            np.testing.assert_allclose(found, want.numpy(), atol=2e-5)
