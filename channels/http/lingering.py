"""A connection that is closed although its peer still sends: heard out, so that he gets the answer.

Closed at once, with bytes that nobody has read, the connection is reset, and the reset may overtake
the answer: a browser then shows a broken connection and a proxy 502, where 413 was said.

Source:
    RFC 9112 section 9.6.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

LINGER_S_MAX: Final = 5.0
"""How long a peer may go on sending after the answer."""
LINGER_BYTES_MAX: Final = 33_554_432
"""And how much: three times the largest file of a customer by default."""


class LingeringTransport:
    """A transport whose `close` waits for a peer in the middle of a request; else as it is."""

    def __init__(self, stream: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """Take the transport, and what tells whether the peer owes us the rest of a request."""
        self.stream: Final = stream
        self._is_sending = is_sending
        self._left: int | None = None

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the transport has."""
        return getattr(self.stream, name)

    def close(self) -> None:
        """Close now, or when the peer is done, has sent too much or taken too long."""
        if self._left is not None:
            return
        if self.stream.is_closing() or not self.stream.can_write_eof() or not self._is_sending():
            self.stream.close()
            return
        self._left = LINGER_BYTES_MAX
        self.stream.write_eof()
        self.stream.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_S_MAX, self.stream.close)

    def is_closing(self) -> bool:
        """Tell whether nothing more can be said."""
        return self._left is not None or self.stream.is_closing()

    def passes_over(self, data: bytes) -> bool:
        """Tell whether what came is of no interest any more."""
        if self._left is None:
            return False
        self._left -= len(data)
        if self._left < 0:
            self.stream.close()
        return True
