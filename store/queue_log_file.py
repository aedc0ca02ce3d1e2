"""The file that `queue_log.py` writes lines for: appended to, never rewritten.

A line that was appended is in the hands of the operating system and survives the end of
this process by any signal. It is not forced to the disk: this file is for reports, and the
database holds the same calls. When logrotate has moved the file away, the next line begins
a new one; neither `copytruncate` nor a signal is needed.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from domain.errors import StoreError

MODE: Final = 0o640
"""Readable by the group, which reporting runs in."""


class QueueLogFile:
    """An open file; close it at the end. Its methods block: call them in a thread."""

    def __init__(self, path: Path) -> None:
        """Name the file; the first line opens it."""
        self._path = path
        self._descriptor: int | None = None

    def append(self, lines: Sequence[str]) -> None:
        """Append lines, all or none.

        Raises:
            StoreError: None of them is in the file.
        """
        if not lines:
            return
        text = "".join(line + "\n" for line in lines).encode()
        try:
            descriptor = self._opened()
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                # Half a line, cut off by a power cut: it must not swallow the next one.
                text = b"\n" + text
            written = 0
            try:
                while written < len(text):
                    written += os.write(descriptor, text[written:])
            except OSError:
                # We are the only writer, so what is over the old size is ours.
                os.ftruncate(descriptor, size)
                raise
        except OSError as error:
            self.close()
            raise StoreError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Close the file; the next `append` opens it again. Twice is harmless."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> int:
        """Return the descriptor of the file that has the name now."""
        if self._descriptor is not None:
            try:
                named = self._path.stat()
            except FileNotFoundError:
                self.close()
            else:
                if not os.path.samestat(named, os.fstat(self._descriptor)):
                    self.close()
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, MODE)
        return self._descriptor
