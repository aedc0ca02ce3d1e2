"""Writes docs/configuration.md from the schema: `python -m config.reference`.

A test holds that the documents are up to date, so a field cannot be without a description.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from config.explain import Shape, describe, json_schema, resolved

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"


class Words(NamedTuple):
    """What the document says besides the schema, in one language."""

    title: str
    introduction: str
    columns: tuple[str, str, str, str]
    required: str
    nothing: str
    footer: str


ENGLISH: Final = Words(
    title="Configuration",
    introduction="""\
Warmline reads one YAML file. `python run_pbx.py check --config FILE` checks it and names every
mistake with its line; `check --schema` prints a JSON Schema, with which editors complete keys and
underline mistakes. Begin with one of `config/examples/`: `minimal.yaml`, `small-office.yaml` and
`demo.yaml`.

- Unknown keys are refused. A key that is left out has its default.
- Numbers such as `0800` and `+4930123` are read as they are written; quotes are not needed, but
  editors like them. `"*60"` needs quotes, because `*` begins a YAML alias.
- The end of a name tells the unit: `_s` seconds, `_mib` mebibytes, `_per_s` a second.
- A relative path begins at the folder of the YAML file.
- A secret never stands in the file: it is `{env: NAME}` or `{file: PATH}`.
- `trunks`, `agents`, `queues`, `prompts` and `router` are taken up while calls run, a second after
  the file is saved or on SIGHUP. Everything else waits for a restart, and the log says so. A file
  with mistakes changes nothing.
- An agent dials \\*60 to be ready, \\*61 to be not ready and \\*62 to log out.""",
    columns=("Key", "Allowed", "Default", "Meaning"),
    required="required",
    nothing="nothing",
    footer="This file is made from `config/schema.py` by `python -m config.reference`.",
)


class Table(NamedTuple):
    """One section of the file and its keys."""

    path: str
    section: str
    shape: Shape


def tables() -> Iterator[Table]:
    """Yield the whole file first, then each section in it, depth first."""
    yield from _tables("", json_schema())


def _tables(path: str, shape: Shape) -> Iterator[Table]:
    shape = resolved(shape)
    if shape.get("type") == "array":
        yield from _tables(f"{path}[]", shape["items"])
        return
    if not shape.get("properties"):
        return
    name = str(shape.get("title", ""))
    yield Table(path, name, shape)
    if name == "Secret":
        return
    for key, inner in shape["properties"].items():
        yield from _tables(f"{path}.{key}" if path else key, inner)


def reference(words: Words, translate: Mapping[str, str] | None = None) -> str:
    """Return the document as Markdown.

    Args:
        words: The language's words.
        translate: Text in that language by "Section", "Section.key" and by the English text of
            what is allowed; None: English.
    """
    parts = [f"# {words.title}", words.introduction]
    secret_done = False
    for table in tables():
        if table.section == "Secret":
            if secret_done:
                continue
            secret_done = True
        parts.append("\n\n".join(_section(table, words, translate)))
    parts.append(words.footer)
    return "\n\n".join(parts) + "\n"


def _section(table: Table, words: Words, translate: Mapping[str, str] | None) -> Iterator[str]:
    if table.path:
        yield f"## `{table.path}`" if table.section != "Secret" else "## `env`, `file`"
        about = str(json_schema()["$defs"][table.section]["description"])
        yield _one_line(about if translate is None else translate[table.section])
    rows = [
        "| " + " | ".join(words.columns) + " |",
        "| --- | --- | --- | --- |",
    ]
    required = table.shape.get("required", ())
    for key, shape in table.shape["properties"].items():
        inner = resolved(shape)
        allowed = _allowed(key, inner)
        meaning = str(inner.get("description", ""))
        if translate is not None:
            allowed = translate[allowed]
            meaning = translate[f"{table.section or 'Configuration'}.{key}"]
        default = words.required if key in required else _default(shape, inner, words)
        cells = (f"`{key}`", allowed, default, _one_line(meaning))
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
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def documents() -> Mapping[Path, str]:
    """Return what should stand in each document."""
    return {DOCS / "configuration.md": reference(ENGLISH)}


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for document, text in documents().items():
        document.parent.mkdir(exist_ok=True)
        document.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{document}\n")
