import os

import pytest

from domain.errors import StoreError
from store.queue_log_file import QueueLogFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queue_log"


@pytest.fixture
def file(path):
    opened = QueueLogFile(path)
    yield opened
    opened.close()


def test_lines_are_added_to_what_is_there(path, file):
    path.write_text("old\n")
    file.append(["one", "两"])
    file.append([])
    file.append(["three"])
    assert path.read_text() == "old\none\n两\nthree\n"


def test_a_new_file_is_readable_by_the_group_at_most(path, file):
    file.append(["one"])
    assert path.stat().st_mode & 0o777 & ~0o640 == 0


def test_after_logrotate_a_new_file_begins(path, file):
    file.append(["one"])
    path.rename(path.with_suffix(".1"))
    file.append(["two"])
    path.unlink()
    file.append(["three"])
    other = path.with_suffix(".new")
    other.write_text("fresh\n")
    other.replace(path)
    file.append(["four"])
    assert path.with_suffix(".1").read_text() == "one\n"
    assert path.read_text() == "fresh\nfour\n"


def test_half_a_line_does_not_swallow_the_next(path, file):
    path.write_text("17723|NONE|NO")
    file.append(["one"])
    assert path.read_text() == "17723|NONE|NO\none\n"


def test_lines_that_do_not_fit_leave_no_trace(path, file, monkeypatch):
    file.append(["one"])
    write = os.write

    def full(descriptor, data):
        if len(data) <= 3:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:-3])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match=r"queue_log: .*No space left"):
        file.append(["two", "three"])
    assert path.read_text() == "one\n"
    monkeypatch.undo()
    file.append(["two"])
    assert path.read_text() == "one\ntwo\n"


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(StoreError, match="absent"):
        QueueLogFile(tmp_path / "absent" / "queue_log").append(["one"])
