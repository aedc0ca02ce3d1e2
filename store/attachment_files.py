"""Files by the SHA-256 of their bytes, in a folder: the same content is kept once.

attachments/incoming/RANDOM     being written; what is there at a start is a dead upload
attachments/ab/cd/abcd…         whole, or not there at all
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from domain.errors import LimitExceeded, StoreError

PIECE_BYTES: Final = 262_144
"""Read or written at once by a thread: a switch of threads costs as much as copying that."""
INCOMING: Final = "incoming"
_HEX: Final = frozenset("0123456789abcdef")
T = TypeVar("T")


class IncomingFile:
    """A file that is being taken in; made by `AttachmentFiles.take`.

    Attributes:
        bytes: Written so far.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path: Final = path
        self.file: Final = file
        self.bytes = 0
        self._hash = hashlib.sha256()

    @property
    def content_hash(self) -> str:
        """SHA-256 of what is written, 64 hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> None:
        """Append; runs in a thread."""
        self._hash.update(piece)
        self.file.write(piece)
        self.bytes += len(piece)


class AttachmentFiles:
    """The folder."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        """Keep files in a folder, which is made when the first comes.

        Args:
            folder: Nobody else writes there.
            durable: Whether a file is on the disk before it counts: see `store.synchronous`.
        """
        self._folder = folder
        self._durable = durable

    @asynccontextmanager
    async def take(
        self, content: AsyncIterator[bytes], bytes_max: int
    ) -> AsyncIterator[IncomingFile]:
        """Write a file that has no place yet; leaving deletes it unless `keep` was called.

        Raises:
            LimitExceeded: It has more bytes.
            StoreError: It cannot be written.
        """
        incoming = await self._in_thread("taking a file", self._begin)
        try:
            gathered = bytearray()
            taken = 0
            async for piece in content:
                taken += len(piece)
                if taken > bytes_max:
                    raise LimitExceeded("attachments.bytes_max", taken, bytes_max)
                gathered += piece
                if len(gathered) >= PIECE_BYTES:
                    await self._in_thread("taking a file", incoming.write, bytes(gathered))
                    gathered.clear()
            await self._in_thread("taking a file", incoming.write, bytes(gathered))
            await self._in_thread("taking a file", self._settle, incoming)
            yield incoming
        finally:
            await asyncio.shield(asyncio.to_thread(_drop, incoming))

    async def keep(self, incoming: IncomingFile) -> None:
        """Give a file its place; whole or not at all, whenever the process ends.

        Raises:
            StoreError: It cannot be put there.
        """
        await self._in_thread("keeping a file", self._keep, incoming)

    async def read(self, content_hash: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes from `begin` to before `end`.

        Raises:
            StoreError: The file is missing, too short or cannot be read.
        """
        what = f"content {content_hash[:12]}"
        file = await self._in_thread(what, _open, self.path_of(content_hash))
        try:
            await self._in_thread(what, file.seek, begin)
            while begin < end:
                piece = await self._in_thread(what, file.read, min(PIECE_BYTES, end - begin))
                if not piece:
                    raise StoreError(f"{what}: it ends at {begin} of {end} bytes")
                begin += len(piece)
                yield piece
        finally:
            file.close()

    async def drop(self, content_hash: str) -> None:
        """Delete a file; harmless if it is not there.

        Raises:
            StoreError: It cannot be deleted.
        """
        await self._in_thread("dropping a file", self._unlink, content_hash)

    async def hashes(self) -> list[str]:
        """Return the hash of every file that is kept.

        Raises:
            StoreError: The folder cannot be read.
        """
        return await self._in_thread("listing files", lambda: list(self._hashes()))

    async def clear_incoming(self) -> int:
        """Delete what dead uploads have left; return how many. Called before any is taken."""
        return await self._in_thread("clearing dead uploads", self._clear)

    def path_of(self, content_hash: str) -> Path:
        """Return where a file lies."""
        assert len(content_hash) == 64
        assert {*content_hash} <= _HEX
        return self._folder / content_hash[:2] / content_hash[2:4] / content_hash

    async def _in_thread(self, what: str, work: Callable[..., T], *given: object) -> T:
        try:
            return await asyncio.to_thread(work, *given)
        except OSError as error:
            raise StoreError(f"attachments: {what}: {error}") from error

    def _begin(self) -> IncomingFile:
        folder = self._folder / INCOMING
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        path = folder / secrets.token_hex(16)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        return IncomingFile(path, os.fdopen(descriptor, "w+b"))

    def _settle(self, incoming: IncomingFile) -> None:
        incoming.file.flush()
        if self._durable:
            os.fsync(incoming.file.fileno())

    def _keep(self, incoming: IncomingFile) -> None:
        place = self.path_of(incoming.content_hash)
        if place.exists():
            return
        place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        incoming.path.replace(place)
        if self._durable:
            for folder in (place.parent, place.parent.parent, self._folder):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _unlink(self, content_hash: str) -> None:
        self.path_of(content_hash).unlink(missing_ok=True)

    def _hashes(self) -> Iterator[str]:
        for path in self._folder.glob("??/??/*"):
            if len(path.name) == 64 and {*path.name} <= _HEX:
                yield path.name

    def _clear(self) -> int:
        dead = list((self._folder / INCOMING).glob("*"))
        for path in dead:
            path.unlink(missing_ok=True)
        return len(dead)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _drop(incoming: IncomingFile) -> None:
    incoming.file.close()
    incoming.path.unlink(missing_ok=True)
