"""What is wrong with a mail before anybody parses it: counted over its bytes, in linear time.

The parser of the standard library takes what it is given: a hundred thousand parts, a thousand
levels. So parts and levels are counted first. Nearly every mail is done with by counting lines
that begin with two dashes; only one with many of them is walked through, level by level.
"""

import re
from typing import Final

from channels.mail.headers import parameters
from channels.mail.limits import MailLimits
from channels.mail.parsed import Quarantined, Refused

DASHED_LINES_MAX: Final = 20_000
"""Lines that begin with two dashes, delimiters or not: walking through more takes too long."""
TYPE_FIELDS_MAX: Final = 5_000
"""Lines that begin with Content-Type, in parts and in what only looks like them."""
TYPE_BYTES_MAX: Final = 256 << 10
"""Of all Content-Type fields of multiparts together; a busy mail has 2 KiB of them."""
WORK_MAX: Final = 8_000_000
"""Lines times levels: the parser looks at each line once a level. That takes a second or two."""
_MARK: Final = re.compile(rb"\n(?:--([^\n]{0,400})|content-type[ \t]*:)")
_FIELD: Final = re.compile(rb"[^\n]*+(?:\n[ \t][^\n]*+)*+")


def check(raw: bytes, limits: MailLimits) -> Refused | Quarantined | None:
    """Return why a mail must not be parsed; None: it may.

    A mail that is too large is refused, so that its sender knows. One that is built to harm, or
    so that it might, is laid aside: an operator may look at it.
    """
    size = refused_by_size(len(raw), limits)
    if size is not None:
        return size
    return _header(raw, limits) or _lines(raw, limits) or _structure(raw, limits)


def refused_by_size(size: int, limits: MailLimits) -> Refused | None:
    """Return the refusal of a mail of so many bytes; None: it is taken."""
    if size > limits.bytes_max:
        reason = f"a mail of {size} bytes is over the limit of {limits.bytes_max}"
        return Refused(code=552, enhanced="5.3.4", reason=reason)
    if not size:
        return Refused(code=554, enhanced="5.6.0", reason="the mail is empty")
    return None


def header_end(raw: bytes, limit: int) -> int:
    """Return where the header ends, its last line break included; -1: not within the limit."""
    ends = [
        found + len(mark) // 2
        for mark in (b"\r\n\r\n", b"\n\n", b"\r\r")
        if (found := raw.find(mark, 0, limit + len(mark))) >= 0
    ]
    if ends:
        return min(ends)
    return len(raw) if len(raw) <= limit else -1


def _header(raw: bytes, limits: MailLimits) -> Refused | Quarantined | None:
    end = header_end(raw, limits.header_bytes_max)
    if end < 0:
        reason = f"the header is over the limit of {limits.header_bytes_max} bytes"
        return Refused(code=552, enhanced="5.3.4", reason=reason)
    lines = max(raw.count(b"\n", 0, end), raw.count(b"\r", 0, end))
    folded = sum(raw.count(mark, 0, end) for mark in (b"\n ", b"\n\t", b"\r ", b"\r\t"))
    if lines - folded > limits.header_fields_max:
        reason = f"{lines - folded} header fields are over the limit of {limits.header_fields_max}"
        return Quarantined(rule="header fields", reason=reason)
    return None


def _lines(raw: bytes, limits: MailLimits) -> Quarantined | None:
    """Count lines, then leap over as many as the longest line has room for."""
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    if lines > limits.lines_max:
        reason = f"{lines} lines are over the limit of {limits.lines_max}"
        return Quarantined(rule="lines", reason=reason)
    at, longest = 0, limits.line_bytes_max
    while at + longest < len(raw):
        end = max(raw.rfind(b"\n", at, at + longest + 1), raw.rfind(b"\r", at, at + longest + 1))
        if end < 0:
            return Quarantined(rule="line", reason=f"a line is over the limit of {longest} bytes")
        at = end + 1
    return None


def _structure(raw: bytes, limits: MailLimits) -> Quarantined | None:
    text = raw.lower().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    dashed = text.count(b"\n--")
    multiparts = text.count(b"multipart/")
    work = text.count(b"\n") * min(multiparts, limits.depth_max)
    if work > WORK_MAX:
        reason = f"lines times levels are {work}, over the limit of {WORK_MAX}"
        return Quarantined(rule="work", reason=reason)
    if dashed <= limits.parts_max and multiparts <= limits.depth_max:
        return None
    if dashed > DASHED_LINES_MAX:
        reason = f"{dashed} lines that may part it are over the limit of {DASHED_LINES_MAX}"
        return Quarantined(rule="parts", reason=reason)
    types = text.count(b"\ncontent-type")
    if types > TYPE_FIELDS_MAX:
        reason = f"{types} Content-Type fields are over the limit of {TYPE_FIELDS_MAX}"
        return Quarantined(rule="parts", reason=reason)
    return _walk(b"\n" + text, limits)


def _walk(text: bytes, limits: MailLimits) -> Quarantined | None:
    """Follow delimiters and types through the mail, as its parser would."""
    level_of: dict[bytes, int] = {}
    stack: list[bytes] = []
    parts = typed = 0
    for found in _MARK.finditer(text):
        if found[1] is None:
            typed += _open(text, found.end(), stack, level_of)
            if typed > TYPE_BYTES_MAX:
                reason = f"its Content-Type fields are over the limit of {TYPE_BYTES_MAX} bytes"
                return Quarantined(rule="parts", reason=reason)
            if len(stack) > limits.depth_max:
                reason = f"multiparts within one another are over {limits.depth_max} levels"
                return Quarantined(rule="depth", reason=reason)
            continue
        token = found[1].rstrip()
        closes = token not in level_of and token.endswith(b"--")
        level = level_of.get(token[:-2] if closes else token)
        if level is None:
            continue
        keep = level if closes else level + 1
        for boundary in stack[keep:]:
            level_of.pop(boundary, None)
        del stack[keep:]
        parts += not closes
        if parts > limits.parts_max:
            reason = f"its parts are over the limit of {limits.parts_max}"
            return Quarantined(rule="parts", reason=reason)
    return None


def _open(text: bytes, at: int, stack: list[bytes], level_of: dict[bytes, int]) -> int:
    """Go one level down if a Content-Type is that of a multipart; return what was read for it."""
    field = _FIELD.match(text, at)
    if field is None or b"multipart/" not in field[0]:
        return 0
    _, named = parameters(field[0].decode("ascii", "surrogateescape"))
    boundary = named.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
    if boundary and boundary not in level_of:
        level_of[boundary] = len(stack)
        stack.append(boundary)
    return len(field[0])
