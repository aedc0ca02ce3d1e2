"""Random bytes are given out once, to one thread and one process."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.chance import FETCHED_BYTES, random_bytes


def test_each_is_as_long_as_asked_and_given_once() -> None:
    taken = [random_bytes(12) for _ in range(1_000)]
    assert {len(one) for one in taken} == {12}
    assert len(set(taken)) == 1_000
    assert len(random_bytes(FETCHED_BYTES)) == FETCHED_BYTES


@pytest.mark.parametrize("count", [0, FETCHED_BYTES + 1])
def test_none_and_too_many_are_a_mistake(count: int) -> None:
    with pytest.raises(AssertionError):
        random_bytes(count)


def test_threads_never_share_any() -> None:
    with ThreadPoolExecutor(4) as threads:
        taken = [
            one
            for some in threads.map(lambda _: [random_bytes(12) for _ in range(500)], range(8))
            for one in some
        ]
    assert len(set(taken)) == 4_000


def test_a_forked_child_gives_out_others() -> None:
    random_bytes(1)
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.write(writes, random_bytes(32))
        os._exit(0)
    ours, theirs = random_bytes(32), os.read(reads, 32)
    os.waitpid(child, 0)
    os.close(reads)
    os.close(writes)
    assert len(theirs) == 32
    assert ours != theirs
