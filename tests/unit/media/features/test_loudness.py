import numpy as np
import pytest

from media.features.loudness import active, frame_levels
from tests.unit.media.features.rig import one, silence, tone


def test_a_full_sine_is_3_db_below_a_full_square() -> None:
    assert frame_levels(one(tone(1_000, peak=1.0)))[0] == pytest.approx(-3.01, abs=0.05)


def test_what_is_far_below_the_loud_parts_is_a_gap() -> None:
    batch = one(np.concatenate([tone(200, seconds=1), silence(1), tone(200, seconds=1)]))
    heard = active(frame_levels(batch), batch.frame_mask())[0]
    assert heard[:98].all()
    assert not heard[101:198].any()
    assert heard[202:].all()


def test_silence_holds_no_speech() -> None:
    batch = one(silence())
    assert not active(frame_levels(batch), batch.frame_mask()).any()
