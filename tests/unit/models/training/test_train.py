from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("soundfile")

from models.training.corpora import TESTED
from models.training.experiment import Ground
from models.training.fit import Recipe
from models.training.train import HEARD, Work
from tests.unit.models.training.test_fit import clips, material


def test_an_open_set_is_trained_and_its_card_written(tmp_path) -> None:
    pytest.importorskip("onnx")
    who = clips(200)
    who += [replace(clip, corpus=name) for name in TESTED[1:] for clip in clips(8)]
    lines = {kind: material(who) for kind, _ in HEARD}
    ground = Ground(who, lines, ("plain",), (Recipe(kind="linear"),), True, 1)
    work = Work(ground, ("emodb",))
    assert np.flatnonzero(work.allowed).size == 200
    work.run("prosody-open", tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"prosody-open.onnx", "prosody-open.json", "prosody-open.md"}
