"""How well the second stage of voice activity judges, beside the first one and beside others.

Spoken lines: balanced accuracy of hops and the area under the ROC curve. Lines without speech:
how much is let through, and how many windows a minute would be judged as emotion. The prompts
are always there; where DATA names the folder of the training data, its clips are taken as well.
"""

import csv
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bench.lines import LEVEL_DBOV, Truth, frames, labelled, only, prompts, segments
from bench.material import RATE_HZ, Sound, at_level
from bench.voice_rig import HeldWindows
from domain.speech import Speaker
from media.activity import VoiceActivity
from media.batch import hear
from media.ear import TapFrame
from media.listener import Listener
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME, HOPS_PER_S, from_s16le
from media.second_stage import SPEECH_MIN, ChunkedStage, EarMemory
from media.settings import EarSettings
from media.timeline import FRAME_US
from media.windows import SpeechWindows, WindowSettings
from models.voice_activity import VoiceActivityNetwork

CONDITIONS: Final[Sequence[tuple[str, float | None]]] = (
    ("white", None),
    ("white", 10),
    ("pink", 10),
    ("pink", 5),
    ("babble", 10),
    ("music", 10),
    ("gusts", 10),
)
SILENT: Final = ("white", "pink", "gusts", "hum", "babble", "music", "digits")
SILENT_SECONDS: Final = 120.0
CORPORA: Final = ("emodb", "nemo", "casia", "ravdess")
CLIPS: Final = 15
"""Of each corpus."""
MODES: Final = (0, 1, 2, 3)
"""Of webrtcvad: a hop's score is the number of those that call it speech."""

