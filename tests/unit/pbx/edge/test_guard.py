"""A fault of ours costs what is within its `with`."""

import pytest

from domain.errors import SipError
from pbx.edge.guard import FAULTS_LOGGED_MAX, Guard
from pbx.edge.post import Post
from tests.edge_support import CoreBench


def guard():
    post = Post(names=CoreBench().names)
    return post, Guard(post)


def test_what_goes_well_is_not_counted():
    post, guarded = guard()
    with guarded:
        pass
    assert not post.counts


def test_a_broken_message_is_counted_and_not_logged(caplog):
    post, guarded = guard()
    with guarded:
        raise SipError("message: no Via")
    assert post.counts == {"malformed": 1}
    assert not caplog.records


def test_a_fault_is_logged_by_its_place_and_without_its_text(caplog):
    post, guarded = guard()
    with guarded:
        raise ValueError("+4930111")
    assert post.counts == {"faults": 1}
    (record,) = caplog.records
    assert record.fault == "ValueError"
    assert record.place.startswith("test_guard.py:")
    assert "+4930111" not in caplog.text


def test_faults_do_not_fill_the_log(caplog):
    post, guarded = guard()
    for _ in range(FAULTS_LOGGED_MAX + 5):
        with guarded:
            raise ValueError
    assert post.counts["faults"] == FAULTS_LOGGED_MAX + 5
    assert len(caplog.records) == FAULTS_LOGGED_MAX


def test_a_guard_may_stand_within_itself():
    post, guarded = guard()
    with guarded:
        with guarded:
            raise SipError("inner")
        raise ValueError
    assert post.counts == {"malformed": 1, "faults": 1}


def test_an_interrupt_goes_on():
    _, guarded = guard()
    with pytest.raises(KeyboardInterrupt), guarded:
        raise KeyboardInterrupt
