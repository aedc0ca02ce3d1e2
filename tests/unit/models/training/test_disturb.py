import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("soundfile")

from models.training.disturb import disturbed  # noqa: E402
from models.training.export import example  # noqa: E402
from models.training.network import Inputs  # noqa: E402


def given() -> Inputs:
    values = {name: torch.from_numpy(v).unsqueeze(1) for name, v in example(4, 1).items()}
    return Inputs(**{name: v.expand(-1, 2, *v.shape[2:]) for name, v in values.items()})


def test_strength_is_each_networks_own_and_none_changes_nothing() -> None:
    torch.manual_seed(1)
    before = given()
    after = disturbed(before, torch.tensor([0.0, 1.0]))
    np.testing.assert_allclose(after.log_mel[:, 0], before.log_mel[:, 0], atol=1e-3)
    assert torch.equal(after.active[:, 0], before.active[:, 0])
    assert (after.log_mel[:, 1] - before.log_mel[:, 1]).abs().mean() > 0.5
    assert after.active[:, 1].sum() < before.active[:, 1].sum()
    assert torch.isfinite(after.log_mel).all()


def test_no_frame_is_said_to_hold_speech_that_held_none() -> None:
    before = given()
    after = disturbed(before, torch.tensor([1.0, 2.0]))
    assert not (after.active > before.active).any()
