"""What stands in the repository, for the tests of the house."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "bench", "bus", "care", "channels", "config", "conversations", "customers", "demo", "domain",
    "media", "models", "pbx", "router", "server", "store", "tickets",
)  # fmt: skip
LEFT_OUT = frozenset(("__pycache__", "build", "dist", "data"))


@cache
def files() -> Sequence[Path]:
    """Return every file that is, or would be, tracked; sorted."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [
            name
            for name in inner
            if name not in LEFT_OUT
            and not name.endswith(".egg-info")
            and (name == ".ci" or not name.startswith("."))
        ]
        # In a worktree .git is a file.
        found += [Path(folder, name) for name in names if name not in {".git", ".coverage"}]
    return sorted(found)
