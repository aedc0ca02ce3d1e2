"""Manifest: a table of recordings in, a table of what was heard in them out, row by row."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from domain.emotion import EmotionLabel
from domain.errors import ManifestError
from models.emotion import LABELS
from server.analyse.clips import Clip, Named

FILE: Final = "file"
COLUMNS: Final = (
    FILE,
    "label",
    *(f"p_{name}" for name in LABELS),
    "arousal",
    "valence",
    "speech_s",
    "latency_ms",
)
"""Of the table that is written, in this order."""


class Manifest:
    """A CSV table with a column `file`, read row by row.

    Attributes:
        path: The table.
        columns: Its header.
    """

    def __init__(self, path: Path) -> None:
        """Read the header.

        Raises:
            ManifestError: There is no such file, it is no CSV, or it has no column `file`.
        """
        self.path = path
        self.columns: tuple[str, ...] = ()
        for _ in self._rows(header_only=True):
            pass
        self.need(FILE)

    def need(self, column: str) -> None:
        """Check that there is a column.

        Raises:
            ManifestError: There is none of that name.
        """
        if column not in self.columns:
            found = ", ".join(self.columns) or "nothing"
            raise ManifestError(f"{self.path}: no column {column!r} in the header; found {found}")

    def files(self) -> Iterator[Named]:
        """Yield each row's file.

        A name that is not absolute is looked for beside the manifest, then in the working folder.

        Raises:
            ManifestError: A row cannot be read, or names no file.
        """
        for row in self._rows(header_only=False):
            beside = self.path.parent / row[FILE]
            yield Named(row[FILE], beside if beside.exists() else Path(row[FILE]), row)

    def _rows(self, *, header_only: bool) -> Iterator[Mapping[str, str]]:
        try:
            # A spreadsheet may put a byte order mark before the first name.
            with self.path.open(encoding="utf-8-sig", newline="") as lines:
                table = csv.DictReader(lines, restval="", strict=True)
                self.columns = tuple(table.fieldnames or ())
                if header_only:
                    return
                for row in table:
                    if not row[FILE]:
                        raise ManifestError(f"{self.path}:{table.line_num}: names no file")
                    yield row
        except OSError as error:
            raise ManifestError(f"{self.path}: cannot be read: {error.strerror}") from error
        except (csv.Error, UnicodeDecodeError) as error:
            raise ManifestError(f"{self.path}: is no CSV in UTF-8: {error}") from error


class ScoreTable:
    """The table that is written, row by row."""

    def __init__(self, stream: TextIO) -> None:
        """Write the header."""
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def put(self, clip: Clip) -> None:
        """Write one row; what is not known or not claimed stays empty."""
        self._writer.writerow(row_of(clip))


def row_of(clip: Clip) -> list[str]:
    """Return the fields of COLUMNS."""
    score = clip.score
    if clip.fault is not None:
        return [clip.file, *[""] * (len(COLUMNS) - 1)]
    if score is None:
        figures = [""] * (len(LABELS) + 3)
    else:
        chance = [score.probabilities.get(EmotionLabel(name)) for name in LABELS]
        figures = [
            score.label or "",
            *(_figure(each) for each in (*chance, score.arousal, score.valence)),
        ]
    return [clip.file, *figures, f"{clip.speech_s:.2f}", f"{clip.spent_s * 1_000:.2f}"]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
