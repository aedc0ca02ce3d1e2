import numpy as np
import pytest

from domain.tap import TAP_FRAME_SAMPLES
from media.pcm import (
    FRAME_BYTES,
    HOP_SAMPLES,
    HOPS_PER_FRAME,
    from_s16le,
    hops_of,
    to_s16le,
)


def test_full_scale_is_one() -> None:
    assert from_s16le(b"\x00\x80\x00\x00\xff\x7f").tolist() == [-1.0, 0.0, 32767 / 32768]


def test_there_and_back() -> None:
    pcm = np.arange(-32768, 32768, 7, dtype="<i2").tobytes()
    assert to_s16le(from_s16le(pcm)) == pcm


def test_beyond_full_scale_is_clipped() -> None:
    assert to_s16le(np.array([2.0, -2.0])) == b"\xff\x7f\x00\x80"


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="not 3"):
        from_s16le(b"abc")


def test_frames_become_hops_in_order() -> None:
    first = np.arange(TAP_FRAME_SAMPLES, dtype="<i2").tobytes()
    hops = hops_of([first, bytes(FRAME_BYTES)])
    assert hops.shape == (2, HOPS_PER_FRAME, HOP_SAMPLES)
    assert (hops[0, :, 0] * 32768).tolist() == list(range(0, TAP_FRAME_SAMPLES, HOP_SAMPLES))
    assert not hops[1].any()
