"""Where a prompt's WAV file lies, and which ones make an announcement."""

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from config.prompts.phrases import position_pieces, wait_pieces
from domain.errors import ConfigurationError

RATE: Final = 8_000
"""Samples a second, that of G.711 (RFC 3551 section 4.5.14)."""
SECONDS_MAX: Final = 600.0
"""A longer file is most likely not a prompt; ten minutes are 9.6 MB."""

OUR_FOLDER: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "zh")

_log = structlog.get_logger(__name__)


class PromptError(ConfigurationError):
    """A WAV file that cannot be played."""


class PromptLibrary:
    """Prompts by name and language: the operator's file first, then ours.

    A name is looked for as `LANGUAGE/NAME.wav`, then as `NAME.wav` for what needs no language,
    such as music; both in the operator's folder and then in ours.
    """

    languages = LANGUAGES

    def __init__(self, folder: Path | None = None) -> None:
        """Look into the operator's folder, if he has one, before our own."""
        self._folders = (OUR_FOLDER,) if folder is None else (folder, OUR_FOLDER)
        self._judged: dict[Path, tuple[tuple[int, int], bool]] = {}

    def path(self, name: str, language: str) -> Path | None:
        """Return the WAV file of a prompt; None when there is none.

        A file is checked when it is first asked for and again when it has changed. One that
        cannot be played is logged and passed over: a bad copy must not end a call. `problems`
        finds it before that.
        """
        for folder in self._folders:
            for path in (folder / language / f"{name}.wav", folder / f"{name}.wav"):
                if path.is_file() and self._playable(path):
                    return path
        return None

    def announcement(
        self, position: int, expected_wait_s: float | None, language: str
    ) -> list[Path]:
        """Return what tells a waiting caller his place and, when known, the expected wait.

        Args:
            position: 1 is next.
            expected_wait_s: Seconds; None: nothing is said of it.
            language: "en" or "zh".

        Returns:
            Files to be played one after the other; a piece without a file is left out.
        """
        pieces = position_pieces(position, language) + wait_pieces(expected_wait_s, language)
        paths = (self.path(piece, language) for piece in pieces)
        return [path for path in paths if path is not None]

    def names(self, language: str) -> Sequence[str]:
        """Return the names of all prompts that can be played in a language, sorted."""
        return sorted(
            {
                path.stem
                for folder in self._folders
                for part in (folder / language, folder)
                for path in part.glob("*.wav")
            }
        )

    def problems(self) -> list[PromptError]:
        """Return what is wrong with the files of the operator's folder, by name."""
        found = []
        if len(self._folders) > 1:
            folder = self._folders[0]
            for part in (folder, *(folder / language for language in LANGUAGES)):
                for path in sorted(part.glob("*.wav")):
                    try:
                        check_wav(path)
                    except PromptError as error:
                        found.append(error)
        return found

    def _playable(self, path: Path) -> bool:
        try:
            state = path.stat()
        except OSError:
            return False  # Removed since the look before.
        version = (state.st_mtime_ns, state.st_size)
        known = self._judged.get(path)
        if known is not None and known[0] == version:
            return known[1]
        try:
            check_wav(path)
        except PromptError as error:
            _log.warning("prompt cannot be played", file=str(path), reason=str(error))
            self._judged[path] = (version, False)
            return False
        self._judged[path] = (version, True)
        return True


def check_wav(path: Path) -> float:
    """Return the length in seconds of a WAV file that can be played.

    Raises:
        PromptError: It is not mono 16 bit linear PCM at 8,000 samples a second, or it is
            empty, cut off or too long.
    """
    try:
        with wave.open(str(path), "rb") as file:
            found = (
                f"{file.getnchannels()} channels, {8 * file.getsampwidth()} bit,"
                f" {file.getframerate()} samples a second"
            )
            fits = (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            frames = file.getnframes()
            # The header is believed only where the bytes are there: a copy may be cut off.
            whole = path.stat().st_size >= 2 * frames
    except (OSError, EOFError, wave.Error) as error:
        raise PromptError(f"{path}: not a WAV file of linear PCM: {error}") from error
    if not fits:
        raise PromptError(
            f"{path}: {found}; needed are 1 channel, 16 bit, {RATE} samples a second"
            f" (sox {path.name} -r {RATE} -c 1 -b 16 NEW.wav)"
        )
    if frames == 0 or not whole:
        raise PromptError(f"{path}: {'empty' if frames == 0 else 'cut off'}")
    if frames > SECONDS_MAX * RATE:
        raise PromptError(f"{path}: {frames / RATE:.0f} s long; at most {SECONDS_MAX:.0f} s")
    return frames / RATE
