"""Material: every clip through its lines, as features, computed once and kept in a cache.

The clips of a call pass the same line, so that a baseline from a call's other clips is what
a running call would have. Babble is made of voices of the same corpus and fold: no voice is
heard on the wrong side of a split, and no recording in a set of weights that may not use it.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN, batch_of, frames_in
from media.features.functionals import FEATURES_VERSION, NAMES, features
from media.features.logmel import BANDS
from models.training import channel
from models.training.corpora import Clip, sound

LINES: Final[dict[str, Callable[[np.random.Generator], channel.Line]]] = {
    "plain": channel.plain_line,
    "noisy": channel.noisy_line,
    "lossy": channel.lossy_line,
    **{f"any{n}": channel.any_line for n in range(4)},
}
"""Kinds of line, by the name that stands in the cache."""
VOICES: Final = 4
"""That babble is made of."""


@dataclass(frozen=True, slots=True)
class Material:
    """The features of clips, row by row.

    Attributes:
        log_mel: dB, float16, shape (n, frames, BANDS).
        active: Shape (n, frames).
        functionals: Shape (n, len(NAMES)).
    """

    log_mel: NDArray[np.float16]
    active: NDArray[np.bool_]
    functionals: NDArray[np.float32]


def prepare(
    data: Path, cache: Path, clips: Sequence[Clip], kind: str, *, seed: int, workers: int
) -> Material:
    """Return the features of clips over one kind of line, from the cache where it has them."""
    names = "\n".join(clip.path for clip in clips)
    key = hashlib.sha256(f"{FEATURES_VERSION} {seed} {NAMES} {names}".encode()).hexdigest()[:12]
    place = cache / f"{kind}-{key}.npz"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        speakers = [clip.speaker for clip in clips]
        starts = [row for row in range(len(clips)) if not row or speakers[row] != speakers[row - 1]]
        chunks = [range(a, b) for a, b in pairwise([*starts, len(clips)])]
        with ProcessPoolExecutor(workers) as pool:
            parts = list(
                pool.map(
                    _features, *zip(*[(data, clips, kind, seed, c) for c in chunks], strict=True)
                )
            )
        half = place.with_suffix(".half.npz")
        np.savez(
            half,
            log_mel=np.concatenate([part[0] for part in parts]),
            active=np.concatenate([part[1] for part in parts]),
            functionals=np.concatenate([part[2] for part in parts]),
        )
        half.rename(place)
    with np.load(place) as kept:
        return Material(kept["log_mel"], kept["active"], kept["functionals"])


def _features(
    data: Path, clips: Sequence[Clip], kind: str, seed: int, rows: range
) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.float32]]:
    """Compute the features of one speaker's clips, which stand together."""
    powers: dict[int, list[float]] = {}
    for row in rows:
        speech = sound(data, clips[row], None)
        powers.setdefault(clips[row].call, []).append(float(np.mean(np.square(speech))))
    windows = []
    for row in rows:
        clip = clips[row]
        name = f"{kind} {clip.speaker} {clip.call}".encode()
        of_call = np.random.default_rng([seed, *hashlib.sha256(name).digest()[:8]])
        of_clip = np.random.default_rng(
            [seed, *hashlib.sha256(f"{kind} {clip.path}".encode()).digest()[:8]]
        )
        line = LINES[kind](of_call)
        speech = sound(data, clip, of_clip if kind.startswith("any") else None)
        others = []
        if line.noise == "babble":
            beside = [o for o in clips if o.corpus == clip.corpus and o.fold == clip.fold]
            chosen = of_clip.choice(len(beside), VOICES)
            others = [sound(data, beside[place], of_clip) for place in chosen]
        call_dbov = 10 * np.log10(max(float(np.mean(powers[clip.call])), 1e-10))
        heard = channel.through(speech, line, of_clip, others, call_dbov=call_dbov)
        heard = heard[:WINDOW_SAMPLES_MAX]
        windows.append(np.pad(heard, (0, max(WINDOW_SAMPLES_MIN - heard.size, 0))))
    found = features(batch_of(windows))
    assert found.log_mel.shape[1:] == (frames_in(WINDOW_SAMPLES_MAX), BANDS)
    return found.log_mel.astype(np.float16), found.active, found.functionals


def baselines(
    clips: Sequence[Clip], functionals: NDArray[np.float32], rng: np.random.Generator, count: int
) -> NDArray[np.float32]:
    """Return for each clip the mean functionals of other clips of its call, shape (n, k).

    Args:
        clips: Rows of `functionals`.
        functionals: Shape (n, k), all over one kind of line.
        rng: Chooses the clips.
        count: How many, at most: a call may have fewer. A clip alone in its call gets nan.
    """
    found = np.full(functionals.shape, np.nan, dtype=np.float32)
    calls: dict[tuple[str, int], list[int]] = {}
    for row, clip in enumerate(clips):
        calls.setdefault((clip.speaker, clip.call), []).append(row)
    for rows in calls.values():
        for row in rows:
            beside = [other for other in rows if other != row]
            if beside:
                chosen = rng.permutation(beside)[:count]
                found[row] = functionals[chosen].mean(axis=0)
    return found
