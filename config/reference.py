"""Writes docs/configuration.md and its Chinese twin from the schema: `python -m config.reference`.

A test holds that the documents are up to date, so a field cannot be without a description.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from config import reference_zh
from config.explain import Shape, describe, json_schema, resolved

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"


class Words(NamedTuple):
    """What the document says besides the schema, in one language.

    Attributes:
        allowed: Translates what is allowed.
        meanings: Translates descriptions, by "Section" and "Section.key"; None: as they are.
    """

    title: str
    introduction: str
    columns: tuple[str, str, str, str]
    required: str
    nothing: str
    footer: str
    allowed: Callable[[str], str] = str
    meanings: Mapping[str, str] | None = None

    def meaning(self, name: str, description: str) -> str:
        """Return what a section or field is for."""
        text = description if self.meanings is None else self.meanings[name]
        return " ".join(text.split())


ENGLISH: Final = Words(
    title="Configuration",
    introduction="""\
Warmline reads one YAML file. `python run_pbx.py check --config FILE` checks it and names every
mistake with its line; `check --schema` prints a JSON Schema, with which editors complete keys and
underline mistakes. Begin with one of `config/examples/`: `minimal.yaml`, `small-office.yaml` and
`demo.yaml`.

- Unknown keys are refused. A key that is left out has its default. Where a value may be nothing,
  write `null` or leave it empty.
- Numbers such as `0800` and `+4930123` are read as they are written; quotes are not needed, but
  editors like them. `"*60"` needs quotes, because `*` begins a YAML alias.
- The end of a name tells the unit: `_s` seconds, `_mib` mebibytes, `_per_s` a second.
- A relative path begins at the folder of the YAML file.
- A secret never stands in the file: it is `{env: NAME}` or `{file: PATH}`.
- `trunks`, `agents`, `queues`, `prompts`, `router`, `suggestions`, `business_hours` and `tickets`
  are taken up while calls run, a second or two after the file is saved or on SIGHUP. Everything
  else waits for a restart, and the log says so. A file with mistakes changes nothing.
- An agent dials \\*60 to be ready, \\*61 to be not ready and \\*62 to log out.""",
    columns=("Key", "Allowed", "Default", "Meaning"),
    required="required",
    nothing="nothing",
    footer="This file is made from `config/schema.py` by `python -m config.reference`.",
)

CHINESE: Final = Words(
    title=reference_zh.TITLE,
    introduction=reference_zh.INTRODUCTION,
    columns=reference_zh.COLUMNS,
    required=reference_zh.REQUIRED,
    nothing=reference_zh.NOTHING,
    footer=reference_zh.FOOTER,
    allowed=reference_zh.allowed,
    meanings=reference_zh.MEANINGS,
)


class Table(NamedTuple):
    """One section of the file and its keys."""

    path: str
    section: str
    shape: Shape


def tables() -> Iterator[Table]:
    """Yield the whole file first, then each section in it, depth first, and what a secret is."""
    every = list(_tables("", "Configuration", json_schema()))
    yield from (table for table in every if table.section != "Secret")
    yield next(table._replace(path="env, file") for table in every if table.section == "Secret")


def _tables(path: str, section: str, shape: Shape) -> Iterator[Table]:
    shape = resolved(shape)
    if shape.get("type") == "array":
        inner = resolved(shape["items"])
        yield from _tables(f"{path}[]", str(inner.get("title", "")), inner)
        return
    if not shape.get("properties"):
        return
    yield Table(path, section, shape)
    if section == "Secret":
        return
    for key, inner in shape["properties"].items():
        below = str(resolved(inner).get("title", ""))
        yield from _tables(f"{path}.{key}" if path else key, below, inner)


def reference(words: Words) -> str:
    """Return the document as Markdown."""
    parts = [f"# {words.title}", words.introduction]
    parts += ["\n\n".join(_section(table, words)) for table in tables()]
    parts.append(words.footer)
    return "\n\n".join(parts) + "\n"


def _section(table: Table, words: Words) -> Iterator[str]:
    if table.path:
        yield f"## `{table.path}`"
        about = str(json_schema()["$defs"][table.section]["description"])
        yield words.meaning(table.section, about)
    rows = ["| " + " | ".join(words.columns) + " |", "| --- | --- | --- | --- |"]
    required = table.shape.get("required", ())
    for key, shape in table.shape["properties"].items():
        inner = resolved(shape)
        allowed = words.allowed(_allowed(key, inner))
        meaning = words.meaning(f"{table.section}.{key}", str(inner.get("description", "")))
        default = words.required if key in required else _default(shape, inner, words)
        cells = (f"`{key}`", allowed, default, meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    yield "\n".join(rows)


def _allowed(key: str, shape: Shape) -> str:
    """Say what may stand there; what has a table of its own is only pointed at."""
    if shape.get("type") == "array":
        items = resolved(shape["items"])
        least = ", at least 1" if shape.get("minItems") else ""
        if items.get("properties"):
            return f"a list of mappings{least}, see below"
        return f"a list{least}: {describe(items, key)}"
    if shape.get("properties"):
        return "a secret, see below" if shape.get("title") == "Secret" else "a mapping, see below"
    return describe(shape, key)


def _default(shape: Shape, inner: Shape, words: Words) -> str:
    default: Any = inner.get("default", shape.get("default"))
    if default is None:
        return words.nothing
    if inner.get("properties"):
        return ""
    if isinstance(default, list) and all(isinstance(each, dict) for each in default) and default:
        return ", ".join(f"`{each['id']}`" for each in default)
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def documents() -> Mapping[Path, str]:
    """Return what should stand in each document."""
    return {
        DOCS / "configuration.md": reference(ENGLISH),
        DOCS / "configuration.zh.md": reference(CHINESE),
    }


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for document, text in documents().items():
        document.parent.mkdir(exist_ok=True)
        document.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{document}\n")
