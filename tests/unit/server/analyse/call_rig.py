"""A recording of somebody who grows loud, and a model for which loud is angry."""

from functools import cache

import numpy as np

from config.emotion import Emotion
from config.schema import Analysis
from media.pcm import Samples
from models.card import Card
from models.weights_folder import WEIGHTS
from server.analyse.course import Course, Setting, hear_recording
from tests.unit.media.recordings_rig import words
from tests.unit.media.scorer_rig import LoudIsAngry, judge_with

CALM_S, LOUD_S = 8.0, 12.0
CARD = Card.read(WEIGHTS / "prosody-open.json")


@cache
def recording(*, calm_again_s: float = 0.0) -> Samples:
    """Say 8 s at -45 dBov, 12 s at -6, then as long as asked for at -45 again."""
    parts = [(CALM_S, -45.0), (LOUD_S, -6.0), (calm_again_s, -45.0)]
    return np.concatenate(
        [words(round(2 * seconds), dbov=dbov) for seconds, dbov in parts if seconds]
    ).astype(np.float32)


def setting(**changes: object) -> Setting:
    usual = Setting.of(Emotion(), Analysis())
    values = {"ear": usual.ear, "windows": usual.windows, "policy": usual.policy}
    return Setting(**{**values, **changes})  # type: ignore[arg-type]


def heard(samples: Samples) -> Course:
    return hear_recording(samples, judge_with(LoudIsAngry()), setting())


@cache
def grown_angry(*, calm_again_s: float = 0.0) -> Course:
    """What is heard in `recording`; not to be changed."""
    return heard(recording(calm_again_s=calm_again_s))
