"""Makes docs/pictures/analysis.png, what `analyse --plot` draws.

`python -m docs.make_analysis_picture`.
The recording is the demo's caller who grows angry, with pauses where the agent speaks and a
little noise of the line.
"""

import sys
import wave
from pathlib import Path
from typing import Final

import numpy as np

from config.emotion import Emotion
from config.schema import Analysis
from demo.script import CALLS, SPEECH_FOLDER
from domain.tap import TAP_RATE_HZ
from media.pcm import Samples, from_s16le
from media.recordings import telephone
from server.analyse.clips import load_model
from server.analyse.course import Setting, hear_recording
from server.analyse.plot import draw
from server.analysis_worker import judge_of, second_stage

PICTURE: Final = Path(__file__).parent / "pictures" / "analysis.png"
WEIGHTS: Final = "prosody-open"
NOISE_DBOV: Final = -65.0
"""Of a quiet room behind a telephone."""


def caller() -> Samples:
    """Return the customer's side of the demo's first call in which he grows angry."""
    call = next(each for each in CALLS if each.grows_angry)
    parts = []
    for number, line in enumerate(call.lines):
        with wave.open(str(SPEECH_FOLDER / f"{line}.wav")) as file:
            spoken = from_s16le(file.readframes(file.getnframes()))
        # The agent speaks first and third; nothing of his is heard here.
        parts.append(spoken if number % 2 else np.zeros_like(spoken))
    track = np.concatenate([*parts, np.zeros(TAP_RATE_HZ, dtype=np.float32)])
    noise = np.random.default_rng(1).normal(0, 10 ** (NOISE_DBOV / 20), track.size)
    return telephone((track + noise).astype(np.float32))


def main() -> None:
    """Draw it."""
    setting = Setting.of(Emotion(), Analysis())
    samples = caller()
    course = hear_recording(samples, judge_of(WEIGHTS), setting, second_stage())
    card = load_model(WEIGHTS).card
    title = "a caller grows angry (synthetic voice)"
    draw(PICTURE, title, samples, course, setting.policy.course.bands, card)
    sys.stdout.write(f"{PICTURE.name}\n")


if __name__ == "__main__":
    main()
