"""Random bytes of the operating system, fetched many at a time.

Each question to the system lets other threads have the interpreter, and under load the event loop
then waits for it: with a store that writes, 0.3 ms for twelve bytes. Keys and tokens are not made
of these: they are asked of `secrets`.
"""

import os
import threading
from typing import Final

FETCHED_BYTES: Final = 4_096
"""At a time: some 340 nonces of twelve bytes."""


class _Pool:
    """Gives each byte out once, to any thread, and none that a forked child may give out too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = b""
        self._place = 0

    def take(self, count: int) -> bytes:
        with self._lock:
            end = self._place + count
            if end > len(self._bytes):
                self._bytes, self._place, end = os.urandom(FETCHED_BYTES), 0, count
            taken = self._bytes[self._place : end]
            self._place = end
        return taken


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.__init__)  # type: ignore[misc]


def random_bytes(count: int) -> bytes:
    """Return bytes that nobody else is given.

    Args:
        count: 1 to 4,096.
    """
    assert 1 <= count <= FETCHED_BYTES
    return _pool.take(count)
