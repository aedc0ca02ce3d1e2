"""How we name ourselves in a request, and which header lines may be added to it."""

from collections.abc import Mapping
from typing import Final

from domain.errors import CellError, LimitExceeded
from pbx.cell.wire import HEADER_BYTES_MAX, HEADERS_MAX

# RFC 3261 section 25.1: user = 1*( unreserved / escaped / user-unreserved )
_USER_CHARACTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/"
)
# RFC 3261 section 25.1: token
_TOKEN_CHARACTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~"
)
DISPLAY_CHARACTERS_MAX: Final = 64
USER_CHARACTERS_MAX: Final = 64


def escaped_user(user: str) -> str:
    """Return a user part with every other character percent-escaped (RFC 3261 section 19.1.2)."""
    return "".join(
        character
        if character in _USER_CHARACTERS
        else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in user[:USER_CHARACTERS_MAX]
    )


def from_value(display: str, caller: str, host: str) -> str:
    """Return the value of a From header (RFC 3261 section 20.20).

    Control characters in a display name are left out, since a quoted string has no
    form for them; a missing caller becomes "anonymous" (RFC 3261 section 8.1.1.3).
    """
    uri = f"<sip:{escaped_user(caller) or 'anonymous'}@{host}>"
    shown = "".join(c for c in display[:DISPLAY_CHARACTERS_MAX] if c.isprintable()).strip()
    if not shown:
        return uri
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" {uri}'


def check_line(what: str, text: str) -> str:
    """Return the text if it can stand in a message without ending its line.

    Raises:
        CellError: It holds a control character.
        LimitExceeded: It is longer than HEADER_BYTES_MAX.
    """
    size = len(text.encode())
    if size > HEADER_BYTES_MAX:
        raise LimitExceeded(what, size, HEADER_BYTES_MAX)
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise CellError(f"{what}: a control character in {text!r}")
    return text


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that could not be written or could become another header.

    Raises:
        CellError: A name is no token, or a value holds a control character.
        LimitExceeded: There are more than HEADERS_MAX, or one is too long.
    """
    if len(headers) > HEADERS_MAX:
        raise LimitExceeded("headers of a call", len(headers), HEADERS_MAX)
    for name, value in headers.items():
        if not name or not _TOKEN_CHARACTERS.issuperset(name):
            raise CellError(f"header name: {name!r} is no token of RFC 3261 section 25.1")
        check_line(f"header {name}", value)
