import asyncio
import threading
from typing import Any

import pytest

from store.work_thread import WorkThread


@pytest.fixture
def thread():
    thread: WorkThread[Any] = WorkThread("worker")
    yield thread
    thread.close()


async def test_all_is_done_in_one_thread_in_order(thread):
    done = []

    def work(number):
        done.append((number, threading.current_thread().name))

    await asyncio.gather(*(thread.run(work, number) for number in range(3)))
    assert done == [(0, "worker"), (1, "worker"), (2, "worker")]


async def test_what_is_raised_reaches_the_caller_and_ends_nothing(thread):
    def fail(cause):
        raise cause

    with pytest.raises(KeyError, match="broken"):
        await thread.run(fail, KeyError("broken"))
    done: list[int] = []
    await thread.run(done.append, 1)
    assert done == [1]


async def test_what_was_begun_is_done_though_its_caller_is_cancelled(thread):
    may_go_on = threading.Event()
    done = []

    def work(number):
        may_go_on.wait()
        done.append(number)

    caller = asyncio.create_task(thread.run(work, 1))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    may_go_on.set()
    await thread.run(work, 2)
    assert done == [1, 2]


async def test_closing_waits_for_the_end_and_twice_is_harmless(thread):
    thread.close()
    await thread.run(lambda _: None, None)
    (worker,) = [one for one in threading.enumerate() if one.name == "worker"]
    thread.close()
    thread.close()
    assert not worker.is_alive()
