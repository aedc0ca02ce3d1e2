"""Header field values, split in linear time.

`sipmessage` reads a quoted string up to the last quote of the field, so a display
name beside a quoted parameter is misread, several quoted parameters take time that
doubles with each (20 of them stop a process for seconds), and a parameter named
"self" raises TypeError. Fields that strangers fill in are read here instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors import SipError

TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
"""RFC 3261 section 25.1."""

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PIECES: Final = {
    # The alternatives begin differently and nothing follows the group, so nothing is
    # ever tried twice.
    separator: re.compile(r'(?:[^"<' + separator + r']+|"(?:[^"\\]|\\.)*"|<[^>]*>)*', re.DOTALL)
    for separator in ",;"
}
_PLAIN_ADDRESS: Final = re.compile(
    r'(?:"([^"\\]*)"[ \t]*)?<([!#-;=?-~]+)>(?:;tag=([A-Za-z0-9\-.!%*_+`\'~]+))?'
)
"""From and To as nearly everybody writes them: no pattern of several ways, so linear too."""
_URI_CHARACTERS: Final = re.compile(r"[!-~]+")
"""Printable ASCII without space; the grammar of the URI is its reader's business."""


def split_outside_quotes(value: str, separator: str) -> list[str]:
    """Split at a separator that stands neither in a quoted string nor between < and >.

    Args:
        value: A header field value.
        separator: One character, "," or ";".

    Returns:
        The pieces without surrounding white space; empty pieces stay.

    Raises:
        SipError: A quoted string or an angle bracket is not closed.
    """
    if '"' not in value and "<" not in value:
        return [piece.strip() for piece in value.split(separator)]
    match_piece = _PIECES[separator].match
    pieces: list[str] = []
    start = 0
    while True:
        match = match_piece(value, start)
        assert match is not None, "the pattern matches the empty string"
        pieces.append(match[0].strip())
        end = match.end()
        if end == len(value):
            return pieces
        if value[end] != separator:
            raise SipError(
                f"header field: {value[end : end + 60]!r} leaves a quote or bracket open"
            )
        start = end + 1


def unquote(value: str) -> str:
    """Return the content of a quoted string (RFC 3261 section 25.1); a token as it is."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        inner = value[1:-1]
        return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner
    return value


def quote(value: str) -> str:
    """Return a quoted string (RFC 3261 section 25.1)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parameters(pieces: list[str]) -> dict[str, str]:
    """Return parameters by lower-case name; a name without a value has "".

    The first of several with one name counts.

    Raises:
        SipError: A name is not a token.
    """
    found: dict[str, str] = {}
    for piece in pieces:
        name, _, value = piece.partition("=")
        name = name.strip().lower()
        if not TOKEN.fullmatch(name):
            raise SipError(f"header parameter {name[:40]!r}: the name is not a token")
        found.setdefault(name, unquote(value.strip()))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAddress:
    """One value of a Contact, From or To header field (RFC 3261 section 20.10).

    Attributes:
        uri: As received, with its own parameters.
        parameters: Header parameters by lower-case name, unquoted.
    """

    uri: str
    name: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)


def name_addresses(value: str) -> list[NameAddress]:
    """Parse a comma-separated list of addresses.

    Raises:
        SipError: The list does not follow RFC 3261 section 20.10.
    """
    plain = _PLAIN_ADDRESS.fullmatch(value)
    if plain is not None:
        name, uri, tag = plain.groups()
        return [NameAddress(uri=uri, name=name or "", parameters={"tag": tag} if tag else {})]
    return [_name_address(piece) for piece in split_outside_quotes(value, ",")]


def _name_address(value: str) -> NameAddress:
    name = ""
    quoted = _QUOTED.match(value)
    if quoted is not None:
        name = unquote(quoted[0])
        value = value[quoted.end() :].lstrip()
        if not value.startswith("<"):
            raise SipError(f"address: {value[:40]!r} follows the display name, not <URI>")
    before, opened, after = value.partition("<")
    if opened:
        uri, _, rest = after.partition(">")
        name = name or before.strip()
        rest = rest.strip()
        if rest and not rest.startswith(";"):
            raise SipError(f"address: {rest[:40]!r} follows the URI")
        pieces = split_outside_quotes(rest[1:], ";") if rest else []
    else:
        # Without brackets every parameter belongs to the header (RFC 3261 section 20).
        uri, *pieces = split_outside_quotes(value, ";")
    if '"' in uri or not _URI_CHARACTERS.fullmatch(uri):
        raise SipError(f"address: {uri[:60]!r} is no URI")
    return NameAddress(uri=uri, name=name, parameters=parameters(pieces))
