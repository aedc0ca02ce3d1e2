import pytest

from tests.empty_store import copies


@pytest.fixture(scope="session", autouse=True)
def empty_stores(tmp_path_factory):
    """Stores begin as copies of one that is empty."""
    with copies(tmp_path_factory.mktemp("store")):
        yield
