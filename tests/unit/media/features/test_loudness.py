import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.loudness import active, frame_levels
from tests.unit.media.features.sounds import silence, tone


def test_a_gap_is_not_active() -> None:
    sound = tone()
    sound[8_000:16_000] *= np.float32(0.001)
    batch = batch_of([sound])
    speech = active(frame_levels(batch), batch.frame_mask())
    assert speech[0, :95].all()
    assert not speech[0, 105:195].any()


def test_silence_is_not_active() -> None:
    batch = batch_of([silence()])
    levels = frame_levels(batch)
    assert levels.max() == pytest.approx(-127)
    assert not active(levels, batch.frame_mask()).any()
