"""Functionals: some hundred figures of a window, each with a name that people can read.

None counts time itself, so a clip's length cannot give its label away, and all but
`level_mean_db` are the same however loud the line is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features import masked
from media.features.framing import (
    FRAME_HOP_SAMPLES,
    FRAME_SAMPLES,
    FRAMES_PER_S,
    Batch,
    Mask,
)
from media.features.logmel import BANDS, band_centres_hz, band_powers, decibels
from media.features.loudness import active, frame_levels
from media.features.pitch_track import STEP_S, PitchTrack, track
from media.features.rhythm import rhythm
from media.features.tremor import modulation
from media.features.voice_quality import voice_quality

FEATURES_VERSION: Final = 1
"""Counts up when any functional or the log-mel changes: older weights do not fit then."""
CEPSTRA: Final = 13
LEVEL_NAME: Final = "level_mean_db"

Named = Iterator[tuple[str, NDArray[np.float64]]]
Mel = NDArray[np.float32]
"""Shape (n, frames, BANDS)."""

_CENTRES: Final = band_centres_hz()
_OCTAVES: Final = np.log2(_CENTRES / 1_000)
_LOW: Final = _CENTRES < 1_000
_HIGH: Final = _CENTRES >= 1_000
_FIRST_FROM_2K: Final = int((_CENTRES < 2_000).sum())
_COSINES: Final = np.cos(
    np.pi * np.arange(CEPSTRA)[np.newaxis, :] * (np.arange(BANDS)[:, np.newaxis] + 0.5) / BANDS
) * np.sqrt(2 / BANDS)
"""The discrete cosine transform of type II, orthonormal, first CEPSTRA of BANDS."""


def _slope_of(bands: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what makes the slope over octaves of a log spectrum's bands, shape (BANDS,)."""
    away = np.where(bands, _OCTAVES - _OCTAVES[bands].mean(), 0.0)
    return np.asarray(away / np.square(away).sum())


_SLOPES: Final = [_slope_of(bands) for bands in (_CENTRES > 0, _LOW, _HIGH)]
_OF_DECIBELS: Final = np.column_stack([np.full(BANDS, 1 / BANDS), *_SLOPES, _COSINES[:, 1:]])
"""Mean, slopes and cepstra of a log spectrum, shape (BANDS, _FIRST_CEPSTRUM + CEPSTRA - 1)."""
_FIRST_CEPSTRUM: Final = 1 + len(_SLOPES)
_OF_POWERS: Final = np.column_stack(
    [np.ones(BANDS), _HIGH, _LOW, (_CENTRES > 500) & _LOW, _CENTRES < 450, _OCTAVES]
).astype(np.float32)
"""Powers of all bands, high, low, of the first formant and below it; sum over octaves."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the models take of a batch.

    Attributes:
        log_mel: dB, shape (n, frames, BANDS).
        active: Frames that hold speech, shape (n, frames).
        functionals: Shape (n, len(NAMES)), in the order of NAMES.
        pitch: The pitch of each hop.
        levels: dBov of each frame, shape (n, frames).
    """

    log_mel: NDArray[np.float32]
    active: Mask
    functionals: NDArray[np.float32]
    pitch: PitchTrack
    levels: NDArray[np.float64]


def features(batch: Batch) -> Features:
    """Return everything that is known of a batch of windows."""
    levels = frame_levels(batch)
    speech = active(levels, batch.frame_mask())
    powers = band_powers(batch)
    mel = decibels(powers)
    pitch = track(batch, speech)
    voiced = voiced_frames(pitch, speech)
    named = dict(_all(batch, levels, speech, powers, mel, pitch, voiced))
    assert tuple(named) == NAMES
    return Features(
        mel, speech, np.stack(list(named.values()), axis=1).astype(np.float32), pitch, levels
    )


