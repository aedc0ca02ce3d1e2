from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("soundfile")
ort = pytest.importorskip("onnxruntime")

from media.features.functionals import NAMES  # noqa: E402
from models.training.export import example, export  # noqa: E402
from models.training.network import Ensemble, ProsodyNet, SpectralNet  # noqa: E402


@pytest.mark.parametrize("level_prior", [False, True])
def test_onnx_equals_torch(tmp_path: Path, level_prior: bool) -> None:
    torch.manual_seed(1)
    centre, scale = np.zeros(len(NAMES)), np.ones(len(NAMES))
    members = [ProsodyNet(centre, scale), SpectralNet(centre, scale)]
    ensemble = Ensemble(members, 1.3, level_prior=level_prior).eval()
    export(ensemble, tmp_path / "some.onnx")
    session = ort.InferenceSession(str(tmp_path / "some.onnx"))
    for windows in (1, 5):
        given = example(windows, 7)
        with torch.no_grad():
            wanted = ensemble(*(torch.from_numpy(values) for values in given.values()))
        for found, want in zip(session.run(None, given), wanted, strict=True):
            np.testing.assert_allclose(found, want.numpy(), atol=2e-5)
