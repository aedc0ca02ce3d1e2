from pathlib import Path

import pytest

from domain.errors import LimitExceeded
from media.link import PATH_BYTES_MAX, socket_path


def test_each_worker_has_its_path(tmp_path: Path) -> None:
    assert socket_path(tmp_path, 0) != socket_path(tmp_path, 1)


def test_a_path_too_long_for_a_socket_is_named() -> None:
    folder = Path("/") / ("x" * PATH_BYTES_MAX)
    with pytest.raises(LimitExceeded, match=r"hearing-0\.sock: 123 is over the limit of 107"):
        socket_path(folder, 0)
