from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from media.features.functionals import LEVEL_NAME, NAMES  # noqa: E402
from models.training.export import example  # noqa: E402
from models.training.network import Ensemble, Inputs, ProsodyNet, SpectralNet  # noqa: E402

CENTRE, SCALE = np.zeros(len(NAMES)), np.ones(len(NAMES))


def taken(windows: int) -> dict[str, Any]:
    return {name: torch.from_numpy(values) for name, values in example(windows, 3).items()}


def test_gain_and_what_lies_outside_speech_do_not_reach_the_spectrum() -> None:
    network = SpectralNet(CENTRE, SCALE).eval()
    given = taken(2)
    louder = dict(given, log_mel=given["log_mel"] + 10)
    # The last frames are a gap, whatever stands in them.
    given["active"][:, -40:] = 0
    louder["active"][:, -40:] = 0
    louder["log_mel"][:, -30:] += 50
    with torch.no_grad():
        difference = network(Inputs(**given)) - network(Inputs(**louder))
    assert difference.abs().max() < 1e-3


def test_a_louder_voice_is_angrier_by_the_prior() -> None:
    ensemble = Ensemble([ProsodyNet(CENTRE, SCALE)], 1.0, level_prior=True).eval()
    given = taken(1)
    given["has_baseline"][:] = 1
    given["baseline"] = given["functionals"].clone()
    # The network itself does not hear the level here: its weights for it are taken out.
    at = NAMES.index(LEVEL_NAME)
    with torch.no_grad():
        first = ensemble.members[0].body[1].weight
        first[:, at] = 0
        first[:, len(NAMES) + at] = 0
        before = ensemble(**given)
        given["functionals"][:, at] += 10
        after = ensemble(**given)
    odds = [float(out[0][0, 0] / (1 - out[0][0, 0])) for out in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(np.e, rel=1e-3)
    assert after[1][0] > before[1][0]
