import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from media.features.functionals import NAMES  # noqa: E402
from models.training.corpora import Clip  # noqa: E402
from models.training.experiment import Ground, Part, attempt  # noqa: E402
from models.training.fit import Recipe, RunningMean, Stock, fit  # noqa: E402
from models.training.material import Material, baselines  # noqa: E402


def clips(count: int) -> list[Clip]:
    return [
        Clip("", "emodb", f"s{n % 4}", n % 2, 0.5 if n % 2 == 0 else -0.5, 0.0, n % 4, 0)
        for n in range(count)
    ]


def material(who: list[Clip]) -> Material:
    rng = np.random.default_rng(1)
    functionals = rng.standard_normal((len(who), len(NAMES))).astype(np.float32)
    functionals[:, 0] += [3 * (clip.label == 0) for clip in who]
    mel = rng.normal(-50, 5, (len(who), 32, 40)).astype(np.float16)
    return Material(mel, np.ones((len(who), 32), dtype=np.bool_), functionals)


def network(**more) -> Recipe:
    return Recipe(steps=100, batch=32, rate=1e-2, width=8, dropout=0.0, **more)


@pytest.mark.parametrize("recipe", [network(), Recipe(kind="kernel"), Recipe(kind="linear")])
def test_what_is_plain_is_learnt_and_the_same_seed_learns_the_same(recipe: Recipe) -> None:
    who = clips(240)
    line = material(who)
    lines = dict.fromkeys(("plain", "noisy", "lossy"), line)
    ground = Ground(who, lines, ("plain",), (recipe,), False, 1)
    part = Part(np.arange(160), np.arange(160, 240), (("plain", False), ("plain", True)))
    first, second = (attempt(ground, [part])[0][0] for _ in range(2))
    said = first["plain", False]
    right = said[:, :2].argmax(axis=1) == [clip.label for clip in who[160:]]
    assert right.mean() > 0.7
    np.testing.assert_allclose(said, second["plain", False], atol=1e-5)


def test_a_network_sees_its_own_corpora_and_rows_alone() -> None:
    who = clips(80)
    line = material(who)
    line.functionals[40:] += 50
    stock = Stock(who, [line], 1, torch.device("cpu"))
    bank = fit([network(), network()], stock, [np.arange(40), np.arange(40, 80)], 1)
    apart = bank.standing.centre[1] - bank.standing.centre[0]
    assert apart.min() > 40
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit([network(corpora=("casia",))], stock, [np.arange(40)], 1)


def test_a_running_mean_forgets_the_beginning() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    mean = RunningMean(layer)
    with torch.no_grad():
        layer.weight.fill_(3.0)
    for _ in range(200):
        mean.take(layer)
    assert mean.state["weight"].item() == pytest.approx(3.0, abs=1e-3)


def test_a_baseline_is_of_the_other_clips_of_a_call() -> None:
    who = clips(8)
    values = np.arange(8, dtype=np.float32)[:, np.newaxis]
    found = baselines(who, values, np.random.default_rng(1), 8)
    assert found[0, 0] == 4
    alone = baselines(who[:1], values[:1], np.random.default_rng(1), 8)
    assert np.isnan(alone).all()