def voiced_frames(pitch: PitchTrack, speech: Mask) -> Mask:
    """Return which active frames of 10 ms lie in a voiced hop of 20 ms, shape (n, frames)."""
    middle = np.arange(speech.shape[1]) * FRAME_HOP_SAMPLES + FRAME_SAMPLES // 2
    step = round(STEP_S * TAP_RATE_HZ)
    hop = np.clip(np.rint((middle - pitch.centres[0]) / step).astype(int), 0, None)
    return np.asarray(pitch.voiced[:, np.minimum(hop, pitch.voiced.shape[1] - 1)] & speech)


def _all(
    batch: Batch,
    levels: NDArray[np.float64],
    speech: Mask,
    powers: Mel,
    mel: Mel,
    pitch: PitchTrack,
    voiced: Mask,
) -> Named:
    yield from _of_pitch(pitch)
    yield from _of_level(levels, speech)
    quality = voice_quality(batch, pitch)
    yield "jitter_share", quality.jitter
    yield "shimmer_db", quality.shimmer_db
    yield "harmonics_to_noise_db", quality.harmonics_db
    yield "harmonics_to_noise_spread_db", quality.harmonics_spread_db
    course = rhythm(levels, speech, voiced)
    yield "syllable_nuclei_per_s", course.nuclei_per_s
    yield "voiced_share", course.voiced_share
    yield "pause_share", course.pause_share
    yield "voiced_run_s", course.voiced_run_s
    for what, moved in (
        ("pitch", modulation(pitch.semitones, pitch.voiced, 1 / STEP_S)),
        ("level", modulation(levels, speech, FRAMES_PER_S)),
    ):
        yield f"{what}_tremor_depth_{'st' if what == 'pitch' else 'db'}", moved.depth
        yield f"{what}_tremor_share", moved.share
        yield f"{what}_tremor_hz", moved.peak_hz
    yield from _of_spectrum(powers, mel, speech, voiced)


def _of_pitch(pitch: PitchTrack) -> Named:
    semitones, voiced = pitch.semitones, pitch.voiced
    low, quarter, middle, upper, high = masked.quantiles(
        semitones, voiced, 0.05, 0.25, 0.5, 0.75, 0.95
    )
    yield "pitch_median_st", middle
    yield "pitch_low_st", low
    yield "pitch_high_st", high
    yield "pitch_range_st", high - low
    yield "pitch_middle_range_st", upper - quarter
    yield "pitch_spread_st", masked.spread(semitones, voiced)
    yield "pitch_skew_st", high + low - 2 * middle
    yield "pitch_slope_st_per_s", masked.slope(semitones, voiced, STEP_S)
    change, both = masked.steps(semitones, voiced)
    # A jump by more than four semitones in 20 ms is a mistaken octave and no voice.
    both = both & (np.abs(change) < 4)
    yield "pitch_rise_st_per_s", masked.mean(change, both & (change > 0)) / STEP_S
    yield "pitch_fall_st_per_s", masked.mean(change, both & (change < 0)) / STEP_S
    yield "pitch_movement_st_per_s", masked.mean(np.abs(change), both) / STEP_S
    yield "pitch_rising_share", masked.mean((change > 0).astype(np.float64), both)
    yield "pitch_strength", masked.mean(pitch.strength, voiced)
    yield "pitch_strength_spread", masked.spread(pitch.strength, voiced)


def _of_level(levels: NDArray[np.float64], speech: Mask) -> Named:
    low, quarter, middle, upper, high = masked.quantiles(
        levels, speech, 0.05, 0.25, 0.5, 0.75, 0.95
    )
    centre = masked.mean(levels, speech)
    yield LEVEL_NAME, centre
    yield "level_range_db", high - low
    yield "level_middle_range_db", upper - quarter
    yield "level_spread_db", masked.spread(levels, speech)
    yield "level_peak_over_mean_db", high - centre
    yield "level_skew_db", high + low - 2 * middle
    yield "level_slope_db_per_s", masked.slope(levels, speech, 1 / FRAMES_PER_S)
    change, both = masked.steps(levels, speech)
    yield "level_rise_db_per_s", masked.mean(change, both & (change > 0)) * FRAMES_PER_S
    yield "level_fall_db_per_s", masked.mean(change, both & (change < 0)) * FRAMES_PER_S
    yield "level_movement_db_per_s", masked.mean(np.abs(change), both) * FRAMES_PER_S


