"""Writes the keys of a workload into docs/simulator.md and its Chinese page.

`python -m docs.make_workload`. The English words are those of the fields; the Chinese ones stand in
docs/workload_zh.py. A test holds that the pages are up to date.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.workload import (
    USUAL,
    Audience,
    ChannelLoad,
    QueueLoad,
    Team,
    Topic,
    Workload,
    WorkShift,
)
from config.workload_truth import Faults, HandleTime, Resolution, Truth
from docs.workload_zh import MEANINGS, WORDS

DOCS: Final = Path(__file__).resolve().parent
PAGES: Final = (DOCS / "simulator.md", DOCS / "simulator.zh.md")
BEGIN: Final = "<!-- The keys: made by `python -m docs.make_workload`, not by hand. -->\n"
END: Final = "<!-- End of the keys. -->\n"
SECTIONS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("", Workload),
    ("channels.NAME", ChannelLoad),
    ("queues[]", QueueLoad),
    ("queues[].topics.NAME", Topic),
    ("teams[]", Team),
    ("shifts[]", WorkShift),
    ("customers", Audience),
    ("truth", Truth),
    ("truth.resolution", Resolution),
    ("truth.handle", HandleTime),
    ("faults", Faults),
)
_DEEPER_CHARACTERS: Final = 60


def page(path: Path) -> str:
    """Return one of PAGES with the keys as they should stand in it."""
    chinese = path.name.endswith(".zh.md")
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)

    def say(section: type[BaseModel], name: str, english: str) -> str:
        return MEANINGS[f"{section.__name__}.{name}"] if chinese else english

    return f"{before}{BEGIN}\n{keys(say, WORDS if chinese else {})}\n{END}{after}"


def keys(say: Callable[[type[BaseModel], str, str], str], words: dict[str, str]) -> str:
    """Return the tables of all sections as Markdown.

    Args:
        say: Returns what a field means, given its section, its name and the English words.
        words: Translations of the heads of the tables.
    """
    parts = []
    for where, section in SECTIONS:
        heads = [words.get(head, head) for head in ("key", "default", "meaning")]
        title = f"`{where}`" if where else words.get("the file", "the file")
        lines = [f"### {title}", "", f"| {' | '.join(heads)} |", "| --- | --- | --- |"]
        for name, field in section.model_fields.items():
            meaning = " ".join(say(section, name, field.description or "").split())
            lines.append(f"| `{name}` | {_default(field.default, words)} | {meaning} |")
        parts.append("\n".join(lines))
    parts.append(_usual(words))
    return "\n\n".join(parts) + "\n"


def _default(value: Any, words: dict[str, str]) -> str:
    if value is PydanticUndefined:
        return words.get("must be said", "must be said")
    if isinstance(value, BaseModel):
        return words.get("see below", "see below")
    text = f"{value:g}" if isinstance(value, float) else str(value).replace("'", "")
    if len(text) > _DEEPER_CHARACTERS:
        return words.get("see the configuration", "see the configuration")
    return f"`{text}`"


def _usual(words: dict[str, str]) -> str:
    """Return how customers of each channel behave where nothing is said."""
    names = list(ChannelLoad.model_fields)
    lines = [
        f"### {words.get('usual channels', 'Usual channels')}",
        "",
        f"| {words.get('channel', 'channel')} | {' | '.join(f'`{name}`' for name in names)} |",
        f"| --- |{' ---: |' * len(names)}",
    ]
    for channel, load in USUAL.items():
        cells = [f"{getattr(load, name):g}" for name in names]
        lines.append(f"| {channel} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(page(each), encoding="utf-8")
        sys.stdout.write(f"{each.name}\n")
