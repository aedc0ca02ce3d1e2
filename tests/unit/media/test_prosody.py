import numpy as np
import pytest

from media.baseline import Functionals
from media.features.functionals import NAMES, features
from media.prosody import evidence, readable
from tests.unit.media.features.rig import buzz, one, silence


def functionals_of(sound: Functionals) -> Functionals:
    row: Functionals = features(one(sound)).functionals[0]
    return row


def moved(row: Functionals, **changes: float) -> Functionals:
    other = row.copy()
    for name, change in changes.items():
        other[NAMES.index(name)] += change
    return other


HUM = functionals_of(buzz(140))


def test_a_hum_reads_as_what_it_is() -> None:
    prosody = readable(HUM, None, 2.5)
    assert prosody.pitch_hz == pytest.approx(140, rel=0.01)
    assert prosody.pitch_over_own_st is None
    assert prosody.level_over_own_db is None
    assert prosody.pitch_range_st < 0.5
    assert prosody.jitter_share < 0.01
    assert prosody.harmonics_to_noise_db > 20


def test_a_baseline_makes_it_his_own() -> None:
    prosody = readable(functionals_of(buzz(140 * 2 ** (5 / 12))), HUM, 2.5)
    assert prosody.pitch_over_own_st == pytest.approx(5, abs=0.2)
    assert prosody.level_over_own_db == pytest.approx(0, abs=1)


def test_silence_has_no_pitch() -> None:
    assert readable(functionals_of(silence()), None, 0.02).pitch_hz is None


def test_strain_grows_with_tremor_and_its_uncertainty_with_less_speech() -> None:
    calm = readable(HUM, None, 2.5)
    strained = readable(moved(HUM, pitch_tremor_share=0.3, jitter_share=0.01), None, 2.5)
    assert strained.strain > calm.strain
    assert calm.strain_uncertainty == pytest.approx(0.19, abs=0.001)
    assert readable(HUM, None, 0.625).strain_uncertainty == pytest.approx(0.38, abs=0.001)
    assert readable(HUM, None, 0.02).strain_uncertainty == 0.5


def test_what_is_most_striking_is_named_first() -> None:
    louder = moved(HUM, level_mean_db=8.0, pitch_median_st=2.5)
    assert [str(reason) for reason in evidence(louder, HUM)] == [
        "loudness 8 dB above his own",
        "pitch 2.5 semitones above his own",
    ]


def test_what_speaks_for_calm_is_no_evidence() -> None:
    assert evidence(moved(HUM, level_mean_db=-9.0, pitch_median_st=-4.0), HUM) == ()


def test_without_a_baseline_only_what_all_share_is_named() -> None:
    names = {reason.name for reason in evidence(moved(HUM, pitch_range_st=20.0), None)}
    assert "pitch range" in names
    assert not names & {"pitch", "loudness"}


def test_every_functional_that_is_read_exists() -> None:
    assert np.isfinite(HUM).all()
    readable(HUM, HUM, 1.0)
