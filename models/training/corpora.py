"""Corpora: the recordings, their labels made one, and who is kept apart from whom.

Arousal and valence of a label are a coarse assignment of this project's own. For angry, happy,
sad, fear and disgust they are the values that later work commonly passes on as the means of
J. Russell, A. Mehrabian, "Evidence for a three-factor theory of emotions", J. Research in
Personality 11, 1977; the paper itself was not seen. Acted labels are not rated speech: the figures
order the labels, and claim no more.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN
from models.emotion import LABELS

CORPORA: Final = ("emodb", "ravdess", "casia", "nemo", "ased", "baved", "turev")
TESTED: Final = ("emodb", "ravdess", "casia", "nemo")
"""What figures are given of: whole sentences by actors, with a label for each clip."""
OPEN: Final = ("emodb",)
"""What a business may use; see the data folder's README."""
HARMONISED: Final = {"calm": "neutral", "boredom": "neutral"}
AROUSAL_VALENCE: Final[dict[str, tuple[float, float | None]]] = {
    "angry": (0.59, -0.51),
    "happy": (0.51, 0.81),
    "neutral": (0.0, 0.0),
    "calm": (-0.46, 0.68),
    "boredom": (-0.62, -0.65),
    "sad": (-0.27, -0.63),
    "fear": (0.60, -0.64),
    "surprise": (0.67, 0.40),
    "disgust": (0.35, -0.60),
    # BAVED labels the strength of an emotion and not which: no valence.
    "low_arousal": (-0.5, None),
    "high_arousal": (0.5, None),
}
FOLDS: Final = 4
CALL_CLIPS: Final = 12
"""Clips of one speaker that pass the same line: a call, from which a baseline is taken."""
UNTOLD_SAMPLES: Final = TAP_RATE_HZ * 19 // 10
"""ASED's length tells its label above 1.95 s, so all its clips are cut below."""
TRIM_DB: Final = 35.0
"""Before its first and after its last 20 ms within this of the loudest, a clip is silent."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording.

    Attributes:
        path: Below the folder of emotional speech.
        label: Place in LABELS; -1 where the corpus does not say.
        arousal: -1 to 1.
        valence: -1 to 1; nan where the corpus does not say.
        fold: The part of the speakers it belongs to, 0 to FOLDS - 1.
        call: Which of its speaker's calls.
    """

    path: str
    corpus: str
    speaker: str
    label: int
    arousal: float
    valence: float
    fold: int
    call: int


def read(data: Path, corpora: Sequence[str], seed: int) -> list[Clip]:
    """Return the clips of corpora, ordered by file.

    Args:
        data: The data folder, with `emotion/` in it.
        corpora: Names out of CORPORA.
        seed: Of the shuffles of speakers into folds and of clips into calls.
    """
    clips: list[Clip] = []
    for corpus in corpora:
        source = data / "emotion" / f"{corpus}.csv"
        with source.open(encoding="utf-8", newline="") as lines:
            rows = sorted(csv.DictReader(lines), key=lambda row: row["file"])
        # A corpus is shuffled by itself, so that it falls the same whoever else is read.
        rng = np.random.default_rng([seed, CORPORA.index(corpus)])
        speakers = sorted({row["speaker"] for row in rows})
        folds = {speaker: place % FOLDS for place, speaker in enumerate(rng.permutation(speakers))}
        for speaker in speakers:
            own = [row for row in rows if row["speaker"] == speaker]
            order = rng.permutation(len(own))
            for row, place in zip(own, order, strict=True):
                clips.append(_clip(row, int(folds[speaker]), int(place) // CALL_CLIPS))
    return clips


def _clip(row: dict[str, str], fold: int, call: int) -> Clip:
    said = row["emotion"]
    label = HARMONISED.get(said, said)
    # BAVED's neutral is the middle of three strengths of any emotion.
    labelled = label in LABELS and row["corpus"] != "baved"
    arousal, valence = AROUSAL_VALENCE[said]
    return Clip(
        path=row["file"],
        corpus=row["corpus"],
        speaker=row["speaker"],
        label=LABELS.index(label) if labelled else -1,
        arousal=arousal,
        valence=np.nan if valence is None or not labelled else valence,
        fold=fold,
        call=call,
    )


def labels_of(clips: Sequence[Clip]) -> dict[str, NDArray[np.bool_]]:
    """Return which of LABELS each corpus has, shape (len(LABELS),); all where it has none."""
    known = {clip.corpus: np.zeros(len(LABELS), dtype=np.bool_) for clip in clips}
    for clip in clips:
        if clip.label >= 0:
            known[clip.corpus][clip.label] = True
    for mask in known.values():
        if not mask.any():
            mask[:] = True
    return known


def sound(data: Path, clip: Clip, rng: np.random.Generator | None) -> NDArray[np.float64]:
    """Return a clip's speech, trimmed, at most WINDOW_SAMPLES_MAX samples; see `piece_of`."""
    return piece_of(trimmed(data, clip), clip, rng)


def trimmed(data: Path, clip: Clip) -> NDArray[np.float64]:
    """Return a clip without the silence before and after its speech.

    Raises:
        ValueError: The file is not mono at TAP_RATE_HZ.
    """
    samples, rate = soundfile.read(data / "emotion" / clip.path, dtype="float64")
    if rate != TAP_RATE_HZ or samples.ndim != 1:
        raise ValueError(f"{clip.path} has {rate} Hz and shape {samples.shape}, not mono 8 kHz")
    return _trimmed(samples)


def piece_of(
    speech: NDArray[np.float64], clip: Clip, rng: np.random.Generator | None
) -> NDArray[np.float64]:
    """Return at most WINDOW_SAMPLES_MAX samples of a clip's speech.

    Args:
        speech: Trimmed.
        clip: Whose.
        rng: Chooses the piece of a clip that is too long; None takes its middle.
    """
    most = UNTOLD_SAMPLES if clip.corpus == "ased" else WINDOW_SAMPLES_MAX
    spare = max(speech.size - most, 0)
    start = spare // 2 if rng is None else int(rng.integers(spare + 1))
    piece = speech[start : start + most]
    return np.pad(piece, (0, max(WINDOW_SAMPLES_MIN - piece.size, 0)))


def _trimmed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    hop = TAP_RATE_HZ // 50
    whole = samples.size // hop * hop
    power = np.square(samples[:whole].reshape(-1, hop)).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-TRIM_DB / 10))
    if not loud.size:
        return samples
    return samples[max(loud[0] - 2, 0) * hop : (loud[-1] + 3) * hop]
