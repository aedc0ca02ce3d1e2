"""What is wrong with a configuration file, and where."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import ConfigurationError

_SIMPLE_KEY: Final = re.compile(r"^[A-Za-z0-9_-]+$")


class Place(NamedTuple):
    """A place in a file; both count from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, or in a list of warnings one thing that is odd.

    Attributes:
        keys: Where in the tree: keys of mappings and indices of sequences.
        found: What stands there.
        allowed: What may stand there.
        hint: What to do about it; may be empty.
    """

    file: Path
    place: Place
    keys: tuple[str | int, ...]
    found: str
    allowed: str
    hint: str = ""

    @property
    def line(self) -> int:
        """Line in the file, from 1."""
        return self.place.line

    @property
    def column(self) -> int:
        """Column in the line, from 1."""
        return self.place.column

    @property
    def path(self) -> str:
        """The path as people write it: `queues[1].skills.billing`."""
        return path_text(self.keys)

    def __str__(self) -> str:
        """Return one line in the form that editors can jump from."""
        where = f"{self.file}:{self.line}:{self.column}:"
        path = f" {self.path}:" if self.keys else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{path} found {self.found}; allowed: {self.allowed}{hint}"


class ConfigurationMistakes(ConfigurationError):
    """A configuration file with everything that is wrong with it."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        """Keep the mistakes in the order of the file."""
        self.file = file
        self.mistakes: Sequence[Mistake] = sorted(mistakes, key=lambda mistake: mistake.place)
        count = len(self.mistakes)
        head = f"{file}: {count} mistake{'' if count == 1 else 's'}"
        super().__init__("\n".join((head, *map(str, self.mistakes))))


def path_text(keys: Sequence[str | int]) -> str:
    """Return `queues[1].skills.billing` for ("queues", 1, "skills", "billing")."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _SIMPLE_KEY.match(key):
            text += f".{key}" if text else key
        else:
            text += f'["{key}"]'
    return text
