"""Where a call flow finds what it plays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class PromptSource(Protocol):
    """Where the files of prompts are found."""

    def path(self, name: str, language: str) -> Path | None:
        """Return the file of a prompt in that language; None when there is none."""
        ...

    def announcement(
        self, position: int, expected_wait_s: float | None, language: str
    ) -> Sequence[Path]:
        """Return the files that say a place in the queue and how long it may take."""
        ...
