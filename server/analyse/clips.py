"""Clips: many recordings, each scored by itself as if nothing else of its speaker were known.

A recording's windows are judged one by one, and what was said of them is averaged: logarithms
of probabilities, so that one window that is certain is heard, weighted by seconds of speech.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.emotion import EmotionLabel
from domain.errors import RecordingError
from media.features.framing import FRAMES_PER_S, batch_of
from media.features.functionals import FEATURES_VERSION, features
from media.recordings import Piece, cut, read, speech, telephone
from models.emotion import LABELS, EmotionModel

BATCH_WINDOWS: Final = 64
"""Judged in one go: 6 MB of samples, and as little time a window as more would take."""
WAITING_MAX: Final = 256
"""Files that may wait for a batch to fill: of files without speech none ever would."""
ANGRY_FROM: Final = 0.5
"""Even odds: from here on weights that claim anger alone say "angry"; below they say nothing."""
CHANCE_MIN: Final = 1e-9
CHUNK_FILES: Final = 128
"""Sent to a process in one go: two batches of short recordings."""
CHUNKS_AHEAD: Final = 2
"""Chunks a process that may wait or be done before their turn has come."""

Row = Mapping[str, str]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """What a model says of one recording.

    Attributes:
        label: The likeliest; where the weights claim anger alone "angry" from ANGRY_FROM on and
            nothing below.
        probabilities: Of what the weights claim, by label.
        arousal: -1.0 to 1.0.
        valence: -1.0 to 1.0; None where the weights do not claim it.
    """

    label: EmotionLabel | None
    probabilities: dict[EmotionLabel, float]
    arousal: float
    valence: float | None


@dataclass(slots=True)
class Clip:
    """One recording on its way.

    Attributes:
        file: As it was named.
        row: Of the manifest.
        score: None while it waits, where nothing is said in it, and where it cannot be read.
        speech_s: Seconds of speech in it.
        spent_s: Time that scoring took: its line, its cutting, its share of the features and the
            model. Reading the file is not counted.
        fault: Why it cannot be read; None: it can.
    """

    file: str
    row: Row
    score: Score | None = None
    speech_s: float = 0.0
    spent_s: float = 0.0
    fault: str | None = None
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Named:
    """A recording to score: how it is named, where it lies, and its row of the manifest."""

    file: str
    path: Path
    row: Row


@dataclass(frozen=True, slots=True)
class Way:
    """How recordings are scored.

    Attributes:
        weights: Name of the model.
        by_telephone: Whether they pass a plain telephone line first. Without it the area under
            the curve of anger is .05 to .08 less with prosody-open (EMO-DB, RAVDESS, CASIA, nEMO),
            and mostly .01 to .02 less with prosody-research; a line passed twice changes less.
        channel: The one that is scored, from 1; None mixes all.
    """

    weights: str
    by_telephone: bool
    channel: int | None = None


def load_model(weights: str) -> EmotionModel:
    """Return a model that fits the features computed here.

    Raises:
        ModelError: There is no such set of weights, or it was trained on other features.
    """
    return EmotionModel.load(weights, features_version=FEATURES_VERSION)


class ClipScorer:
    """Scores recordings, in batches over files."""

    def __init__(
        self,
        model: EmotionModel,
        way: Way,
        *,
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take a model.

        Args:
            model: Scores windows.
            way: How recordings are scored.
            now_s: A clock, for `Clip.spent_s`.
        """
        self._model = model
        self._by_telephone = way.by_telephone
        self._channel = way.channel
        self._now_s = now_s

    def score(self, files: Iterable[Named]) -> Iterator[Clip]:
        """Yield a clip for each file, in their order; few are held at a time."""
        waiting: list[Clip] = []
        windows = 0
        for named in files:
            clip = self._open(named)
            waiting.append(clip)
            windows += len(clip.pieces)
            if windows >= BATCH_WINDOWS or len(waiting) >= WAITING_MAX:
                yield from self._judged(waiting)
                waiting, windows = [], 0
        yield from self._judged(waiting)

    def _open(self, named: Named) -> Clip:
        clip = Clip(named.file, named.row)
        try:
            samples = read(named.path, channel=self._channel).samples
        except RecordingError as error:
            clip.fault = str(error)
            return clip
        begun_s = self._now_s()
        if self._by_telephone:
            samples = telephone(samples)
        clip.pieces = cut(samples)
        clip.speech_s = float(speech(samples).sum()) / FRAMES_PER_S
        clip.spent_s = self._now_s() - begun_s
        return clip

    def _judged(self, clips: list[Clip]) -> list[Clip]:
        places = [(clip, piece) for clip in clips for piece in clip.pieces]
        said = []
        for start in range(0, len(places), BATCH_WINDOWS):
            part = places[start : start + BATCH_WINDOWS]
            begun_s = self._now_s()
            said.append(self._said([piece for _, piece in part]))
            share_s = (self._now_s() - begun_s) / len(part)
            for clip, _ in part:
                clip.spent_s += share_s
        done = 0
        rows = np.concatenate(said) if said else np.zeros((0, 0))
        for clip in clips:
            count = len(clip.pieces)
            if count:
                weight = np.array([piece.speech_s for piece in clip.pieces])
                clip.score = self._mean(rows[done : done + count], weight / weight.sum())
                done += count
            clip.pieces = []
        return clips

    def _said(self, pieces: list[Piece]) -> Values:
        """Return log probabilities, arousal and valence, shape (n, columns).

        Probabilities are those of LABELS, or of anger and its absence.
        """
        heard = features(batch_of([piece.samples for piece in pieces]))
        found = self._model.score(heard.log_mel, heard.active, heard.functionals)
        if self._model.card.claims_labels:
            chance = found.probabilities
        else:
            chance = np.column_stack([found.anger, 1 - found.anger])
        logs = np.log(np.maximum(chance.astype(np.float64), CHANCE_MIN))
        return np.column_stack([logs, found.arousal, found.valence])

    def _mean(self, rows: Values, weight: Values) -> Score:
        mean = weight @ rows
        logs, arousal, valence = mean[:-2], float(mean[-2]), float(mean[-1])
        chance = np.exp(logs - logs.max())
        chance /= chance.sum()
        if self._model.card.claims_labels:
            named = {EmotionLabel(name): float(p) for name, p in zip(LABELS, chance, strict=True)}
            return Score(max(named, key=named.__getitem__), named, arousal, valence)
        anger = float(chance[0])
        label = EmotionLabel.ANGRY if anger >= ANGRY_FROM else None
        return Score(label, {EmotionLabel.ANGRY: anger}, arousal, None)


def score_beside(files: Iterable[Named], way: Way, workers: int) -> Iterator[Clip]:
    """Yield a clip for each file, in their order, scored by processes beside one another.

    Args:
        files: Read as they are needed.
        way: How they are scored.
        workers: Processes; 1 scores in this one.
    """
    if workers == 1:
        yield from ClipScorer(load_model(way.weights), way).score(files)
        return
    waiting: deque[Future[list[Clip]]] = deque()
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (way,)) as pool:
        ahead = iter(files)
        while chunk := list(islice(ahead, CHUNK_FILES)):
            waiting.append(pool.submit(_score, chunk))
            if len(waiting) >= CHUNKS_AHEAD * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


_SCORER: list[ClipScorer] = []
"""Of a process that scores: loaded once, and used for every chunk."""


def _begin(way: Way) -> None:
    _SCORER.append(ClipScorer(load_model(way.weights), way))


def _score(files: list[Named]) -> list[Clip]:
    return list(_SCORER[0].score(files))
