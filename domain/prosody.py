"""Prosody: how the customer speaks, in figures that people can read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosody:
    """One window of the customer's speech.

    "Over his own" is against the mean of what was heard of him before; None until enough was.

    Attributes:
        pitch_hz: Median; None when nothing was voiced.
        pitch_over_own_st: Median against his own, semitones.
        pitch_range_st: 5th to 95th percentile, semitones.
        level_dbov: Mean over speech.
        level_over_own_db: The same against his own.
        syllables_per_s: Syllable nuclei a second of the window.
        pause_share: Of the window that holds no speech between speech, 0.0 to 1.0.
        jitter_share: Mean difference of neighbouring periods over the period.
        shimmer_db: Mean difference of neighbouring amplitudes.
        harmonics_to_noise_db: Of the voiced parts.
        tremor_hz: Strongest modulation of the pitch from 4 to 12 Hz.
        tremor_share: Of the pitch's slow movement that lies there, 0.0 to 1.0.
        strain: How strained the voice sounds, 0.0 to 1.0; an estimate from tremor, jitter and
            pitch, no diagnosis.
        strain_uncertainty: Standard deviation of `strain` among windows of that much speech whose
            speakers were not strained.
    """

    pitch_hz: float | None
    pitch_over_own_st: float | None
    pitch_range_st: float
    level_dbov: float
    level_over_own_db: float | None
    syllables_per_s: float
    pause_share: float
    jitter_share: float
    shimmer_db: float
    harmonics_to_noise_db: float
    tremor_hz: float
    tremor_share: float
    strain: float
    strain_uncertainty: float
