"""Moods in calls made of clips: false alerts about calm callers, and angry ones found.

A call is one speaker's neutral clips followed by his angry ones, half a second apart, over a
telephone line with a little noise; it goes through the ears, the weights and the usual rules of a
running call. DATA in the environment names the folder of recordings (emotion/<corpus>.csv).
EMO-DB is left out: the open weights were trained on it. The research weights were trained on all of
them, so for them only what is said of calm callers counts.
"""

import csv
import json as json_format
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from config.emotion import Emotion
from config.schema import Analysis
from domain.tap import TAP_RATE_HZ
from media.pcm import Samples
from media.recordings import read, telephone
from server.analyse.course import Course, Setting, hear_recording
from server.analysis_worker import judge_of, second_stage

CORPORA: Final = ("ravdess", "casia", "nemo")
WEIGHTS: Final = ("prosody-open", "prosody-research")
CALM: Final = frozenset({"neutral", "calm", "boredom"})
CALM_CLIPS: Final = 12
ANGRY_CLIPS: Final = 6
SPEAKERS_MAX: Final = 8
CALLS_PER_SPEAKER: Final = 2
PAUSE_S: Final = 0.5
SPEECH_DBOV: Final = -26.0
"""Of the calm clips; the angry ones keep their distance to them."""
NOISE_DBOV: Final = -60.0
SETTLED_S: Final = 3.0
"""After the first angry word: what is heard before is still the calm sentence."""
RULE: Final = "angry"


@dataclass(frozen=True, slots=True)
class Moods:
    """What was said of the calls of one corpus.

    Attributes:
        calls: Made of clips.
        false_alerts: Calls with an alert while the caller was calm.
        found: Calls with an alert while he was angry.
        seconds_to_alert: Median over those found, from the first angry word; nan for none.
        calm, angry: Mean intensity while he was.
        calm_minutes: Of calm speech and its pauses, all calls together.
    """

    weights: str
    corpus: str
    calls: int
    false_alerts: int
    found: int
    seconds_to_alert: float
    calm: float
    angry: float
    calm_minutes: float


def clips_of(root: Path, corpus: str) -> Mapping[str, Mapping[bool, list[Path]]]:
    """Return the files of each speaker, by whether they are angry; other emotions are left out."""
    found: dict[str, dict[bool, list[Path]]] = defaultdict(lambda: {False: [], True: []})
    with (root / f"{corpus}.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["emotion"] in CALM or row["emotion"] in {"angry", "anger"}:
                angry = row["emotion"] not in CALM
                found[row["speaker"]][angry].append(root / row["file"])
    return found


def call(
    calm: Sequence[Path], angry: Sequence[Path], rng: np.random.Generator
) -> tuple[Samples, float]:
    """Return a caller as he is heard, and when he begins to be angry, seconds."""
    first, second = _joined(calm), _joined(angry)
    loud = first[np.abs(first) > 10 ** (-60 / 20)]
    gain = 10 ** (SPEECH_DBOV / 20) / float(np.sqrt(np.mean(np.square(loud))))
    track = gain * np.concatenate([first, second])
    track = track + rng.normal(0, 10 ** (NOISE_DBOV / 20), track.size)
    return telephone(np.clip(track, -1, 1).astype(np.float32)), first.size / TAP_RATE_HZ


def _joined(files: Sequence[Path]) -> Samples:
    pause = np.zeros(round(PAUSE_S * TAP_RATE_HZ), dtype=np.float32)
    return np.concatenate([part for file in files for part in (read(file).samples, pause)])


def measure(root: Path, corpus: str, weights: str) -> Moods:
    """Let every caller of a corpus call."""
    rng = np.random.default_rng(1)
    setting = Setting.of(Emotion(), Analysis())
    courses: list[tuple[Course, float]] = []
    speakers = clips_of(root, corpus)
    for speaker in sorted(speakers)[:SPEAKERS_MAX]:
        calm, angry = speakers[speaker][False], speakers[speaker][True]
        for _ in range(CALLS_PER_SPEAKER):
            chosen = [calm[n] for n in rng.permutation(len(calm))[:CALM_CLIPS]]
            raised = [angry[n] for n in rng.permutation(len(angry))[:ANGRY_CLIPS]]
            samples, begins_s = call(chosen, raised, rng)
            heard = hear_recording(samples, judge_of(weights), setting, second_stage())
            courses.append((heard, begins_s))
    return _said(weights, corpus, courses)


def _said(weights: str, corpus: str, courses: Sequence[tuple[Course, float]]) -> Moods:
    false_alerts = found = 0
    took: list[float] = []
    calm: list[float] = []
    angry: list[float] = []
    for course, begins_s in courses:
        risen = [one.at_s for one in course.alerts if one.raised.rule_id == RULE]
        false_alerts += any(at_s < begins_s for at_s in risen)
        late = [at_s - begins_s for at_s in risen if at_s >= begins_s]
        found += bool(late)
        took += late[:1]
        points = [(moment.at_s, moment.point.intensity) for moment in course.moments]
        calm += [intensity for at_s, intensity in points if at_s < begins_s]
        angry += [intensity for at_s, intensity in points if at_s >= begins_s + SETTLED_S]
    return Moods(
        weights=weights,
        corpus=corpus,
        calls=len(courses),
        false_alerts=false_alerts,
        found=found,
        seconds_to_alert=round(float(np.median(took)), 1) if took else float("nan"),
        calm=round(float(np.mean(calm)), 2),
        angry=round(float(np.mean(angry)), 2),
        calm_minutes=round(sum(begins_s for _, begins_s in courses) / 60, 1),
    )


def run(json: bool = False) -> None:
    """Measure all and print it.

    Args:
        json: Print one JSON object on stdout, everything else on stderr.
    """
    named = os.environ.get("DATA")
    console = Console(stderr=json, width=110)
    if named is None or not (Path(named) / "emotion").is_dir():
        console.print("moods: left out, no folder of recordings is named with DATA=FOLDER")
        return
    root = Path(named) / "emotion"
    found = [measure(root, corpus, weights) for weights in WEIGHTS for corpus in CORPORA]
    table = Table(title=f"Calls made of clips, rule {RULE}")
    for name in ("weights", "corpus", "calls", "false alerts", "calm min", "found", "after s",
                 "calm", "angry"):  # fmt: skip
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            one.weights, one.corpus, str(one.calls), str(one.false_alerts),
            f"{one.calm_minutes:g}", str(one.found), f"{one.seconds_to_alert:g}",
            f"{one.calm:.2f}", f"{one.angry:.2f}",
        )  # fmt: skip
    console.print(table)
    if json:
        sys.stdout.write(json_format.dumps([asdict(one) for one in found]) + "\n")
