import numpy as np
import pytest

from media.pcm import Samples
from server.analyse.contours import RUN_HOPS_MIN, _cleaned, contours
from tests.unit.media.sounds_rig import silence, voice


def sound(*parts: np.ndarray) -> Samples:
    return np.concatenate(parts).astype(np.float32)


def test_pitch_is_told_over_the_median():
    lines = contours(sound(voice(120, 6.0), silence(1.0), voice(240, 2.0), silence(1.0)))
    assert lines.median_hz == pytest.approx(120, rel=0.02)
    low = lines.pitch_st[(lines.pitch_at_s > 0.5) & (lines.pitch_at_s < 5.5)]
    high = lines.pitch_st[(lines.pitch_at_s > 7.3) & (lines.pitch_at_s < 8.7)]
    assert np.nanmedian(low) == pytest.approx(0, abs=0.3)
    assert np.nanmedian(high) == pytest.approx(12, abs=0.3)
    quiet = lines.pitch_st[(lines.pitch_at_s > 6.2) & (lines.pitch_at_s < 6.8)]
    assert np.isnan(quiet).all()


def test_level_follows_the_sound():
    lines = contours(sound(voice(120, 4.0, dbov=-20.0), voice(120, 4.0, dbov=-40.0)))
    loud = lines.level_dbov[lines.level_at_s < 3.8]
    soft = lines.level_dbov[lines.level_at_s > 4.2]
    assert np.median(loud) == pytest.approx(-20, abs=1.5)
    assert np.median(soft) == pytest.approx(-40, abs=1.5)
    assert lines.level_at_s[-1] == pytest.approx(8.0, abs=0.1)
    assert (np.diff(lines.level_at_s) > 0).all()


@pytest.mark.parametrize("samples", [0, 1, 2_399, 24_001])
def test_silence_of_any_length_has_no_pitch(samples):
    lines = contours(np.zeros(samples, dtype=np.float32))
    assert np.isnan(lines.median_hz)
    assert np.isnan(lines.pitch_st).all()
    assert lines.pitch_st.shape == lines.pitch_at_s.shape
    assert lines.level_dbov.shape == lines.level_at_s.shape
    assert (lines.level_dbov <= -120).all()


def test_the_line_breaks_where_no_voice_moves():
    run = [0.0] * (RUN_HOPS_MIN + 2)
    found = _cleaned(np.array([*run, *[12.0] * (RUN_HOPS_MIN + 1), *run, 9.0, *run, 30.0]))
    assert np.isfinite(found[: len(run)]).all()
    assert np.isnan(found[len(run)])
    assert (found[len(run) + 1 : len(run) + 1 + RUN_HOPS_MIN] == 12).all()
    assert 9.0 not in found
    assert 30.0 not in found
