import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from media.features.functionals import NAMES  # noqa: E402
from models.training.corpora import Clip  # noqa: E402
from models.training.experiment import Ground, Part, attempt  # noqa: E402
from models.training.fit import Recipe  # noqa: E402
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
    mel = rng.normal(-50, 5, (len(who), 60, 40)).astype(np.float16)
    return Material(mel, np.ones((len(who), 60), dtype=np.bool_), functionals)


@pytest.mark.parametrize(
    "recipe", [Recipe(epochs=40), Recipe(epochs=20, spectral=True), Recipe(linear=True)]
)
def test_what_is_plain_is_learnt_and_the_same_seed_learns_the_same(recipe: Recipe) -> None:
    who = clips(400)
    ground = Ground(who, {"plain": material(who)}, ("plain",), (recipe,), False, 1)
    part = Part(np.arange(300), np.arange(300, 400), (("plain", False), ("plain", True)))
    first, second = (attempt(ground, [part], 1)[0] for _ in range(2))
    said = first["plain", False]
    right = said[:, :2].argmax(axis=1) == [clip.label for clip in who[300:]]
    assert right.mean() > 0.7
    np.testing.assert_allclose(said, second["plain", False], atol=1e-6)


def test_a_baseline_is_of_the_other_clips_of_a_call() -> None:
    who = clips(8)
    values = np.arange(8, dtype=np.float32)[:, np.newaxis]
    found = baselines(who, values, np.random.default_rng(1), 8)
    assert found[0, 0] == 4
    alone = baselines(who[:1], values[:1], np.random.default_rng(1), 8)
    assert np.isnan(alone).all()
