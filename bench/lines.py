"""Lines: what a telephone line carries in a bench, and which of its hops are spoken."""

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.material import RATE_HZ, Sound, at_level, band, g711, noise, tones
from media.activity import Segmenter
from media.level import powers
from media.pcm import FRAME_BYTES, HOP_SAMPLES, HOPS_PER_FRAME, to_s16le

PROMPTS: Final = Path(__file__).resolve().parent.parent / "config" / "prompts"
SPOKEN_DB: Final = 30.0
"""A hop of the clean sound is speech if it lies so near to the loudest ones."""
LEVEL_DBOV: Final = -20.0
BABBLERS: Final = 8
"""Voices in a babble: single words of it are not understood any more."""

Truth = NDArray[np.bool_]
"""One for each hop of a line."""


def prompts() -> Iterator[Sound]:
    """Yield the longer prompts of every language, at one level."""
    for path in sorted(PROMPTS.glob("*/*.wav")):
        sound = _read(path)
        if sound.size > 1.5 * RATE_HZ:
            yield at_level(sound, LEVEL_DBOV)


def _read(path: Path) -> Sound:
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32_768


def labelled(kind: str, snr_db: float | None, speech: Sequence[Sound]) -> tuple[Sound, Truth]:
    """Return prompts with silence between them as a line, and which hops are spoken."""
    rng = np.random.default_rng(1)
    sounds: list[Sound] = []
    spoken: list[Truth] = []
    for sound in speech:
        hops = sound.size // HOP_SAMPLES
        power = powers(sound[: hops * HOP_SAMPLES].reshape(hops, HOP_SAMPLES))
        loud = power > np.percentile(power, 98) * 10 ** (-SPOKEN_DB / 10)
        active = float(power[loud].mean())
        silent = int(rng.integers(30, 150))
        scale = 10 ** (LEVEL_DBOV / 20) / np.sqrt(active)
        sounds += [np.zeros(silent * HOP_SAMPLES), sound[: hops * HOP_SAMPLES] * scale]
        spoken += [np.zeros(silent, dtype=np.bool_), segments(loud)]
    line = band(np.concatenate(sounds))
    if snr_db is not None:
        line = line + at_level(band(disturbance(kind, line.size)), LEVEL_DBOV - snr_db)
    truth = np.concatenate(spoken)
    hops = truth.size // HOPS_PER_FRAME * HOPS_PER_FRAME
    return g711(line[: hops * HOP_SAMPLES], "a"), truth[:hops]


def disturbance(kind: str, samples: int) -> Sound:
    """Return noise, noise that swells by 20 dB every four seconds, voices, music or keys."""
    seconds = samples / RATE_HZ
    if kind == "babble":
        spoken = np.concatenate(list(prompts()))
        places = np.random.default_rng(2).integers(spoken.size, size=BABBLERS)
        return np.resize(sum(np.roll(spoken, place) for place in places.tolist()), samples)
    if kind == "music":
        return np.resize(_read(PROMPTS / "music.wav"), samples)
    if kind == "digits":
        pairs = [(low, high) for low in (697, 770, 852) for high in (1_209, 1_336, 1_477)]
        keys = [np.r_[tones(pair, 0.2), np.zeros(2 * RATE_HZ)] for pair in pairs]
        return np.resize(np.concatenate(keys), samples)
    if kind == "gusts":
        swell_db = 10 * np.sin(2 * np.pi * np.arange(samples) / (4 * RATE_HZ))
        return noise("pink", seconds, seed=1) * 10 ** (swell_db / 20)
    return noise(kind, seconds, seed=1)


def segments(hops: Truth) -> Truth:
    """Return hops with pauses of less than half a second filled, as a segment fills them."""
    segmenter = Segmenter(0.5)
    extents = [segmenter.step(bool(hop)) for hop in hops]
    filled = np.zeros(hops.size, dtype=np.bool_)
    for extent in [*extents, segmenter.close()]:
        if extent is not None:
            filled[extent.start : extent.end] = True
    return filled


def frames(line: Sound) -> list[bytes]:
    """Return a line as tapped frames; what does not fill one is left out."""
    pcm = to_s16le(line)
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def only(kind: str, seconds: float) -> Sound:
    """Return a line on which nobody speaks, at the level that speech has."""
    whole = round(seconds * RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES
    return g711(band(at_level(disturbance(kind, whole), LEVEL_DBOV)), "a")
