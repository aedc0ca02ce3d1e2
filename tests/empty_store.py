"""Stores on a copy of an empty SQLite file: the migrations are run once for all tests.

They take a tenth of a second, and a test opens a store in a tenth of that. `test_schema` tries the
migrations themselves.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from store import opening
from store.database import Database, sqlite_url


def copier(folder: Path) -> Callable[[Path], URL]:
    """Return what makes a file where none is, and returns its URL as `sqlite_url` does.

    Args:
        folder: Where the first one is kept.
    """
    empty = folder / "empty.sqlite3"

    async def migrate() -> None:
        async with Database(sqlite_url(empty)):
            pass

    def url_of(path: Path) -> URL:
        if not empty.exists():
            # In a thread of its own: the test has an event loop already.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, migrate()).result()
        if path.parent.is_dir() and not path.exists():
            shutil.copy(empty, path)
        return sqlite_url(path)

    return url_of


@contextmanager
def copies(folder: Path) -> Iterator[Callable[[Path], URL]]:
    """Have every store that is opened meanwhile begin as a copy."""
    url_of = copier(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "sqlite_url", url_of)
        yield url_of
