"""The operator's own recordings as customers of the demo: one call for each file."""

import re
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from scipy import signal

from config.prompts.library import RATE
from config.prompts.make_prompts import Samples, write
from demo.script import CannotBePlayed, PlannedCall

FILES_MAX: Final = 12
"""Each is a telephone, which is a process: more would measure this machine and not the node."""
SECONDS_MIN: Final = 0.5
SECONDS_MAX: Final = 120.0
"""Of one file; three agents serve twelve such calls in ten minutes."""
RATE_HZ_MIN: Final = 4_000
RATE_HZ_MAX: Final = 192_000
"""What recorders make; other numbers come from damaged headers."""
NAME_CHARACTERS_MAX: Final = 24
"""Of a file's name on the board."""
APART_S: Final = 0.5
"""From one call to the next."""

_CHINESE: Final = re.compile(r"zh(?![a-z])", re.IGNORECASE)
_SUFFIXES: Final = frozenset(
    {f".{name.lower()}" for name in soundfile.available_formats()} - {".raw"}
    | {".aif", ".oga", ".opus"}
)
"""Endings of what libsndfile reads; RAW says neither its rate nor its format."""


def plan_calls(folder: Path, into: Path) -> tuple[PlannedCall, ...]:
    """Return a call for each recording of a folder, in the order of their names.

    Each is converted to what the telephones play. Its level stays as it is: how loud somebody
    speaks is part of how he feels. A customer whose file is named "zh" or "zh-..." calls the
    Chinese queue, all others the English one.

    Args:
        folder: Of the operator; folders in it are passed over, and so are files with other
            endings than those of recordings.
        into: An empty folder for the converted files.

    Raises:
        CannotBePlayed: There is no folder, no recording or too many, or one that cannot be read
            or has the wrong length.
    """
    if not folder.is_dir():
        raise CannotBePlayed(f"{folder}: not a folder; needed is one with recordings of customers")
    files = sorted(path for path in folder.iterdir() if _is_recording(path))
    if not files:
        endings = ", ".join(sorted(_SUFFIXES))
        raise CannotBePlayed(f"{folder}: no recording in it; allowed endings: {endings}")
    if len(files) > FILES_MAX:
        raise CannotBePlayed(f"{folder}: {len(files)} recordings; allowed: at most {FILES_MAX}")
    calls = []
    for place, path in enumerate(files):
        converted = into / f"customer-{place}.wav"
        write(converted, read(path))
        calls.append(_call(path.name, place, converted))
    return tuple(calls)


def read(path: Path) -> Samples:
    """Return a recording as one channel at 8 kHz, full scale -1 to 1.

    Raises:
        CannotBePlayed: It cannot be read, or its length or rate is not allowed.
    """
    try:
        found = soundfile.info(str(path))
        _within(path, "seconds", found.duration, SECONDS_MIN, SECONDS_MAX)
        _within(path, "samples a second", found.samplerate, RATE_HZ_MIN, RATE_HZ_MAX)
        samples, rate = soundfile.read(str(path), dtype="float64", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise CannotBePlayed(f"{path}: cannot be read as a recording: {error}") from error
    mono = samples.mean(axis=1)
    # A header may promise more than the file holds.
    _within(path, "seconds", len(mono) / rate, SECONDS_MIN, SECONDS_MAX)
    if not np.isfinite(mono).all():
        raise CannotBePlayed(f"{path}: holds samples that are no numbers")
    common = int(np.gcd(rate, RATE))
    narrow: Samples = signal.resample_poly(mono, RATE // common, rate // common)
    return np.clip(narrow, -1.0, 1.0)


def _is_recording(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _within(path: Path, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise CannotBePlayed(f"{path}: {value:g} {what}; allowed: {low:g} to {high:g}")


def _call(name: str, place: int, converted: Path) -> PlannedCall:
    chinese = _CHINESE.match(name) is not None
    language = "zh" if chinese else "en"
    shown = name if len(name) <= NAME_CHARACTERS_MAX else name[: NAME_CHARACTERS_MAX - 3] + "..."
    return PlannedCall(
        # Names that begin alike must not be one call.
        name=f"{place + 1} {shown}",
        # Kept for fiction in North America: 555-0100 to 555-0199.
        number=("+8610555501" if chinese else "+141555501") + f"{place + 1:02}",
        dialled="801" if chinese else "800",
        after_s=APART_S * place,
        lines=(
            f"{language}-agent-hello",
            str(converted.with_suffix("")),
            f"{language}-agent-answer",
        ),
        ending="caller_ended",
        foreign=True,
    )
