import hashlib
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from domain.errors import ModelError
from models.onnx import WEIGHTS_BYTES_MAX, Session


def test_missing_large_foreign_and_broken_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "some.onnx"
    with pytest.raises(ModelError, match="cannot be read"):
        Session(weights, sha256="")
    weights.write_bytes(bytes(WEIGHTS_BYTES_MAX + 1))
    with pytest.raises(ModelError, match="limit"):
        Session(weights, sha256="")
    weights.write_bytes(b"no network")
    with pytest.raises(ModelError, match="SHA-256"):
        Session(weights, sha256="0")
    with pytest.raises(ModelError, match="not a network"):
        Session(weights, sha256=hashlib.sha256(b"no network").hexdigest())
