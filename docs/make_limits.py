"""Writes the numbers of the limits into ARCHITECTURE.md: `python -m docs.make_limits`.

Which limits there are and what happens at each is written by hand; the numbers come from the
code, or from the defaults of the configuration. A test holds that the page is up to date.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel

from config.schema import Configuration

PAGE: Final = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"
HEADING: Final = "## Limits\n"
_LINK: Final = re.compile(r"\[`(\w+)`\]\(([\w/]+)\.py\)")


def rows(page: str) -> Sequence[str]:
    """Return the lines of the table that hold a limit each."""
    table = page.partition(HEADING)[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return lines[2:]


def cells(row: str) -> list[str]:
    """Return the cells of a row: limit, number, of what, at the limit, counted by."""
    return [cell.strip() for cell in row.strip("|").split("|")]


def setting(path: str) -> Any:
    """Return the default of a key of the configuration, `queues[].ring_s` for example.

    Raises:
        KeyError: There is no such key.
    """
    kind: type[BaseModel] = Configuration
    *sections, last = path.replace("[]", "").split(".")
    for section in sections:
        inner: Any = kind.model_fields[section].annotation
        while not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            inner = get_args(inner)[0]
        kind = inner
    return kind.model_fields[last].default


def number(limit: str) -> str:
    """Return the number of a limit as it stands in the table.

    Args:
        limit: The first cell: a constant linked to its file, or a key of the configuration.

    Raises:
        AttributeError: The file has no such constant.
    """
    link = _LINK.fullmatch(limit)
    if link is None:
        value = setting(limit.strip("`"))
    else:
        value = getattr(importlib.import_module(link[2].replace("/", ".")), link[1])
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def page() -> str:
    """Return ARCHITECTURE.md with the numbers as they should stand in it."""
    text = PAGE.read_text(encoding="utf-8")
    for row in rows(text):
        limit, _, *rest = cells(row)
        text = text.replace(row, f"| {' | '.join([limit, number(limit), *rest])} |")
    return text.replace("|  |", "| |")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
