from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from media.features.functionals import LEVEL_NAME, NAMES  # noqa: E402
from models.training.export import example  # noqa: E402
from models.training.linear import LinearNet  # noqa: E402
from models.training.network import Bank, Ensemble, Inputs, Member, Mix  # noqa: E402

NAMED = len(NAMES)


def bank(networks: int) -> Bank:
    torch.manual_seed(1)
    found = Bank(np.zeros((networks, NAMED)), np.ones((networks, NAMED)), width=8, dropout=0.4)
    return found.eval()


def taken(windows: int) -> dict[str, Any]:
    return {name: torch.from_numpy(values) for name, values in example(windows, 3).items()}


def test_gain_and_what_lies_outside_speech_do_not_reach_the_spectrum() -> None:
    network = Member(bank(1))
    given = taken(2)
    louder = dict(given, log_mel=given["log_mel"] + 10)
    # The last frames are a gap, whatever stands in them.
    given["active"][:, -40:] = 0
    louder["active"][:, -40:] = 0
    louder["log_mel"][:, -30:] += 50
    with torch.no_grad():
        difference = network(Inputs(**given)) - network(Inputs(**louder))
    assert difference.abs().max() < 1e-3


def test_networks_of_a_bank_do_not_hear_of_one_another() -> None:
    both = bank(2)
    given = {name: values.unsqueeze(1) for name, values in taken(3).items()}
    twice = {name: values.expand(-1, 2, *values.shape[2:]) for name, values in given.items()}
    with torch.no_grad():
        said = both(Inputs(**twice))
        for place in (0, 1):
            alone = both.alone(place)(Inputs(**given))
            np.testing.assert_allclose(said[:, place], alone[:, 0], atol=1e-5)


def test_a_mix_in_groups_is_the_product_of_matrices_that_a_gpu_takes() -> None:
    mix = Mix(3, 4, 5, 7, 4)
    x = torch.randn(2, 12, 41)
    seen = torch.nn.functional.pad(x, (3, 3)).unflatten(1, (3, 4)).unfold(3, 7, 4)
    wanted = torch.einsum("ngctk,gdck->ngdt", seen, mix.weight).flatten(1, 2)
    wanted = wanted + mix.bias[:, None]
    np.testing.assert_allclose(mix(x).detach(), wanted.detach(), atol=1e-5)


def test_nothing_but_a_baseline_tells_of_the_caller() -> None:
    network = Member(bank(1))
    given = taken(2)
    given["has_baseline"][:] = 0
    other = dict(given, baseline=given["baseline"] + 5)
    with torch.no_grad():
        np.testing.assert_allclose(network(Inputs(**given)), network(Inputs(**other)), atol=1e-6)


def test_a_louder_voice_is_angrier_by_the_prior() -> None:
    deaf = np.zeros((NAMED, 2))
    network = LinearNet(np.zeros(NAMED), np.ones(NAMED), deaf, deaf, np.zeros(2))
    ensemble = Ensemble([network], 1.0, level_prior=True).eval()
    given = taken(1)
    given["has_baseline"][:] = 1
    given["baseline"] = given["functionals"].clone()
    with torch.no_grad():
        before = ensemble(**given)
        given["functionals"][:, NAMES.index(LEVEL_NAME)] += 10
        after = ensemble(**given)
    odds = [float(out[0][0, 0] / (1 - out[0][0, 0])) for out in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(np.e, rel=1e-3)
    assert after[1][0] > before[1][0]
