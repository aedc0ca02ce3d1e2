"""A thread that works for the event loop, one piece after the other.

It is what a `ThreadPoolExecutor` of one thread does, at half the cost for the event loop: one
queue and one call back, where that one has three locks and two futures for each piece.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Argument = TypeVar("Argument")

_Piece = tuple[Callable[[Any], None], Any, "asyncio.Future[None]"]


class WorkThread(Generic[Argument]):
    """Begins with the first piece; `close` ends it."""

    def __init__(self, name: str) -> None:
        """Name the thread, which does not exist yet."""
        self._name = name
        self._pieces: SimpleQueue[_Piece | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[Argument], None], argument: Argument) -> None:
        """Call a function in the thread, return when it has; raise what it raises.

        It is called even if the caller is cancelled while he waits.
        """
        await self._put(work, argument)

    def post(self, work: Callable[[Argument], None], argument: Argument) -> None:
        """Call a function in the thread after what was asked before; nobody waits for it.

        What it raises is told to nobody: whoever posts it must meet the fault again otherwise.
        """
        self._put(work, argument).add_done_callback(_forget)

    def _put(self, work: Callable[[Argument], None], argument: Argument) -> "asyncio.Future[None]":
        done = asyncio.get_running_loop().create_future()
        if self._thread is None:
            # A daemon, so that a process whose event loop has died can end.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._pieces.put((work, argument, done))
        return done

    def close(self) -> None:
        """Wait for what was begun and end the thread; twice is harmless."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._pieces.put(None)
            thread.join()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            work, argument, done = piece
            error: BaseException | None = None
            try:
                work(argument)
            except BaseException as raised:
                error = raised
            # An event loop that was closed meanwhile has nobody who waits.
            with suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(_settle, done, error)
            # Else the last piece and its error would be held until the next one comes.
            del piece, work, argument, done, error


def _forget(done: "asyncio.Future[None]") -> None:
    if not done.cancelled():
        done.exception()


def _settle(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if done.done():
        return  # The caller was cancelled.
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
