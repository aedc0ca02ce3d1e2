"""Prosody that people can read, and which of it speaks for a judgement.

Source:
    Centres and scales are those of 3 s windows of neutral speech, EMO-DB, RAVDESS, CASIA and nEMO
    over a plain telephone line, within a speaker where a baseline is known. Louder, higher, wider
    and faster speech is what agitation sounds like (R. Banse, K. Scherer, J. Personality and
    Social Psychology 70, 1996).
"""

from dataclasses import dataclass
from math import exp, sqrt
from typing import Final

from domain.emotion import EVIDENCE_MAX, Evidence
from domain.prosody import Prosody
from media.baseline import Functionals
from media.features.functionals import NAMES
from media.features.pitch_track import SEMITONES_OF_HZ

STRIKING: Final = 1.0
"""Standard deviations of neutral speech from which on a figure is named as a reason."""
_TREMOR: Final = (0.34, 0.12)
_JITTER: Final = (0.020, 0.008)
_PITCH_OWN_ST: Final = 2.03
"""Centre and scale, or scale alone."""
_NEUTRAL_SD: Final = 0.19
_NEUTRAL_S: Final = 2.5
"""Standard deviation of `strain` among neutral clips, and the speech that such a clip holds.
Fear against neutral: area under the curve .53 to .66 over the four corpora without a baseline,
.57 (CASIA) to .90 with one (docs/measure/emotion.md): a hint and not more."""
_AT: Final = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class _Sign:
    """A functional that people can read, and what it usually is.

    Attributes:
        own_scale: Standard deviation of neutral speech within a speaker.
        centre: Mean of neutral speech; None: it differs from caller to caller and line to line,
            and means nothing without a baseline.
        scale: Standard deviation of neutral speech over speakers.
        unit: After the value where the mean of all is meant.
    """

    name: str
    functional: str
    own_scale: float
    own_unit: str
    centre: float | None
    scale: float
    unit: str


_SIGNS: Final = (
    _Sign("pitch", "pitch_median_st", 2.03, "semitones above his own", None, 5.63, ""),
    _Sign("loudness", "level_mean_db", 2.42, "dB above his own", None, 11.7, ""),
    _Sign(
        "brightness", "tilt_db_per_octave_voiced_mean", 0.66, "dB an octave above his own", -4.78,
        1.0, "dB an octave",
    ),
    _Sign(
        "pitch range", "pitch_range_st", 2.9, "semitones wider than his own", 8.92, 3.76,
        "semitones",
    ),
    _Sign(
        "pitch movement", "pitch_movement_st_per_s", 5.4, "semitones a second over his own", 20.6,
        8.77, "semitones a second",
    ),
    _Sign(
        "speech rate", "syllable_nuclei_per_s", 0.85, "syllables a second over his own", 4.19, 1.1,
        "syllables a second",
    ),
)  # fmt: skip


def readable(functionals: Functionals, beside: Functionals | None, voiced_s: float) -> Prosody:
    """Return a window's prosody.

    Args:
        functionals: Of the window, shape (len(NAMES),).
        beside: The caller's baseline, same shape; None: not known.
        voiced_s: Speech in the window, seconds, over 0.
    """

    def value(name: str, digits: int) -> float:
        return round(float(functionals[_AT[name]]), digits)

    def over_own(name: str, digits: int) -> float | None:
        if beside is None:
            return None
        return round(float(functionals[_AT[name]] - beside[_AT[name]]), digits)

    voiced = functionals[_AT["voiced_share"]] > 0
    pitch_st = float(functionals[_AT["pitch_median_st"]])
    pitch_over_own_st = over_own("pitch_median_st", 2)
    strain = _strain(functionals, pitch_over_own_st)
    return Prosody(
        pitch_hz=round(SEMITONES_OF_HZ * 2 ** (pitch_st / 12), 1) if voiced else None,
        pitch_over_own_st=pitch_over_own_st,
        pitch_range_st=value("pitch_range_st", 2),
        level_dbov=value("level_mean_db", 1),
        level_over_own_db=over_own("level_mean_db", 1),
        syllables_per_s=value("syllable_nuclei_per_s", 2),
        pause_share=value("pause_share", 3),
        jitter_share=value("jitter_share", 4),
        shimmer_db=value("shimmer_db", 2),
        harmonics_to_noise_db=value("harmonics_to_noise_db", 1),
        tremor_hz=value("pitch_tremor_hz", 1),
        tremor_share=value("pitch_tremor_share", 3),
        strain=round(strain, 3),
        strain_uncertainty=round(min(_NEUTRAL_SD * sqrt(_NEUTRAL_S / voiced_s), 0.5), 3),
    )


def evidence(functionals: Functionals, beside: Functionals | None) -> tuple[Evidence, ...]:
    """Return what is striking about a window, the most striking first, at most EVIDENCE_MAX.

    Only what speaks for agitation is named: it stands beside a judgement of anger.
    """
    found = []
    for sign in _SIGNS:
        value = float(functionals[_AT[sign.functional]])
        if beside is not None:
            more = value - float(beside[_AT[sign.functional]])
            found.append((more / sign.own_scale, Evidence(
                name=sign.name, value=round(more, 2), unit=sign.own_unit
            )))  # fmt: skip
        elif sign.centre is not None:
            found.append(((value - sign.centre) / sign.scale, Evidence(
                name=sign.name, value=round(value, 2), unit=sign.unit
            )))  # fmt: skip
    found.sort(key=lambda one: -one[0])
    return tuple(said for striking, said in found if striking >= STRIKING)[:EVIDENCE_MAX]


def _strain(functionals: Functionals, pitch_over_own_st: float | None) -> float:
    """Return 0.0 to 1.0: tremor, jitter and, with a baseline, pitch against neutral speech."""
    sum_ = 0.8 * _away(functionals[_AT["pitch_tremor_share"]], *_TREMOR)
    sum_ += 0.4 * _away(functionals[_AT["jitter_share"]], *_JITTER)
    if pitch_over_own_st is not None:
        sum_ += 0.5 * _away(pitch_over_own_st, 0.0, _PITCH_OWN_ST)
    return 1 / (1 + exp(0.8 - sum_))


def _away(value: float, centre: float, scale: float) -> float:
    return max(-3.0, min(3.0, (float(value) - centre) / scale))
