"""Writes the tree into ARCHITECTURE.md, from what stands on disk: `python -m docs.make_tree`.

A file's phrase is the first sentence of its docstring, so it is written once. A test holds that
the page is up to date.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "ARCHITECTURE.md"
BEGIN: Final = "<!-- The tree: made by `python -m docs.make_tree`, not by hand. -->\n"
END: Final = "<!-- End of the tree. -->\n"

PACKAGES: Final = (
    *(
        "server",
        "channels",
        "pbx",
        "router",
        "media",
        "models",
        "care",
        "conversations",
        "customers",
        "tickets",
        "store",
        "bus",
        "config",
        "domain",
    ),
    *("demo", "bench"),
)
"""Top folders with code, from the top of the arrow down; then what stands outside of it."""

FOLDERS: Final = {
    "bench/scenarios": "SIPp's side of a measured call",
    "channels/chat/widget": "the web widget: plain JavaScript and CSS, as browsers get them",
    "config/examples": "configurations to begin with; a test loads each",
    "config/examples/workloads": "days of contact centres for `sim`",
    "config/prompts/en": "the English prompts",
    "config/prompts/zh": "the Chinese prompts",
    "models/weights": "the networks as ONNX files, each with its card",
    "demo/speech": "what the demo's callers and agents say",
    "docs": "for readers; [docs/README.md](docs/README.md) says for whom which page is",
    "docs/adr": "decisions, one page each",
    "docs/examples": "small programs for integrators, each written from a page of docs/protocols",
    "docs/protocols": "what others speak with the node, with JSON Schemas",
    "channels/desk/page": "the agents' page: HTML, styles and plain JavaScript",
    "docs/grafana": "a board for Grafana",
    "docs/measure": "measured figures, with the machine that they were measured on",
    "docs/pictures": "the README's pictures",
    "docs/systemd": "the unit of the service",
    "requirements": "what is installed: named in `*.in`, locked with hashes in `*.lock`",
    "tests": "the tests; inside they follow the code, so their files are not listed",
    "tests/browser": "pages in Chromium",
    "tests/golden": "fixed inputs with their origin",
    "tests/integration": "parts together, over real sockets, files and processes",
    "tests/property": "properties, tried by hypothesis",
    "tests/sim": "a whole call centre in virtual time",
    "tests/sipp": "the node against SIPp and baresip",
    "tests/unit": "one file for each file of code, under the same path",
}
"""Phrases of folders that are no package."""

_UNLISTED: Final = frozenset(("__pycache__", "__init__.py"))
_DEEP: Final = frozenset((*PACKAGES, "docs"))
"""Top folders that are listed file by file."""


def phrase(source: Path) -> str:
    """Return the first sentence of a module's docstring, in one line.

    Raises:
        SystemExit: It has none.
    """
    documentation = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    if not documentation:
        raise SystemExit(f"{source.relative_to(ROOT)}: no docstring")
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    # A colon ends a paragraph that goes on as a list.
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", paragraph)[0].rstrip(".:")


def tree() -> str:
    """Return the tree as a Markdown list."""
    lines = [_line(ROOT / "run_pbx.py", 0)]
    for name in (*PACKAGES, "docs", "tests", "requirements"):
        lines += _folder(ROOT / name, 0)
    return "\n".join(lines) + "\n"


def _folder(folder: Path, depth: int) -> Iterator[str]:
    yield _line(folder, depth)
    within = sorted(path for path in folder.iterdir() if path.name not in _UNLISTED)
    listed_by_file = folder.relative_to(ROOT).parts[0] in _DEEP
    if listed_by_file:
        for path in within:
            if path.suffix == ".py":
                yield _line(path, depth + 1)
    for path in within:
        if path.is_dir() and (listed_by_file or depth == 0) and _has_content(path):
            yield from _folder(path, depth + 1)


def _has_content(folder: Path) -> bool:
    """Tell whether git would keep it: it holds a file."""
    return any(path.is_file() for path in folder.rglob("*") if "__pycache__" not in path.parts)


def _line(path: Path, depth: int) -> str:
    name = path.relative_to(ROOT).as_posix()
    package = path / "__init__.py"
    said = FOLDERS.get(name)
    if said is None:
        if path.is_dir() and not package.exists():
            raise SystemExit(f"{name}: no package, and no phrase in docs/make_tree.py")
        said = phrase(package if path.is_dir() else path)
    ending = "/" if path.is_dir() else ""
    return f"{'  ' * depth}- [{path.name}{ending}]({name}): {said}"


def page() -> str:
    """Return ARCHITECTURE.md with the tree as it should stand in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tree()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
