"""Makes every WAV file beside it: `python -m config.prompts.make_prompts`.

Speech is spoken by espeak-ng and then fitted to the telephone; music is played by `melody.py`.
The files are kept in the repository, so only who changes a text needs espeak-ng (Debian package
espeak-ng, version 1.51).
"""

import argparse
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from config.prompts.library import OUR_FOLDER, RATE
from config.prompts.melody import melody
from config.prompts.texts import CHINESE, ENGLISH

Samples = NDArray[np.float64]

LEVEL_DBOV: Final = -20.0
"""Active speech level. ITU-T G.100.1 has -26 to -16 dBov as the usual range of telephone
speech, and a caller on a poor line needs the louder half of it."""
MUSIC_LEVEL_DBOV: Final = -28.0
"""Under speech, so that an announcement in the middle of it stands out."""
PEAK_MAX: Final = 0.7
"""About -3 dB below full scale, so that a codec's overshoot is not cut off."""
BAND_HZ: Final = (200.0, 3_600.0)
"""The telephone's band: below it only hum is carried, above it 8 kHz sampling would alias."""
SILENCE_DB: Final = -40.0
"""A frame this far below the loudest is silence, to be cut away at the ends."""
PAUSE_DB: Final = -30.0
"""A frame this far below the loudest is a pause, which does not count for the level."""
FRAME: Final = 80
"""Samples of 10 ms."""


class Voice(NamedTuple):
    """One of espeak-ng's voices, its speed and its pitch.

    Attributes:
        name: Language and variant, as after espeak-ng's `-v`.
        words_per_minute: Speed.
        pitch: 0 to 99; 50 is the voice's own.
        range_percent: How far the pitch moves, of what is the voice's own.
    """

    name: str
    words_per_minute: int
    pitch: int = 50
    range_percent: int = 100


VOICES: Final = {"en": Voice("en-us", 155), "zh": Voice("cmn-latn-pinyin", 170)}
"""Slow enough for a caller who hears the language as a second one."""

EDGES_S: Final = {"piece": (0.02, 0.03), "sentence": (0.1, 0.25)}
"""Silence before and after: pieces follow each other like words, sentences like sentences."""


def speak(text: str, voice: Voice) -> tuple[Samples, int]:
    """Return espeak-ng's reading of a text, full scale -1 to 1, and its sampling rate."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = [
            "espeak-ng",
            "-v",
            voice.name,
            "-s",
            str(voice.words_per_minute),
            "-p",
            str(voice.pitch),
            "-b",
            "1",
            "-w",
        ]
        if voice.range_percent != 100:
            # Only in SSML can espeak-ng be told how far the pitch shall move.
            command.insert(1, "-m")
            text = (
                f'<speak><prosody range="{voice.range_percent}%">{escape(text)}</prosody></speak>'
            )
        subprocess.run([*command, str(path), text], check=True)  # noqa: S603 - our own texts
        with wave.open(str(path), "rb") as file:
            raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return raw.astype(np.float64) / 32_768.0, file.getframerate()


def fit_to_telephone(samples: Samples, rate: int) -> Samples:
    """Return the samples at 8 kHz, band-limited, without silence around, at our level."""
    common = int(np.gcd(rate, RATE))
    narrow = signal.resample_poly(samples, RATE // common, rate // common)
    sos = signal.butter(4, BAND_HZ, btype="bandpass", fs=RATE, output="sos")
    narrow = trimmed(signal.sosfiltfilt(sos, narrow))
    return at_level(narrow, LEVEL_DBOV, active_level_dbov(narrow))


def active_level_dbov(samples: Samples) -> float:
    """Return the RMS level of the frames that hold speech, in dBov.

    A full-scale square wave is 0 dBov (RFC 6464 section 3).
    """
    powers = _frame_powers(samples)
    loud = powers[powers > powers.max() * 10 ** (PAUSE_DB / 10)]
    return float(10 * np.log10(loud.mean()))


def at_level(samples: Samples, level_dbov: float, measured_dbov: float) -> Samples:
    """Return the samples at a level, softly limited where a peak would be too high."""
    scaled = samples * 10 ** ((level_dbov - measured_dbov) / 20)
    knee = 0.8 * PEAK_MAX
    over = np.abs(scaled) > knee
    room = PEAK_MAX - knee
    bent = knee + room * np.tanh((np.abs(scaled) - knee) / room)
    return np.where(over, np.sign(scaled) * bent, scaled)


def trimmed(samples: Samples) -> Samples:
    """Return the samples without the silence before and after, with soft edges."""
    powers = _frame_powers(samples)
    loud = np.flatnonzero(powers > powers.max() * 10 ** (SILENCE_DB / 10))
    begin = max(0, (loud[0] - 1) * FRAME)
    end = min(len(samples), (loud[-1] + 3) * FRAME)
    kept = samples[begin:end].copy()
    ramp = np.linspace(0.0, 1.0, FRAME)
    kept[:FRAME] *= ramp
    kept[-FRAME:] *= ramp[::-1]
    return kept


def write(path: Path, samples: Samples) -> None:
    """Write mono 16 bit PCM at 8 kHz, rounded with dither so that soft ends do not rustle."""
    generator = np.random.Generator(np.random.PCG64(1))
    dither = generator.random(len(samples)) - generator.random(len(samples))
    quantised = np.where(samples == 0.0, 0.0, np.rint(samples * 32_767.0 + dither))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(quantised, -32_768, 32_767).astype("<i2").tobytes())


def make(folder: Path) -> int:
    """Make every prompt; return the bytes written."""
    for name, text in ENGLISH.items():
        write(folder / "en" / f"{name}.wav", _prompt(text, text, VOICES["en"]))
    for name, chinese in CHINESE.items():
        write(folder / "zh" / f"{name}.wav", _prompt(chinese.text, chinese.pinyin, VOICES["zh"]))
    music = melody(RATE)
    level = float(10 * np.log10(np.mean(music**2)))
    write(folder / "music.wav", at_level(music, MUSIC_LEVEL_DBOV, level))
    return sum(path.stat().st_size for path in folder.rglob("*.wav"))


def _prompt(text: str, reading: str, voice: Voice) -> Samples:
    kind = "sentence" if text[-1] in ".。" and len(reading.split()) > 1 else "piece"
    before, after = EDGES_S[kind]
    speech = fit_to_telephone(*speak(reading, voice))
    return np.concatenate((np.zeros(round(before * RATE)), speech, np.zeros(round(after * RATE))))


def _frame_powers(samples: Samples) -> Samples:
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    powers: Samples = np.mean(frames**2, axis=1) + 1e-12
    return powers


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=OUR_FOLDER)
    size = make(parser.parse_args().folder)
    sys.stdout.write(f"{size} bytes of WAV files\n")
