"""Recordings: an audio file as the sound of a telephone line, and cut into windows to judge.

A file is read in blocks, so that of a long one only what the models take is kept: one channel
at TAP_RATE_HZ.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, gcd
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from scipy.signal import oaconvolve, resample_poly

from domain.errors import RecordingError
from domain.tap import TAP_RATE_HZ
from media.features.framing import (
    FRAMES_PER_S,
    WINDOW_SAMPLES_MAX,
    WINDOW_SAMPLES_MIN,
    Batch,
    Mask,
)
from media.features.line import band
from media.features.loudness import active, frame_levels
from media.pcm import Samples

SECONDS_MAX: Final = 4 * 3_600
"""The longest call by default; 460 MB of samples."""
RATES_HZ: Final = (1_000, 768_000)
"""Below it nothing of speech is left; above it lie only headers that lie."""
CHANNELS_MAX: Final = 64
BLOCK_S: Final = 30
MU: Final = 255.0
HOP_SAMPLES: Final = TAP_RATE_HZ
"""From one window to the next, 1 s: as during a call."""
SPEECH_S_MIN: Final = 0.6
"""A window with less speech is judged only when there is no better one."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds.

    Attributes:
        samples: One channel at TAP_RATE_HZ, full scale -1.0 to 1.0, shape (n,).
        rate_hz: Of the file.
        channels: Of the file.
    """

    samples: Samples
    rate_hz: int
    channels: int

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples.size / TAP_RATE_HZ


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a recording that is judged by itself.

    Attributes:
        samples: Shape (n,), WINDOW_SAMPLES_MIN to WINDOW_SAMPLES_MAX; zeros after its end.
        start_s: Where it begins.
        speech_s: How much of it is speech.
    """

    samples: Samples
    start_s: float
    speech_s: float


