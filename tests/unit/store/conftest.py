"""Each test that opens a store is run on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import URL

from store import opening
from store.database import parse_url
from store.opening import open_store
from tests.postgres_support import running_cluster, why_not
from tests.store_support import HandClock

KINDS = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc):
    # Whoever opens a store gives it a clock.
    if "clock" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", KINDS, indirect=True)


@pytest.fixture(scope="session")
def cluster():
    if reason := why_not():
        pytest.skip(reason)
    with running_cluster() as running:
        yield running


@pytest.fixture(autouse=True)
def database_kind(request, monkeypatch):
    """What `open_store` opens in a folder: that folder's SQLite file, or a database of its own."""
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        yield kind
        return
    if request.node.get_closest_marker("sqlite"):
        pytest.skip("it looks into the file of SQLite")
    cluster = request.getfixturevalue("cluster")
    names: dict[str, str] = {}

    def url_of(path) -> URL:
        folder = str(path.parent)
        if folder not in names:
            names[folder] = cluster.make()
        return parse_url(cluster.url(names[folder]))

    monkeypatch.setattr(opening, "sqlite_url", url_of)
    yield kind
    for name in names.values():
        cluster.give_back(name)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path, clock, journal_events_max=1_000) as opened:
        yield opened
