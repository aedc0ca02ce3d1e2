import pytest
from structlog.testing import capture_logs

from server.readiness import Readiness


def test_not_ready_until_started() -> None:
    readiness = Readiness()
    assert readiness.reasons() == ["node: starting"]
    readiness.started = True
    assert readiness.reasons() == []


def test_every_reason_is_told_in_order() -> None:
    readiness = Readiness()
    readiness.started = readiness.draining = True
    readiness.add("store", lambda: None)
    readiness.add("cells", lambda: "none is warm")
    readiness.add("edge", lambda: "no socket listens")
    assert readiness.reasons() == [
        "node: draining",
        "cells: none is warm",
        "edge: no socket listens",
    ]


def test_a_check_that_fails_is_a_reason_and_hides_no_other() -> None:
    def broken() -> str | None:
        raise ValueError("secret")

    readiness = Readiness()
    readiness.started = True
    readiness.add("store", broken)
    readiness.add("edge", lambda: "deaf")
    with capture_logs() as lines:
        assert readiness.reasons() == ["store: the check failed: ValueError", "edge: deaf"]
    assert lines[0]["part"] == "store"


def test_a_part_is_watched_once() -> None:
    readiness = Readiness()
    readiness.add("store", lambda: None)
    with pytest.raises(AssertionError, match="store"):
        readiness.add("store", lambda: None)
