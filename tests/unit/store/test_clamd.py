import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from store.clamd import Clamd, Verdict
from tests.programs import require_program
from tests.unit.store.attachment_files_support import pieces

EVIL = b"this is the pattern that our own signature names"


class Double:
    """Speaks INSTREAM as clamd(8) describes it."""

    def __init__(self, *, bytes_max: int = 1_000_000) -> None:
        self.seen: list[bytes] = []
        self.bytes_max = bytes_max
        self.mute = False
        self.pairs: asyncio.Barrier | None = None
        self.running = self.running_max = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.running += 1
        self.running_max = max(self.running, self.running_max)
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack("!I", await reader.readexactly(4))[0]:
                content += await reader.readexactly(size)
                if len(content) > self.bytes_max:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.seen.append(content)
            if self.mute:
                await reader.read()
            if self.pairs is not None:
                await self.pairs.wait()
            # Before the answer: whoever has it may ask again.
            self.running -= 1
            evil = EVIL in content
            writer.write(b"stream: Own.Test FOUND\0" if evil else b"stream: OK\0")
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def double(path: Path | None = None, **more: int) -> AsyncIterator[tuple[Double, str]]:
    served = Double(**more)
    if path is None:
        server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        address = f"{host}:{port}"
    else:
        server = await asyncio.start_unix_server(served.serve, path)
        address = str(path)
    async with server:
        yield served, address


def clamd(address: str, timeout_s: float = 20.0) -> Clamd:
    return Clamd(address, timeout_s=timeout_s, at_once_max=2)


@pytest.mark.parametrize("unix", [False, True])
async def test_a_verdict_over_either_socket(tmp_path: Path, unix: bool) -> None:
    async with double(tmp_path / "clamd.sock" if unix else None) as (served, address):
        scanner = clamd(address)
        content = bytes(range(256)) * 1_000
        assert await scanner.scan(pieces(content)) is Verdict.CLEAN
        assert served.seen == [content]
        assert await scanner.scan(pieces(b"")) is Verdict.CLEAN
        assert await scanner.scan(pieces(b"x" + EVIL)) is Verdict.INFECTED


async def test_a_file_that_is_too_large_for_it() -> None:
    async with double(bytes_max=5_000) as (_, address):
        assert await clamd(address).scan(pieces(bytes(5_001))) is Verdict.UNKNOWN


async def test_one_that_is_down_or_says_nothing(tmp_path: Path) -> None:
    assert await clamd(str(tmp_path / "none.sock")).scan(pieces(b"x")) is Verdict.DOWN
    async with double() as (served, address):
        served.mute = True
        assert await clamd(address, timeout_s=0.05).scan(pieces(b"x")) is Verdict.DOWN


async def test_only_so_many_at_once() -> None:
    async with double() as (served, address):
        served.pairs = asyncio.Barrier(2)
        scanner = clamd(address)
        verdicts = await asyncio.gather(*(scanner.scan(pieces(b"x")) for _ in range(6)))
        assert verdicts == [Verdict.CLEAN] * 6
        assert served.running_max == 2


async def test_the_real_one_with_a_signature_of_our_own(tmp_path: Path) -> None:
    program = require_program("clamd")
    signatures = tmp_path / "signatures"
    signatures.mkdir()
    (signatures / "own.ndb").write_text(f"Own.Test:0:*:{EVIL.hex()}\n", encoding="ascii")
    socket = tmp_path / "clamd.sock"
    settings = tmp_path / "clamd.conf"
    settings.write_text(
        f"DatabaseDirectory {signatures}\nLocalSocket {socket}\nForeground yes\n"
        f"TemporaryDirectory {tmp_path}\nStreamMaxLength 1M\nUser root\n",
        encoding="utf-8",
    )
    quiet = asyncio.subprocess.DEVNULL
    daemon = await asyncio.create_subprocess_exec(
        program, "--config-file", str(settings), stdout=quiet, stderr=quiet
    )
    try:
        scanner = clamd(str(socket))
        await _until(lambda: _answers(scanner))
        assert await scanner.scan(pieces(b"some text " + EVIL)) is Verdict.INFECTED
        assert await scanner.scan(pieces(bytes(1_000_001), 100_000)) is Verdict.CLEAN
        assert await scanner.scan(pieces(bytes(2_000_000), 100_000)) is Verdict.UNKNOWN
    finally:
        daemon.terminate()
        await daemon.wait()


async def _answers(scanner: Clamd) -> bool:
    return await scanner.scan(pieces(b"hello")) is Verdict.CLEAN


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        # A process that starts tells nobody when it is ready.
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