def read(path: Path, *, channel: int | None = None) -> Recording:
    """Return what a file holds, in any format, rate and number of channels that soundfile reads.

    Args:
        path: The file.
        channel: The one to take, from 1; None mixes all of them.

    Raises:
        RecordingError: There is no such file, it holds no sound or too much, its rate is out of
            reach, it has no such channel, or a sample is not finite.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    try:
        with soundfile.SoundFile(path) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            _check(path, rate, channels, channel)
            samples = _joined(_resampled(_blocks(path, file, channel), rate))
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        # A TypeError is raised for endings that say "raw", which name no rate.
        raise RecordingError(f"{path}: no sound that can be read: {error}") from error
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    if not samples.size:
        raise RecordingError(f"{path}: there is no sound in it")
    return Recording(samples, rate, channels)


def telephone(samples: Samples) -> Samples:
    """Return a sound as a plain telephone line brings it: its band and the mu-law of G.711.

    Args:
        samples: At TAP_RATE_HZ, shape (n,).

    Source:
        ITU-T G.711 in its continuous form, as on the lines that the models were trained on.
    """
    if not samples.size:
        return samples
    taps = band()
    # Centred by hand: mode "same" gives the length of the taps where the sound is shorter.
    whole = oaconvolve(samples.astype(np.float64), taps)
    x = np.clip(whole[taps.size // 2 :][: samples.size], -1, 1)
    squeezed = np.log1p(MU * np.abs(x)) / np.log1p(MU)
    kept = (np.floor(squeezed * 127.999) + 0.5) / 128
    widened = np.expm1(kept * np.log1p(MU)) / MU
    # The mu-law has a code for nothing at all; without it silence would hum.
    line = np.where(squeezed * 128 < 0.5, 0.0, np.sign(x) * widened)
    return line.astype(np.float32)


def speech(samples: Samples) -> Mask:
    """Return which frames of 10 ms of a whole recording hold speech, shape (frames,)."""
    padded = np.pad(samples, (0, max(WINDOW_SAMPLES_MIN - samples.size, 0)))
    batch = Batch(padded[np.newaxis, :], np.array([padded.size], dtype=np.int64))
    return np.asarray(active(frame_levels(batch), batch.frame_mask())[0])


def cut(samples: Samples) -> list[Piece]:
    """Return the windows of a recording that are judged, the first one first.

    They are at most WINDOW_SAMPLES_MAX long and HOP_SAMPLES apart, the last one ends with the
    recording, and each holds SPEECH_S_MIN of speech. Where none does, the one with the most
    speech is taken; without any speech there is none.

    Args:
        samples: At TAP_RATE_HZ, shape (n,).
    """
    spoken = np.concatenate([[0], np.cumsum(speech(samples))])
    last = max(samples.size - WINDOW_SAMPLES_MAX, 0)
    pieces = []
    for start in sorted({*range(0, last, HOP_SAMPLES), last}):
        part = samples[start : start + WINDOW_SAMPLES_MAX]
        first, end = (
            start * FRAMES_PER_S // TAP_RATE_HZ,
            -(-(start + part.size) * FRAMES_PER_S // TAP_RATE_HZ),
        )
        end = min(end, spoken.size - 1)
        pieces.append(
            Piece(
                np.pad(part, (0, max(WINDOW_SAMPLES_MIN - part.size, 0))),
                start / TAP_RATE_HZ,
                float(spoken[end] - spoken[min(first, end)]) / FRAMES_PER_S,
            )
        )
    enough = [piece for piece in pieces if piece.speech_s >= SPEECH_S_MIN]
    best = max(pieces, key=lambda piece: piece.speech_s)
    return enough or [best] * (best.speech_s > 0)


def _check(path: Path, rate: int, channels: int, channel: int | None) -> None:
    low, high = RATES_HZ
    if not low <= rate <= high:
        raise RecordingError(f"{path}: a rate of {rate} Hz is not from {low} to {high}")
    if channels > CHANNELS_MAX:
        raise RecordingError(f"{path}: {channels} channels are over the limit of {CHANNELS_MAX}")
    if channel is not None and not 1 <= channel <= channels:
        raise RecordingError(f"{path}: there is no channel {channel}, it has {channels}")


def _blocks(path: Path, file: "soundfile.SoundFile", channel: int | None) -> Iterator[Samples]:
    """Yield one channel, or the mean of all, block by block."""
    taken = 0
    while True:
        block = file.read(BLOCK_S * file.samplerate, dtype="float32", always_2d=True)
        if not block.shape[0]:
            return
        taken += block.shape[0]
        if taken > SECONDS_MAX * file.samplerate:
            raise RecordingError(f"{path}: longer than the limit of {SECONDS_MAX} s")
        mono = block.mean(axis=1) if channel is None else block[:, channel - 1]
        if not np.isfinite(mono).all():
            raise RecordingError(f"{path}: holds samples that are no numbers")
        # Floats may go beyond full scale; a telephone cannot.
        yield np.clip(mono, -1.0, 1.0)


def _resampled(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """Yield blocks at TAP_RATE_HZ, the same as if they had been resampled as a whole."""
    shared = gcd(TAP_RATE_HZ, rate)
    up, down = TAP_RATE_HZ // shared, rate // shared
    if up == down:
        yield from blocks
        return
    # The filter of resample_poly reaches ten samples of the slower rate to either side. Margins
    # and steps are whole multiples of `down`, so that every block begins on a sample of ours.
    margin = down * ceil((10 * max(up, down) / up + 1) / down)
    step = down * ceil(rate / down)
    held = np.zeros(margin, dtype=np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        steps = (held.size - 2 * margin) // step
        if steps > 0:
            span = steps * step
            found = resample_poly(held[: 2 * margin + span], up, down)
            yield found[margin * up // down : (margin + span) * up // down].astype(np.float32)
            held = held[span:]
    rest = held.size - margin
    if rest > 0:
        found = resample_poly(np.pad(held, (0, margin)), up, down)
        yield found[margin * up // down : ceil((margin + rest) * up / down)].astype(np.float32)


def _joined(blocks: Iterable[Samples]) -> Samples:
    parts = list(blocks)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