def _of_spectrum(powers: Mel, mel: Mel, speech: Mask, voiced: Mask) -> Named:
    # Everything linear in the decibels or in the powers is one product of matrices each.
    linear = mel.reshape(-1, BANDS).astype(np.float64) @ _OF_DECIBELS
    sums = (powers.reshape(-1, BANDS) @ _OF_POWERS).astype(np.float64)
    total, high, low, formant, below, octaves = sums.T
    mean, *tilts = linear[:, :_FIRST_CEPSTRUM].T
    courses = np.stack(
        (
            *tilts,
            10 * np.log10(high / low),
            mel[:, :, :_FIRST_FROM_2K].max(axis=2).ravel()
            - mel[:, :, _FIRST_FROM_2K:].max(axis=2).ravel(),
            octaves / total,
            mean - 10 * np.log10(total / BANDS),
            10 * np.log10(formant / below),
        ),
    ).reshape(len(_COURSES), *speech.shape)
    voice, voice_spread = masked.moments(courses, voiced)
    noise = masked.means(courses, speech & ~voiced)
    for n, name in enumerate(_COURSES):
        yield f"{name}_voiced_mean", voice[n]
        yield f"{name}_voiced_spread", voice_spread[n]
        yield f"{name}_unvoiced_mean", noise[n]
    change = np.diff(mel, axis=1)
    change = np.sqrt(np.einsum("nfb,nfb->nf", change, change) / BANDS)
    both = speech[:, 1:] & speech[:, :-1]
    yield "flux_db_mean", masked.mean(change, both)
    yield "flux_db_spread", masked.spread(change, both)
    cepstra = np.ascontiguousarray(linear[:, _FIRST_CEPSTRUM:].T).reshape(-1, *speech.shape)
    centre, spread = masked.moments(cepstra, speech)
    _, step_spread = masked.moments(np.diff(cepstra, axis=-1), both)
    for n in range(1, CEPSTRA):
        yield f"cepstrum_{n}_mean", centre[n - 1]
        yield f"cepstrum_{n}_spread", spread[n - 1]
        yield f"cepstrum_{n}_step_spread", step_spread[n - 1]


_COURSES: Final = (
    "tilt_db_per_octave", "tilt_low_db_per_octave", "tilt_high_db_per_octave", "alpha_ratio_db",
    "hammarberg_db", "centroid_octave", "flatness_db", "first_formant_over_pitch_db",
)  # fmt: skip
NAMES: Final = (
    "pitch_median_st", "pitch_low_st", "pitch_high_st", "pitch_range_st", "pitch_middle_range_st",
    "pitch_spread_st", "pitch_skew_st", "pitch_slope_st_per_s", "pitch_rise_st_per_s",
    "pitch_fall_st_per_s", "pitch_movement_st_per_s", "pitch_rising_share", "pitch_strength",
    "pitch_strength_spread",
    LEVEL_NAME, "level_range_db", "level_middle_range_db", "level_spread_db",
    "level_peak_over_mean_db", "level_skew_db", "level_slope_db_per_s", "level_rise_db_per_s",
    "level_fall_db_per_s", "level_movement_db_per_s",
    "jitter_share", "shimmer_db", "harmonics_to_noise_db", "harmonics_to_noise_spread_db",
    "syllable_nuclei_per_s", "voiced_share", "pause_share", "voiced_run_s",
    "pitch_tremor_depth_st", "pitch_tremor_share", "pitch_tremor_hz",
    "level_tremor_depth_db", "level_tremor_share", "level_tremor_hz",
    *(f"{name}_{part}" for name in _COURSES
      for part in ("voiced_mean", "voiced_spread", "unvoiced_mean")),
    "flux_db_mean", "flux_db_spread",
    *(f"cepstrum_{n}_{part}" for n in range(1, CEPSTRA)
      for part in ("mean", "spread", "step_spread")),
)  # fmt: skip
"""Last part of a name: its unit, or what was taken of a course."""
