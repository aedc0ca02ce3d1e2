import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from domain.errors import ModelError
from media.features.framing import batch_of
from media.features.functionals import FEATURES_VERSION, features
from models.emotion import WINDOWS_MAX, EmotionModel
from models.onnx import WEIGHTS_BYTES_MAX
from models.weights_folder import WEIGHTS
from tests.unit.media.features.rig import buzz, noise, silence, tone

NAMES = sorted(path.stem for path in WEIGHTS.glob("*.onnx"))
HEARD = features(batch_of([tone(200.0), buzz(140.0), noise(1), silence()]))


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> EmotionModel:
    return EmotionModel.load(request.param, features_version=FEATURES_VERSION)


def test_scores_have_their_shapes_and_ranges(model: EmotionModel) -> None:
    for baseline in (None, np.tile(HEARD.functionals[1], (4, 1))):
        found = model.score(HEARD.log_mel, HEARD.active, HEARD.functionals, baseline)
        assert found.probabilities.shape == (4, 7)
        assert ((found.anger >= 0) & (found.anger <= 1)).all()
        assert (np.abs(found.arousal) <= 1).all()
        assert ((found.confidence > 0) & (found.confidence <= 1)).all()
        if model.card.claims_labels:
            np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
        else:
            assert np.isnan(found.probabilities).all()
            assert np.isnan(found.valence).all()


def test_a_batch_is_equal_to_its_windows_alone(model: EmotionModel) -> None:
    together = model.score(HEARD.log_mel, HEARD.active, HEARD.functionals)
    for row in range(4):
        one = slice(row, row + 1)
        alone = model.score(HEARD.log_mel[one], HEARD.active[one], HEARD.functionals[one])
        assert alone.anger[0] == pytest.approx(together.anger[row], abs=1e-5)


def test_no_window(model: EmotionModel) -> None:
    found = model.score(HEARD.log_mel[:0], HEARD.active[:0], HEARD.functionals[:0])
    assert found.anger.shape == (0,)


def test_what_does_not_fit_is_refused(model: EmotionModel) -> None:
    with pytest.raises(ModelError, match="shape"):
        model.score(HEARD.log_mel, HEARD.active, HEARD.functionals[:, :-1])
    with pytest.raises(ModelError, match="not finite"):
        model.score(HEARD.log_mel, HEARD.active, HEARD.functionals * np.float32(np.nan))
    many = WINDOWS_MAX + 1
    with pytest.raises(ModelError, match="limit"):
        model.score(HEARD.log_mel, HEARD.active, np.zeros((many, 100), dtype=np.float32))


def test_other_features_are_refused() -> None:
    with pytest.raises(ModelError, match="version"):
        EmotionModel.load(NAMES[0], features_version=FEATURES_VERSION + 1)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small(name: str) -> None:
    assert (WEIGHTS / f"{name}.onnx").stat().st_size <= WEIGHTS_BYTES_MAX
