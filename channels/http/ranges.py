"""Parts of a file over HTTP: which bytes a request asks for (RFC 9110 section 14)."""

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.I)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from `begin` to before `end`; `whole` without a range."""

    begin: int
    end: int
    whole: bool = False

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.begin

    def content_range(self, size: int) -> str:
        """Return the header field `Content-Range` of a file of that size (section 14.4)."""
        return f"bytes {self.begin}-{self.end - 1}/{size}"


class NotSatisfiable(Exception):
    """No byte of the file is in the range (section 15.5.17)."""


def part_of(size: int, *, range_: str | None, if_range: str | None, etag: str) -> Part:
    """Return the part of a file that a request asks for.

    A range that is not understood is passed over, several ranges too (section 14.2).

    Args:
        size: Of the file, in bytes.
        range_: The header field `Range`; None: there is none.
        if_range: `If-Range`: only a strong validator that is ours lets the range count
            (section 13.1.5); a time never is one.
        etag: The file's, strong.

    Raises:
        NotSatisfiable: The range begins behind the end, or is empty.
    """
    everything = Part(0, size, whole=True)
    if range_ is None or (if_range is not None and if_range.strip() != etag):
        return everything
    match = _RANGE.fullmatch(range_.strip())
    if match is None:
        return everything
    first, last = match.groups()
    if not first:
        if not last:
            return everything
        begin, end = max(0, size - int(last)), size
    else:
        begin = int(first)
        if last and int(last) < begin:
            return everything  # Section 14.1.1: such a range is invalid.
        end = min(size, int(last) + 1) if last else size
    if begin >= end:
        raise NotSatisfiable
    return Part(begin, end)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client has the file already (section 13.1.2; weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
