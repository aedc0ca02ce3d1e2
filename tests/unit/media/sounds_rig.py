"""What the tests of hearing share: a call made of sounds, heard frame by frame."""

from collections.abc import Collection, Mapping

import numpy as np

from bench.material import VOWELS, Sound, at_level, band, vowel
from domain.speech import Speaker, SpeechKind, SpeechSpan
from domain.tap import TAP_FRAME_MS, TAP_RATE_HZ
from media.batch import hear
from media.ear import TapFrame
from media.listener import Listener
from media.pcm import FRAME_BYTES, to_s16le
from media.settings import EarSettings
from media.timeline import FRAME_US

START_US = 1_000_000_000
FRAME_S = TAP_FRAME_MS / 1_000


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * TAP_RATE_HZ))


def voice(f0_hz: float, seconds: float, *, dbov: float = -20.0, letter: str = "a") -> Sound:
    """A vowel as it comes through a telephone."""
    return at_level(band(vowel(f0_hz, seconds, formants=VOWELS[letter])), dbov)


def frames_of(sound: Sound, *, start_us: int = START_US, sequence: int = 1) -> list[TapFrame]:
    """What is left of the last frame is silent."""
    pcm = to_s16le(sound)
    pcm += bytes(-len(pcm) % FRAME_BYTES)
    return [
        TapFrame(
            sequence + number,
            start_us + (number + 1) * FRAME_US,
            pcm[number * FRAME_BYTES : (number + 1) * FRAME_BYTES],
        )
        for number in range(len(pcm) // FRAME_BYTES)
    ]


def listen(
    sounds: Mapping[Speaker, Sound],
    settings: EarSettings | None = None,
    *,
    missing: Collection[int] = (),
) -> list[SpeechSpan]:
    """Hear a call whose legs begin together; `missing` are frames lost on both."""
    listener = Listener("c1", settings or EarSettings())
    rows = []
    for leg, (speaker, sound) in enumerate(sounds.items()):
        assert listener.open(leg, speaker)
        rows.append(frames_of(sound))
    spans: list[SpeechSpan] = []
    for number in range(max(map(len, rows))):
        for leg, row in enumerate(rows):
            if number < len(row) and number not in missing:
                assert listener.put(listener.ears[leg], row[number])
        hear([listener])
        spans += listener.settle()
    return spans + listener.finish()


def of_kind(spans: list[SpeechSpan], kind: SpeechKind) -> list[SpeechSpan]:
    return [span for span in spans if span.kind is kind]
