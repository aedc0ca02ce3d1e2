import os
import threading

import pytest

from pbx.cell.scheduling import (
    PRIORITY,
    make_realtime,
    may_be_realtime,
    reach_nice,
    thread_ids,
)


def test_trying_leaves_the_thread_as_it_was() -> None:
    before = os.sched_getscheduler(0)
    may_be_realtime()
    assert os.sched_getscheduler(0) == before


def test_a_process_without_the_right_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not may_be_realtime()


def test_one_thread_enters_the_class_and_the_others_stay_out() -> None:
    started, ended = threading.Event(), threading.Event()
    before = thread_ids()

    def wait() -> None:
        started.set()
        ended.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    try:
        (new,) = thread_ids() - before
        if not may_be_realtime():
            with pytest.raises(PermissionError):
                make_realtime(new)
            return
        make_realtime(new)
        assert os.sched_getscheduler(new) == os.SCHED_RR
        assert os.sched_getparam(new).sched_priority == PRIORITY
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    finally:
        ended.set()
        thread.join()


def test_a_level_that_may_not_be_had_leaves_the_present_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    present = os.getpriority(os.PRIO_PROCESS, 0)
    assert reach_nice(present) == present
    monkeypatch.setattr(os, "setpriority", refuse)
    assert reach_nice(-20) == present
