"""The content of a mail as it comes in over SMTP: bounded, without its transparency dots. Pure.

It is taken block by block, not line by line: a mail of 10 KB has 160 lines.
"""

from typing import Final

from channels.mail.answer import Answer

LINE_BYTES_MAX: Final = 65_536
"""RFC 5321 allows 1,000; mail of the real world has longer ones, and is bounded all the same."""
END: Final = b"\r\n.\r\n"
"""A line of one dot ends a mail (RFC 5321 section 4.1.1.4)."""


def may_end(tail: bytes | bytearray) -> bool:
    """Tell whether the end of a mail may have begun in the last bytes, but is not whole."""
    return any(tail.endswith(END[:length]) for length in range(1, len(END)))


class Content:
    """Takes blocks of a mail until its end; bounded.

    Attributes:
        fault: What is wrong with it; it is told when all has come in (RFC 5321 section 4.2.5).
        is_far_over: It is twice as long as it may be: its sender does not deserve to go on.
    """

    def __init__(self, bytes_max: int) -> None:
        """Begin with nothing, at the beginning of a line."""
        self.fault: Answer | None = None
        self.is_far_over = False
        self._bytes_max = bytes_max
        self._size = 0
        self._kept = bytearray()
        self._line = 0

    def take(self, block: bytes) -> None:
        """Take the next bytes, the dots of the end among them."""
        self._size += len(block)
        # The line of one dot is no part of it.
        if self._size - len(b".\r\n") > self._bytes_max:
            self._fail(Answer(552, f"5.3.4 Mail over {self._bytes_max} bytes"))
            self.is_far_over = self._size > 2 * self._bytes_max
        if self.fault is None:
            self._kept += block
            self._find_long_line()

    def whole(self) -> bytes:
        """Return all of it as it was before its dots were doubled; b"" where it has a fault.

        To be called when the end has been taken.
        """
        content = self._kept.removesuffix(b".\r\n")
        ends = content.count(b"\r\n")
        if content.count(b"\n") != ends or content.count(b"\r") != ends:
            self._fail(Answer(554, "5.5.2 Bare CR or LF in the mail (RFC 5321 2.3.8)"))
        if self.fault is not None:
            return b""
        return bytes(content.removeprefix(b".").replace(b"\r\n.", b"\r\n"))

    def _find_long_line(self) -> None:
        """Go on from the line that was looked at last to one that has not ended yet."""
        kept = self._kept
        while len(kept) - self._line > LINE_BYTES_MAX:
            end = kept.rfind(b"\r\n", self._line, self._line + LINE_BYTES_MAX)
            if end < 0:
                self._fail(Answer(500, f"5.6.0 Line over {LINE_BYTES_MAX} bytes"))
                return
            self._line = end + len(b"\r\n")

    def _fail(self, fault: Answer) -> None:
        self.fault = self.fault or fault
        self._kept = bytearray()
