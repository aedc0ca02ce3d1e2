"""A throw-away PostgreSQL for tests: its own cluster in a folder of /tmp, reached by a socket."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from store.database import Database, parse_url

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
USER = "warmline"
TEMPLATE = "warmline_template"
SETTINGS = (
    *("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off"),
    *("max_connections=200", "shared_buffers=64MB", "autovacuum=off"),
)
"""Nothing of it outlives the tests, so nothing waits for the disk."""


def why_not() -> str:
    """Return why there can be no PostgreSQL here; "" when there can."""
    if not PROGRAMS:
        return "PostgreSQL is not installed: apt-get install postgresql-15"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


def _account() -> str | None:
    """Return as whom to run it; None: there is nobody."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return None


CLEAN = """
SET lock_timeout = '2s';
DO $$
DECLARE place text; filled bool; full_ones text[] := ARRAY[]::text[];
BEGIN
  FOR place IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', place) INTO filled;
    IF filled AND place <> 'alembic_version' THEN full_ones := full_ones || place; END IF;
  END LOOP;
  IF cardinality(full_ones) > 0 THEN
    EXECUTE 'TRUNCATE ' || array_to_string(full_ones, ', ') || ' RESTART IDENTITY CASCADE';
  END IF;
END $$;
SELECT version_num || count(*) FROM alembic_version, pg_tables WHERE schemaname = 'public'
GROUP BY version_num;
"""
"""Empties what was filled, and says of which schema it is: half as dear as another copy."""


class Cluster:
    """A running PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = 0
        self._empty: list[str] = []
        self._schema = ""

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}@/{name}?host={self._folder}"

    def make(self) -> str:
        """Return the name of an empty database of the newest schema."""
        if self._empty:
            return self._empty.pop()
        self._numbers += 1
        name = f"store_{self._numbers}"
        self.call("createdb", "-T", TEMPLATE, "-S", "file_copy", name)
        return name

    def drop(self, name: str) -> None:
        self.call("dropdb", "--force", name)

    def give_back(self, name: str) -> None:
        """Empty a database for the next one; one that is not as it was is dropped."""
        try:
            if self._clean(name) == self._schema:
                self._empty.append(name)
                return
        except AssertionError:
            pass  # A table is missing, or somebody holds a lock.
        self.drop(name)

    def _clean(self, name: str) -> str:
        return self.call("psql", "-X", "-q", "-A", "-t", "-d", name, "-c", CLEAN)

    def prepare(self) -> None:
        """Make the database that others are copies of."""
        self.call("createdb", TEMPLATE)

        async def migrate() -> None:
            async with Database(parse_url(self.url(TEMPLATE))):
                pass

        # In a thread of its own: the tests have an event loop already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, migrate()).result()
        self._schema = self._clean(TEMPLATE)

    def call(self, program: str, *arguments: str) -> str:
        return _call(program, "-h", str(self._folder), "-U", USER, *arguments)


def _call(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [PROGRAMS[-1] / program, *arguments],
        user=_account() if os.geteuid() == 0 else None,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{program}: {said}"
    return said


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Lend a cluster that is gone afterwards."""
    # A socket's path has 107 characters at most: not below the tests' own folders.
    folder = Path(tempfile.mkdtemp(prefix="warmline-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _account() or USER)
        data = folder / "data"
        _call("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = " ".join(f"-c {each}" for each in SETTINGS)
        options = f"-k {folder} {settings}"
        log = str(folder / "log")
        _call("pg_ctl", "-D", str(data), "-o", options, "-l", log, "-w", "start")
        try:
            cluster = Cluster(folder)
            cluster.prepare()
            yield cluster
        finally:
            _call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
