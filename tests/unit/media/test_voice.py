import numpy as np
import pytest

from media.activity import Extent
from media.pitch import CANDIDATES
from media.voice import MEASURES_MAX, Voice, VoiceMeasure


def keep(voice: Voice, first: int, count: int, *, power: float, hz: float) -> None:
    found = np.zeros((count, CANDIDATES, 2), dtype=np.float32)
    found[:, 0] = (hz, 0.9)
    hops = np.arange(first, first + count)
    voice.keep(hops, np.full(count, power, dtype=np.float32), found)


def test_a_segment_is_measured_over_its_own_hops() -> None:
    voice = Voice()
    keep(voice, 0, 5, power=1e-1, hz=300)
    keep(voice, 10, 50, power=1e-2, hz=120)
    keep(voice, 60, 5, power=1e-1, hz=300)
    measure = voice.measure(Extent(10, 60))
    assert measure == VoiceMeasure(level_dbov=-20.0, pitch_hz=120.0, pitch_range_semitones=0.0)
    assert voice.measure(Extent(60, 65)).pitch_hz == 300.0


def test_faint_hops_count_neither_for_level_nor_for_pitch() -> None:
    voice = Voice()
    keep(voice, 0, 20, power=1e-2, hz=120)
    keep(voice, 20, 10, power=1e-6, hz=400)
    measure = voice.measure(Extent(0, 30))
    assert measure.level_dbov == -20.0
    assert measure.pitch_hz == 120.0
    assert measure.pitch_range_semitones == pytest.approx(0.0)


def test_a_segment_without_pitch_still_has_a_level() -> None:
    voice = Voice()
    keep(voice, 0, 20, power=1e-3, hz=0)
    assert voice.measure(Extent(0, 20)) == VoiceMeasure(level_dbov=-30.0)


def test_a_segment_of_nothing_has_no_measure() -> None:
    assert Voice().measure(Extent(0, 20)) == VoiceMeasure()


def test_what_no_segment_claims_is_forgotten() -> None:
    voice = Voice()
    for start in range(0, 10 * MEASURES_MAX, 10):
        voice.forget_before(start)
        keep(voice, start, 10, power=1e-2, hz=120)
    assert voice.measure(Extent(0, 10 * MEASURES_MAX)).level_dbov == -20.0
