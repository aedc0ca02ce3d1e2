from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from models.training import progress  # noqa: E402
from models.training.fit import Stock, fit  # noqa: E402
from models.training.progress import Progress, place_of  # noqa: E402
from tests.unit.models.training.test_fit import clips, material, network  # noqa: E402


class Interrupted(Exception):
    pass


def test_a_training_that_is_interrupted_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = clips(80)
    stock = Stock(who, [material(who)], 1, torch.device("cpu"))
    rows = [np.arange(40), np.arange(40, 80)]
    recipes = [network(), network()]
    whole = fit(recipes, stock, rows, 1)
    monkeypatch.setattr(progress, "SAVE_EVERY_S", 0.0)
    real, kept = Progress._keep, []

    def keep(self: Progress) -> None:
        real(self)
        kept.append(self.step)
        if self.step == 37:
            raise Interrupted

    monkeypatch.setattr(Progress, "_keep", keep)
    with pytest.raises(Interrupted):
        fit(recipes, stock, rows, 1, tmp_path)
    again = fit(recipes, stock, rows, 1, tmp_path)
    assert kept[36:39] == [37, 38, 39]
    for name, values in whole.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], values)
    # What has ended is not trained again.
    kept.clear()
    fit(recipes, stock, rows, 1, tmp_path)
    assert kept == []


def test_another_training_has_another_place(tmp_path: Path) -> None:
    rows = np.arange(4)
    places = {
        place_of(tmp_path, 1, network(), rows),
        place_of(tmp_path, 2, network(), rows),
        place_of(tmp_path, 1, network(strength=0.5), rows),
        place_of(tmp_path, 1, network(), rows + 1),
    }
    assert len(places) == 4
    assert place_of(tmp_path, 1, network(), rows) in places


def test_without_a_place_nothing_is_kept() -> None:
    steps = Progress(None, 3, state=dict, restore=lambda _: None)
    assert list(steps.steps()) == [0, 1, 2]