Scores = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A line with speech: balanced accuracy of segments, and areas under the curve of hops.

    Attributes:
        webrtc, first, both, silero: webrtcvad alone; the first stage; both stages; Silero VAD
            on all of the line.
        auc_webrtc, auc_both, auc_silero: Likewise.
        windows_first, windows_both: Windows of emotion a minute.
    """

    speech: str
    noise: str
    snr_db: float | None
    webrtc: float
    first: float
    both: float
    silero: float
    auc_webrtc: float
    auc_both: float
    auc_silero: float
    windows_first: float
    windows_both: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unspoken:
    """A line without speech: shares of hops let through, and windows of emotion a minute."""

    noise: str
    webrtc: float
    first: float
    both: float
    silero: float
    windows_first: float
    windows_both: float


def spoken_lines() -> list[Spoken]:
    """Measure lines with speech."""
    network = VoiceActivityNetwork.load()
    found = []
    for name, speech in _speech().items():
        for kind, snr_db in CONDITIONS:
            line, truth = labelled(kind, snr_db, speech)
            heard = Heard(line, network)
            truth = truth[: heard.first.size]
            found.append(
                Spoken(
                    speech=name,
                    noise=kind if snr_db is not None else "none",
                    snr_db=snr_db,
                    webrtc=balanced(heard.webrtc[2], truth),
                    first=balanced(heard.first, truth),
                    both=balanced(heard.both, truth),
                    silero=balanced(heard.alone >= SPEECH_MIN, truth),
                    auc_webrtc=area(heard.webrtc.sum(axis=0), truth),
                    auc_both=area(heard.gated, truth),
                    auc_silero=area(heard.alone, truth),
                    windows_first=windows_a_minute(line, heard.first),
                    windows_both=windows_a_minute(line, heard.both),
                )
            )
    return found


def unspoken_lines() -> list[Unspoken]:
    """Measure lines without speech; babble is made of voices, so it is hardly one."""
    network = VoiceActivityNetwork.load()
    found = []
    for kind in SILENT:
        line = only(kind, SILENT_SECONDS)
        heard = Heard(line, network)
        found.append(
            Unspoken(
                noise=kind,
                webrtc=_share(heard.webrtc[2]),
                first=_share(heard.first),
                both=_share(heard.both),
                silero=_share(heard.alone >= SPEECH_MIN),
                windows_first=windows_a_minute(line, heard.first),
                windows_both=windows_a_minute(line, heard.both),
            )
        )
    return found


class Heard:
    """What each judge says of a line, one for each hop.

    Attributes:
        webrtc: Of webrtcvad, shape (len(MODES), hops).
        first: Of the first stage.
        gated: Probability of the second stage; 0.0 where the first is closed.
        both: Of both stages.
        alone: Probability of the second stage's network on all of the line.
    """

    def __init__(self, line: Sound, network: VoiceActivityNetwork) -> None:
        """Hear a line."""
        tapped = frames(line)
        self.webrtc = np.array(
            [[hop for frame in tapped for hop in judge(frame)] for judge in _detectors()]
        )
        first = first_stage(tapped)
        self.first = first.ravel()
        passed = np.asarray(first.any(axis=1))
        self.gated = np.where(self.first, second_stage(tapped, passed, network), 0)
        self.both = self.gated >= SPEECH_MIN
        self.alone = second_stage(tapped, np.ones(len(tapped), dtype=np.bool_), network)


def first_stage(tapped: Sequence[bytes]) -> Truth:
    """Return which hops the first stage lets through, shape (frames, HOPS_PER_FRAME)."""
    listener = Listener("c", EarSettings())
    listener.open(0, Speaker.CUSTOMER)
    ear = listener.ears[0]
    held = ear.windows = HeldWindows(WindowSettings())
    found = []
    for number, frame in enumerate(tapped):
        listener.put(ear, TapFrame(number + 1, (number + 100) * FRAME_US, frame))
        hear([listener])
        listener.settle()
        assert held.voiced is not None
        found.append(held.voiced)
    return np.stack(found)


def second_stage(tapped: Sequence[bytes], passed: Truth, network: VoiceActivityNetwork) -> Scores:
    """Return the probability of each hop of a line."""
    stage, memory = ChunkedStage(network), EarMemory()
    judged = [
        stage.judge([memory], from_s16le(frame)[np.newaxis], passed[number : number + 1])
        for number, frame in enumerate(tapped)
    ]
    return np.concatenate(judged).ravel()


def windows_a_minute(line: Sound, voiced: Truth) -> float:
    """Return how many windows of emotion would be judged."""
    windows = SpeechWindows(WindowSettings())
    hops = line[: voiced.size * HOP_SAMPLES].reshape(-1, HOP_SAMPLES).astype(np.float32)
    due = 0
    for start in range(0, voiced.size, HOPS_PER_FRAME):
        end = start + HOPS_PER_FRAME
        windows.take(hops[start:end], voiced[start:end])
        due += windows.due() is not None
    return round(due * 60 * HOPS_PER_S / voiced.size, 1)


def balanced(hops: Truth, truth: Truth) -> float:
    """Return the mean of the shares of speech and of silence that were told right."""
    found = segments(hops)
    return round(float((found[truth].mean() + (~found)[~truth].mean()) / 2), 3)


def area(scores: Scores, truth: Truth) -> float:
    """Return the area under the ROC curve: how often speech scores above what is none."""
    ranks = rankdata(scores)
    spoken = int(truth.sum())
    above = ranks[truth].sum() - spoken * (spoken + 1) / 2
    return round(float(above / (spoken * (truth.size - spoken))), 3)


def _share(hops: Truth) -> float:
    return round(float(hops.mean()), 3)


def _detectors() -> Iterator[Callable[[bytes], list[bool]]]:
    for mode in MODES:
        yield VoiceActivity(mode).judge


def _speech() -> dict[str, list[Sound]]:
    found = {"prompts": list(prompts())}
    folder = Path(os.environ.get("DATA", ""))
    if "DATA" in os.environ and folder.is_dir():
        found["read"] = list(_clips(folder / "speech", folder / "speech" / "transcripts.csv"))
        found["acted"] = [
            clip
            for corpus in CORPORA
            for clip in _clips(folder / "emotion", folder / "emotion" / f"{corpus}.csv", CLIPS)
        ]
    return found


def _clips(folder: Path, table: Path, number: int | None = None) -> Iterator[Sound]:
    """Yield clips at one level, some of them drawn by a seed."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if number is not None:
        rows = random.Random(3).sample(rows, number)
    soundfile = import_module("soundfile")
    for row in rows:
        sound, rate_hz = soundfile.read(folder / row["file"])
        assert rate_hz == RATE_HZ
        yield at_level(np.asarray(sound, dtype=np.float64), LEVEL_DBOV)
