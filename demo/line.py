"""A telephone's process as the demo sees it: told what to do, awaited for what happens."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

START_S_MAX: Final = 20.0
"""Loading pjsua2 takes half a second on an idle core."""
STARTED_AT_ONCE: Final = 4
"""More would only wait for one another's processors."""

Told = dict[str, Any]


class Line:
    """One telephone. Entering starts its process, leaving ends it."""

    def __init__(self, name: str, folder: Path, address: str) -> None:
        """Name the telephone and where its socket and SIP address shall be."""
        self.name = name
        self._path = folder / f"{name}.sock"
        self._address = address
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._reading: asyncio.Task[None] | None = None
        self._readers: list[Callable[[Told], None]] = []
        self._past: list[Told] = []

    async def __aenter__(self) -> Self:
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        connected = asyncio.get_running_loop().create_future()
        self._server = await asyncio.start_unix_server(
            lambda reader, writer: connected.set_result((reader, writer)), self._path
        )
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "demo.telephone",
            str(self._path),
            self._address,
            cwd=Path(__file__).parent.parent,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        reader, self._writer = await asyncio.wait_for(connected, START_S_MAX)
        self._reading = asyncio.create_task(self._read(reader), name=f"telephone {self.name}")
        await self.told("ready")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), 3.0)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            told = json.loads(line)
            self._past.append(told)
            for read in list(self._readers):
                read(told)

    def tell(self, do: str, **fields: object) -> None:
        """Tell the telephone what to do."""
        assert self._writer is not None
        self._writer.write((json.dumps({"do": do, **fields}) + "\n").encode())

    async def told(self, what: str, *, timeout_s: float = 60.0, **fields: object) -> Told:
        """Wait until the telephone tells this, or return at once if it has told it already.

        What was returned once is not returned again.

        Raises:
            TimeoutError: It was not told in time.
        """
        wanted = {"told": what, **fields}

        def fits(told: Told) -> bool:
            return all(told.get(name) == value for name, value in wanted.items())

        for told in self._past:
            if fits(told):
                self._past.remove(told)
                return told
        found: asyncio.Future[Told] = asyncio.get_running_loop().create_future()

        def read(told: Told) -> None:
            # Another who waits for the same may have taken it.
            if not found.done() and fits(told) and told in self._past:
                self._past.remove(told)
                found.set_result(told)

        self._readers.append(read)
        try:
            return await asyncio.wait_for(found, timeout_s)
        except TimeoutError:
            raise TimeoutError(f"{self.name}: not told {wanted} within {timeout_s:g} s") from None
        finally:
            self._readers.remove(read)


@asynccontextmanager
async def switched_on(lines: Sequence[Line]) -> AsyncIterator[None]:
    """Start telephones beside one another, and end them so."""
    free = asyncio.Semaphore(STARTED_AT_ONCE)

    async def start(line: Line) -> None:
        async with free:
            await line.__aenter__()

    try:
        await asyncio.gather(*map(start, lines))
        yield
    finally:
        await asyncio.gather(*(line.__aexit__() for line in lines))
