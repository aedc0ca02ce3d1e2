"""The router's properties tried with 2,000 examples each, where a test run tries few.

Never double-booked, never over capacity, never ineligible, nobody lost, nobody starved, no
dependence on order: `tests/property/test_router*.py`, `tests/property/test_assignment.py`.
"""

import json as json_format
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

EXAMPLES: Final = 2_000
FILES: Final = (
    "tests/property/test_router.py",
    "tests/property/test_router_personal.py",
    "tests/property/test_router_fairness.py",
    "tests/property/test_assignment.py",
)
ROOT: Final = Path(__file__).parents[1]
_PASSED: Final = re.compile(r"(\d+) passed")


def run(json: bool = False) -> None:
    """Try every property and print a table, or one JSON object.

    Raises:
        SystemExit: A property does not hold; what pytest said of it is printed.
    """
    rows = []
    for file in FILES:
        began_s = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
            cwd=ROOT,
            env={**os.environ, "WARMLINE_EXAMPLES": str(EXAMPLES)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout[-10_000:])
            raise SystemExit(f"{file}: a property does not hold")
        rows.append((file, _count(done.stdout), time.perf_counter() - began_s))
    if json:
        print(
            json_format.dumps(
                {
                    "bench": "properties",
                    "examples": EXAMPLES,
                    "files": [
                        {"file": file, "properties": count, "seconds": round(seconds)}
                        for file, count, seconds in rows
                    ],
                }
            )
        )
        return
    table = Table(title=f"Properties of the router, {EXAMPLES:,} examples each")
    for heading in ("file", "properties", "seconds"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for file, count, seconds in rows:
        table.add_row(file, str(count), f"{seconds:.0f}")
    Console().print(table)


def _count(said: str) -> int:
    """Return how many tests passed, from the dots or the summary of pytest."""
    found = _PASSED.search(said)
    return int(found[1]) if found else said.count(".")
