"""The worker's way to the node: lines that wait while the node is slow, up to a limit."""

import socket
from collections import deque
from typing import Final

from media.report import Finished, Opened, Ready, Report, encode

OUTBOX_BYTES_MAX: Final = 8 << 20
"""Some minutes of spans of 250 calls: a node that is stuck for longer loses the oldest."""

WRITE_BYTES: Final = 1 << 16


class Outbox:
    """Reports on their way.

    The oldest report gives way at the limit; those that say a contact has begun or is over
    stay, for they are few and nothing repeats them.

    Attributes:
        dropped: Reports given up.
        broken: The node is gone; everything is given up.
    """

    def __init__(self, stream: socket.socket, *, bytes_max: int = OUTBOX_BYTES_MAX) -> None:
        """Write to `stream`, which must not block."""
        self.dropped = 0
        self.broken = False
        self._stream = stream
        self._bytes_max = bytes_max
        self._bytes = 0
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._begun = b""

    def put(self, report: Report) -> None:
        """Let a report wait for `flush`."""
        line = encode(report)
        self._lines.append((line, isinstance(report, Ready | Opened | Finished)))
        self._bytes += len(line)
        if self._bytes > self._bytes_max:
            self._make_room()

    def flush(self) -> bool:
        """Send what the stream takes; True when nothing is left."""
        while not self.broken and (self._begun or self._lines):
            if not self._begun:
                self._begun = self._take()
            try:
                sent = self._stream.send(self._begun)
            except (BlockingIOError, TimeoutError):
                return False
            except OSError:
                self.broken = True
                self.dropped += len(self._lines) + 1
                self._lines.clear()
                self._begun = b""
                break
            self._begun = self._begun[sent:]
        return not self._begun and not self._lines

    def _take(self) -> bytes:
        """Take lines for one write: a write for each would fill the stream with headers."""
        taken: list[bytes] = []
        size = 0
        while self._lines and size < WRITE_BYTES:
            line, _ = self._lines.popleft()
            taken.append(line)
            size += len(line)
        self._bytes -= size
        return b"".join(taken)

    def _make_room(self) -> None:
        kept: deque[tuple[bytes, bool]] = deque()
        while self._lines and self._bytes > self._bytes_max:
            line, lasting = self._lines.popleft()
            if lasting:
                kept.append((line, lasting))
            else:
                self._bytes -= len(line)
                self.dropped += 1
        kept.extend(self._lines)
        self._lines = kept
