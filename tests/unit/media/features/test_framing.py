import numpy as np
import pytest

from media.features.framing import FRAME_SAMPLES, batch_of, frames_in
from tests.unit.media.features.sounds import silence


def test_frames_are_counted() -> None:
    assert frames_in(FRAME_SAMPLES - 1) == 0
    assert frames_in(24_000) == batch_of([silence()]).framed().shape[1] == 298


def test_frames_after_the_end_are_masked() -> None:
    batch = batch_of([silence()[:8_000]])
    assert batch.frame_mask().sum() == frames_in(8_000)


@pytest.mark.parametrize("samples", [100, 24_001])
def test_other_lengths_are_refused(samples: int) -> None:
    with pytest.raises(ValueError, match="samples is wanted"):
        batch_of([np.zeros(samples, dtype=np.float32)])


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        batch_of([np.full(8_000, np.nan, dtype=np.float32)])
