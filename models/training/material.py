"""Material: every clip through its lines, as features, computed once and kept in a cache.

The clips of a call pass the same line, so that a baseline from a call's other clips is what
a running call would have. Babble is made of voices of the same corpus and fold: no voice is
heard on the wrong side of a split, and no recording in a set of weights that may not use it.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN, batch_of, frames_in
from media.features.functionals import FEATURES_VERSION, NAMES, features
from media.features.logmel import BANDS
from models.training import channel
from models.training.corpora import Clip, piece_of, trimmed

ANY_LINES: Final = 12
"""Kinds of line on which everything is drawn anew for each call."""
LINES: Final[dict[str, Callable[[np.random.Generator], channel.Line]]] = {
    "plain": channel.plain_line,
    "noisy": channel.noisy_line,
    "lossy": channel.lossy_line,
    **{f"any{n}": channel.any_line for n in range(ANY_LINES)},
}
"""Kinds of line, by the name that stands in the cache."""
VOICES: Final = 4
"""That babble is made of."""

Found = tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.float32]]


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
    data: Path, cache: Path, clips: Sequence[Clip], kinds: Sequence[str], *, seed: int, workers: int
) -> dict[str, Material]:
    """Return the features of clips over kinds of line, from the cache where it has them.

    Args:
        data: The data folder.
        cache: Where features are kept, a file for each corpus and kind.
        clips: In the order of `corpora.read`: a corpus stands together, and a speaker in it.
        kinds: Names out of LINES.
        seed: Of the lines.
        workers: Processes beside one another.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Material]] = {kind: [] for kind in kinds}
    for name in dict.fromkeys(clip.corpus for clip in clips):
        own = [clip for clip in clips if clip.corpus == name]
        paths = "\n".join(clip.path for clip in own)
        key = hashlib.sha256(f"{FEATURES_VERSION} {seed} {NAMES} {paths}".encode()).hexdigest()[:12]
        places = {kind: cache / f"{kind}-{name}-{key}.npz" for kind in kinds}
        _fill(data, own, {k: place for k, place in places.items() if not place.exists()},
              seed, workers)  # fmt: skip
        for kind, place in places.items():
            with np.load(place) as kept:
                found[kind].append(Material(kept["log_mel"], kept["active"], kept["functionals"]))
    return {
        kind: Material(
            np.concatenate([part.log_mel for part in parts]),
            np.concatenate([part.active for part in parts]),
            np.concatenate([part.functionals for part in parts]),
        )
        for kind, parts in found.items()
    }


def _fill(
    data: Path, clips: Sequence[Clip], missing: dict[str, Path], seed: int, workers: int
) -> None:
    """Compute one corpus over the kinds of line that the cache lacks."""
    if not missing:
        return
    speakers = [clip.speaker for clip in clips]
    starts = [row for row in range(len(clips)) if not row or speakers[row] != speakers[row - 1]]
    chunks = [range(a, b) for a, b in pairwise([*starts, len(clips)])]
    jobs = [(kind, seed, chunk) for kind in missing for chunk in chunks]
    with ProcessPoolExecutor(workers, get_context("fork"), _begin, (data, clips)) as pool:
        parts = list(pool.map(_features, jobs))
    for number, place in enumerate(missing.values()):
        own = parts[number * len(chunks) : (number + 1) * len(chunks)]
        half = place.with_suffix(".half.npz")
        np.savez(
            half,
            log_mel=np.concatenate([part[0] for part in own]),
            active=np.concatenate([part[1] for part in own]),
            functionals=np.concatenate([part[2] for part in own]),
        )
        half.rename(place)


_DATA = Path()
_CLIPS: Sequence[Clip] = ()


def _begin(data: Path, clips: Sequence[Clip]) -> None:
    # A worker of one corpus keeps what it is about.
    global _DATA, _CLIPS
    _DATA, _CLIPS = data, clips


@lru_cache(maxsize=4_096)
def _speech(row: int) -> NDArray[np.float64]:
    """Return a clip's speech; babble and every kind of line read it again."""
    return trimmed(_DATA, _CLIPS[row])


def _features(job: tuple[str, int, range]) -> Found:
    """Compute the features of one speaker's clips, which stand together."""
    kind, seed, rows = job
    powers: dict[int, list[float]] = {}
    for row in rows:
        speech = piece_of(_speech(row), _CLIPS[row], None)
        powers.setdefault(_CLIPS[row].call, []).append(float(np.mean(np.square(speech))))
    windows = []
    for row in rows:
        clip = _CLIPS[row]
        name = f"{kind} {clip.speaker} {clip.call}".encode()
        of_call = np.random.default_rng([seed, *hashlib.sha256(name).digest()[:8]])
        of_clip = np.random.default_rng(
            [seed, *hashlib.sha256(f"{kind} {clip.path}".encode()).digest()[:8]]
        )
        line = LINES[kind](of_call)
        speech = piece_of(_speech(row), clip, of_clip if kind.startswith("any") else None)
        others = []
        if line.noise == "babble":
            beside = [n for n, other in enumerate(_CLIPS) if other.fold == clip.fold]
            chosen = of_clip.choice(len(beside), VOICES)
            others = [piece_of(_speech(beside[n]), _CLIPS[beside[n]], of_clip) for n in chosen]
        call_dbov = 10 * np.log10(max(float(np.mean(powers[clip.call])), 1e-10))
        heard = channel.through(speech, line, of_clip, others, call_dbov=call_dbov)
        heard = heard[:WINDOW_SAMPLES_MAX]
        windows.append(np.pad(heard, (0, max(WINDOW_SAMPLES_MIN - heard.size, 0))))
    found = features(batch_of(windows))
    assert found.log_mel.shape[1:] == (frames_in(WINDOW_SAMPLES_MAX), BANDS)
    return found.log_mel.astype(np.float16), found.active, found.functionals


def baselines(
    clips: Sequence[Clip],
    functionals: NDArray[np.float32],
    rng: np.random.Generator,
    count: int,
    least: int | None = None,
) -> NDArray[np.float32]:
    """Return for each clip the mean functionals of other clips of its call, shape (n, k).

    Args:
        clips: Rows of `functionals`.
        functionals: Shape (n, k), all over one kind of line.
        rng: Chooses the clips.
        count: How many, at most: a call may have fewer. A clip alone in its call gets nan.
        least: A number drawn between this and `count` for each clip; None takes `count`.
    """
    found = np.full(functionals.shape, np.nan, dtype=np.float32)
    calls: dict[tuple[str, str, int], list[int]] = {}
    for row, clip in enumerate(clips):
        calls.setdefault((clip.corpus, clip.speaker, clip.call), []).append(row)
    for rows in calls.values():
        for row in rows:
            beside = [other for other in rows if other != row]
            if beside:
                many = count if least is None else int(rng.integers(least, count + 1))
                chosen = rng.permutation(beside)[:many]
                found[row] = functionals[chosen].mean(axis=0)
    return found
