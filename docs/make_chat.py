"""Writes what is made from code of docs/protocols/chat.md: `python -m docs.make_chat`.

The tables of messages and close codes, in both languages, and the JSON Schema. A test holds that
they are up to date.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from channels.chat import closing, protocol
from channels.chat.closing import CloseCode
from docs import chat_zh

FOLDER: Final = Path(__file__).resolve().parent / "protocols"
PAGES: Final = (FOLDER / "chat.md", FOLDER / "chat.zh.md")
SCHEMA: Final = FOLDER / "chat.schema.json"
BEGIN: Final = "<!-- Messages: made by `python -m docs.make_chat`, not by hand. -->\n"
END: Final = "<!-- End of the messages. -->\n"

CLIENT: Final = ("Hello", "Say", "Types", "Mark", "Leave")
SERVER: Final = (
    *("Welcome", "Live", "Accepted", "Told", "TypesToo", "Marked", "Status", "Refusal"),
)
PARTS: Final = ("Resume", "Standing", "Limits", "File")
_PART_NAMES: Final = {
    "Resume": "`resume`",
    "Standing": "`conversation`",
    "Limits": "`limits`",
    "File": "`attachments[]`",
}
_TYPES: Final = {
    "Id": "string",
    "Language": "string",
    "Sequence": "integer",
    "At": "string",
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list[Id]": "array of strings",
    "list[File]": "array",
}


def meanings(source: Path) -> Mapping[str, str]:
    """Return the strings under the classes and attributes of a file, by name, in one line each."""
    found: dict[str, str] = {}
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        found[node.name] = " ".join((ast.get_docstring(node) or "").split())
        for member, after in zip(node.body, [*node.body[1:], None], strict=True):
            name = _name(member)
            if name and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                found[f"{node.name}.{name}"] = " ".join(str(after.value.value).split())
    return found


def _name(node: ast.stmt) -> str:
    target = node.target if isinstance(node, ast.AnnAssign) else None
    if isinstance(node, ast.Assign):
        target = node.targets[0] if isinstance(node.targets[0], ast.Name) else None
    return target.id if isinstance(target, ast.Name) else ""


def fields(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and default of each field of a message; "" for one that must be there."""
    tree = ast.parse(Path(protocol.__file__).read_text(encoding="utf-8"))
    node = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name)
    for member in node.body:
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            default = "" if member.value is None else _json(ast.literal_eval(member.value))
            yield member.target.id, _type(member.annotation), default


def _type(annotation: ast.expr) -> str:
    text = ast.unparse(annotation)
    if text.startswith("Annotated["):
        assert isinstance(annotation, ast.Subscript)
        assert isinstance(annotation.slice, ast.Tuple)
        return _type(annotation.slice.elts[0])
    if text.startswith("Literal["):
        return text.removeprefix("Literal[").removesuffix("]").replace("'", '"')
    if text.endswith(" | None"):
        return f"{_type(ast.parse(text.removesuffix(' | None'), mode='eval').body)} or null"
    return _TYPES.get(text, "object")


def _json(value: object) -> str:
    return json.dumps(value)


def tables(language: str) -> str:
    """Return the generated part of a page."""
    words = chat_zh.WORDS if language == "zh" else _ENGLISH
    own = {**meanings(Path(protocol.__file__)), **meanings(Path(closing.__file__))}
    said = chat_zh.MEANINGS if language == "zh" else own
    lines: list[str] = []
    for heading, names in (("client", CLIENT), ("server", SERVER), ("parts", PARTS)):
        lines += [f"## {words[heading]}", ""]
        for name in names:
            tag = getattr(protocol, name).__struct_config__.tag
            lines += [f"### {_PART_NAMES.get(name) or f'`{tag}`'}", "", said[name], ""]
            rows = list(fields(name))
            if rows:
                lines += [words["columns"], "| --- | --- | --- | --- |"]
            for field, kind, default in rows:
                meaning = said.get(f"{name}.{field}", chat_zh.USUAL[language].get(field, ""))
                assert meaning, f"{name}.{field} is not explained"
                value = f"`{default}`" if default else words["required"]
                lines.append(f"| `{field}` | {kind} | {value} | {meaning} |")
            lines.append("")
    lines += [f"## {words['closing']}", "", words["codes"], "| --- | --- |"]
    lines += [f"| {int(code)} | {said[f'CloseCode.{code.name}']} |" for code in CloseCode]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return f"\n{text}\n\n"


_ENGLISH: Final = {
    "client": "Messages of the client",
    "server": "Messages of the server",
    "parts": "Parts of messages",
    "columns": "| member | type | when left out | meaning |",
    "required": "must be there",
    "closing": "Close codes",
    "codes": "| code | meaning |",
}


def page(path: Path) -> str:
    """Return a page as it should be."""
    language = "zh" if path.name.endswith(".zh.md") else "en"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tables(language)}{END}{after}"


def schema() -> str:
    """Return the schema as text."""
    return json.dumps(protocol.schema(), indent=2, ensure_ascii=False) + "\n"


def documents() -> Mapping[Path, str]:
    """Return what should stand in each document."""
    return {SCHEMA: schema(), **{path: page(path) for path in PAGES}}


if __name__ == "__main__":
    for document, text in documents().items():
        document.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{document.name}\n")
