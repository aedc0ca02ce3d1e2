"""Processes that read mail, from the node's side: each is given one mail at a time.

A mail that ends its process, or does not come out of it in time, is laid aside; the process is
replaced, and the others go on.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, Self

import msgspec

from channels.mail.limits import DEFAULT_LIMITS, MailLimits
from channels.mail.parsed import Quarantined
from channels.mail.wire import (
    LENGTH,
    MEMORY,
    Reply,
    Request,
    decode_ready,
    decode_reply,
    encode,
    framed,
)
from domain.errors import LimitExceeded, ReaderGone

READY_S_MAX: Final = 30.0
"""Loading takes half a second, on a busy machine some."""
STOP_S_MAX: Final = 2.0
ENDED_S_MAX: Final = 1.0
"""A process whose pipe is closed has nearly ended; then its exit code tells why."""
MAILS_PER_PROCESS: Final = 2_000
"""Then it is replaced: what a library leaks, and what lies about in its memory, is gone."""
WAITING_MAX: Final = 200
"""Mails that wait to be read; whoever sends more is told to come again."""
MODULE: Final = "channels.mail.worker"
_ROOT: Final = Path(__file__).resolve().parents[2]


class ReaderPool:
    """A few processes that read mail; an async context manager.

    Attributes:
        replaced: Processes that were ended by a mail, or ended it.
    """

    def __init__(self, limits: MailLimits = DEFAULT_LIMITS, *, processes: int = 2) -> None:
        """Prepare; entering starts the processes.

        Args:
            limits: Of each mail.
            processes: One takes 1.2 ms for a mail of 10 KB; a second one goes on while the
                first is stuck.
        """
        assert processes >= 1, "without a process nothing is read"
        self.replaced = 0
        self._limits: Final = limits
        self._all: Final = [_Process(limits) for _ in range(processes)]
        self._idle: Final[asyncio.Queue[_Process]] = asyncio.Queue()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Mails that wait for a process, or are being read."""
        return self._waiting

    async def __aenter__(self) -> Self:
        """Start the processes; return when they are ready.

        Raises:
            ReaderGone: They cannot be started.
        """
        try:
            async with asyncio.TaskGroup() as starting:
                for process in self._all:
                    starting.create_task(process.start())
        except* ReaderGone as errors:
            await self._stop()
            raise ReaderGone(str(errors.exceptions[0])) from None
        for process in self._all:
            self._idle.put_nowait(process)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the processes; what they read is given up."""
        await self._stop()

    async def read(
        self,
        raw: bytes,
        *,
        envelope_sender: str | None = None,
        own_addresses: Collection[str] = (),
        keys: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return what a mail says, or why it was not read.

        Raises:
            LimitExceeded: Too many mails wait.
            ReaderGone: No process can be started.
        """
        if self._waiting >= WAITING_MAX:
            raise LimitExceeded("mails that wait to be read", self._waiting + 1, WAITING_MAX)
        self._waiting += 1
        try:
            process = await self._idle.get()
            try:
                request = Request(
                    process.mails + 1, raw, envelope_sender, frozenset(own_addresses),
                    dict(keys or {}), self._limits,
                )  # fmt: skip
                return await self._ask(process, request)
            finally:
                self._idle.put_nowait(process)
        finally:
            self._waiting -= 1

    async def _ask(self, process: "_Process", request: Request) -> Reply:
        if process.pid is None or process.mails >= MAILS_PER_PROCESS:
            await process.start()
        reply: Reply | None = None
        grace_s = ENDED_S_MAX
        rule, reason = "crash", "the process that read it has ended"
        try:
            async with asyncio.timeout(self._limits.wall_s_max):
                reply = await process.ask(request)
        except TimeoutError:
            rule, grace_s = "time", 0.0
            reason = f"reading it took more than {self._limits.wall_s_max:g} s"
        except (OSError, EOFError, msgspec.MsgspecError):
            pass
        except BaseException:
            grace_s = 0.0
            raise
        finally:
            # Whoever waited may have gone: then the answer would be taken for the next mail's.
            if reply is None or reply.number != request.number:
                self.replaced += 1
                code = await process.stop(grace_s)
        if reply is not None and reply.number == request.number:
            if reply.quarantined is not None and reply.quarantined.rule == MEMORY:
                # It ends by itself: what is left of its memory is in pieces.
                await process.stop(ENDED_S_MAX)
                self.replaced += 1
            return reply
        if rule == "crash" and code is not None:
            reason = f"{reason}: {_how(code)}"
        return Reply(request.number, quarantined=Quarantined(rule=rule, reason=reason))

    async def _stop(self) -> None:
        for process in self._all:
            await process.stop()


class _Process:
    """One process and its pipes.

    Attributes:
        mails: How many it was given since it started.
    """

    def __init__(self, limits: MailLimits) -> None:
        self.mails = 0
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None when there is none at this moment."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it anew and wait until it is ready.

        Raises:
            ReaderGone: It cannot be started, or is not ready in time.
        """
        await self.stop()
        self.mails = 0
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", MODULE, str(self._limits.memory_bytes_max)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 20,
                env=_environment(),
            )
            async with asyncio.timeout(READY_S_MAX):
                decode_ready(await self._answer())
        except (OSError, EOFError, TimeoutError, msgspec.MsgspecError) as error:
            await self.stop(0.0)
            raise ReaderGone(f"{type(error).__name__}: {error}") from None
        except BaseException:
            await self.stop(0.0)
            raise

    async def ask(self, request: Request) -> Reply:
        """Give it a mail and wait for what it says.

        Raises:
            OSError, EOFError: It has ended.
            MsgspecError: It says what cannot be.
        """
        self.mails += 1
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.writelines(framed(encode(request)))
        await self._process.stdin.drain()
        return decode_reply(await self._answer())

    async def stop(self, grace_s: float = STOP_S_MAX) -> int | None:
        """End it, by force after `grace_s`.

        Returns:
            Its exit code, negative for a signal; None: there was no process.
        """
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                return await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()

    async def _answer(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        (size,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
        limit = 4 * self._limits.bytes_max + (1 << 20)
        if size > limit:
            raise ConnectionError(f"an answer of {size} bytes is over the limit of {limit}")
        return await self._process.stdout.readexactly(size)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _environment() -> dict[str, str]:
    """Return the process's environment: it finds this project and nothing secret."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    known = os.environ.get("PYTHONPATH")
    kept["PYTHONPATH"] = f"{_ROOT}{os.pathsep}{known}" if known else str(_ROOT)
    return kept
