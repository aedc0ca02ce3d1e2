"""Fields of a mail's header that have a form: addresses, Message-IDs, dates, parameters.

All of it takes time in proportion to its length, whatever it holds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from channels.mail.charsets import clean, decode
from channels.mail.parsed import MailAddress
from channels.mail.words import decode_words, field_bytes

ADDRESSES_MAX: Final = 200
"""Of one field; nobody answers more."""
REFERENCES_MAX: Final = 100
"""Of one mail; a thread of a year has as many. The first and the newest are kept."""
ID_CHARACTERS_MAX: Final = 512
NAME_CHARACTERS_MAX: Final = 200
PARAMETERS_MAX: Final = 100
"""Of one field; a long file name in pieces has 20."""
ADDRESS: Final = re.compile(
    r"(?:[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]{1,64}|\"[^\"\\\x00-\x1f\x7f]{1,62}\")"
    r"@[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f.]{1,63}+"
    r"(?:\.[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f.]{1,63}+){0,19}+\.?"
)
"""Dot-atom or quoted string, at a domain; letters beyond ASCII too (RFC 6531)."""
_BACKSLASH, _QUOTE, _OPEN, _CLOSE, _LESS, _GREATER, _COLON = b'\\"()<>:'
_ID: Final = re.compile(r"<([^<>]{1,998})>")
_BARE_ID: Final = re.compile(r"[^\s<>,;\"@]{1,256}+@[^\s<>,;\"]+")
_CONTINUED: Final = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


def addresses(values: Sequence[str], hint: str = "") -> tuple[MailAddress, ...]:
    """Return the addresses of a field, or of several of one name.

    What is no address is left out. An address is never decoded: an encoded word within one
    would be another address to whoever looks at the mail elsewhere.
    """
    found: list[MailAddress] = []
    for value in values:
        for name, address in _mailboxes(field_bytes(value)):
            read = _address(name, address, hint)
            if read is not None and len(found) < ADDRESSES_MAX:
                found.append(read)
    return tuple(found)


def message_ids(value: str) -> tuple[str, ...]:
    """Return Message-IDs in angle brackets, in order, each once.

    Blanks within one are a fold of some relay and are taken out.
    """
    text = clean(field_bytes(value).decode("utf-8", "replace"))
    whole = ["".join(found.split()) for found in _ID.findall(text)]
    if not whole:
        whole = _BARE_ID.findall(text)
    ids = [f"<{one}>" for one in dict.fromkeys(whole) if one and len(one) <= ID_CHARACTERS_MAX]
    if len(ids) > REFERENCES_MAX:
        return (ids[0], *ids[1 - REFERENCES_MAX :])
    return tuple(ids)


def date_of(value: str) -> datetime | None:
    """Return a date in UTC; None when it is none, or of another age."""
    text = field_bytes(value)[:100].decode("ascii", "replace")
    try:
        read = parsedate_to_datetime(text)
        at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
    return at if 1980 <= at.year <= 2200 else None


def parameters(value: str, hint: str = "") -> tuple[str, Mapping[str, str]]:
    """Return a field's value and its parameters, such as those of Content-Type.

    Parameters may be encoded and in pieces (RFC 2231), or hold encoded words, which RFC 2047
    section 5 forbids and most senders use.

    Returns:
        The value and the names in lower case; of a name that comes twice, the first.
    """
    raw = field_bytes(value)
    pieces = _cut(raw, b";")
    head = clean(next(pieces, b"").decode("ascii", "replace")).strip().lower()
    plain: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for number, piece in enumerate(pieces):
        if number >= PARAMETERS_MAX:
            break
        left, equals, right = piece.partition(b"=")
        name = left.strip().decode("ascii", "replace").lower()
        if not equals or not name:
            continue
        content = _unquoted(right.strip())
        form = _CONTINUED.fullmatch(name)
        if form is None or (form[2] is None and form[3] is None):
            plain.setdefault(name, decode_words(content, hint))
        else:
            part = continued.setdefault(form[1], {})
            part.setdefault(int(form[2] or 0), (content, form[3] is not None))
    for name, parts in continued.items():
        # The encoded form is meant for those who can read it; the plain one is the fallback.
        plain[name] = _joined(parts, hint)
    return head, plain


def _joined(parts: Mapping[int, tuple[bytes, bool]], hint: str) -> str:
    charset = ""
    content = b""
    for number, (key, (piece, encoded)) in enumerate(sorted(parts.items())):
        if key != number:
            break
        said = piece
        if encoded and number == 0 and piece.count(b"'") >= 2:
            name, _, said = piece.split(b"'", 2)
            charset = name.decode("ascii", "replace")
        content += unquote_to_bytes(said) if encoded else said
    if not charset and b"=?" in content:
        return decode_words(content, hint)
    return " ".join(decode(content, charset, hint=hint)[0].split())


def _cut(raw: bytes, separators: bytes) -> Iterator[bytes]:
    """Cut at separators that stand outside of quotation marks."""
    begin = 0
    quoted = False
    at = 0
    while at < len(raw):
        letter = raw[at]
        if quoted and letter == 0x5C:
            at += 1
        elif letter == 0x22:
            quoted = not quoted
        elif not quoted and letter in separators:
            yield raw[begin:at]
            begin = at + 1
        at += 1
    yield raw[begin:]


def _unquoted(raw: bytes) -> bytes:
    if raw[:1] == b'"':
        inside = raw[1:-1] if len(raw) > 1 and raw.endswith(b'"') else raw[1:]
        return re.sub(rb"\\([\"\\])", rb"\1", inside)
    return raw


def _mailboxes(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut a field into (name, address); a group's name and its semicolon are left out."""
    reading = _Mailbox()
    for letter in raw:
        if reading.take(letter):
            yield reading.whole()
            reading = _Mailbox()
    yield reading.whole()


class _Mailbox:
    """One mailbox as it is read, letter by letter: in quotation marks, a comment, or brackets."""

    def __init__(self) -> None:
        self._name, self._inside, self._comment = bytearray(), bytearray(), bytearray()
        self._quoted = self._angle = self._had_angle = self._escaped = False
        self._depth = 0

    def take(self, letter: int) -> bool:
        """Take a letter; True: the mailbox ends with it."""
        if self._escaped:
            self._escaped = False
            self._add(letter)
        elif letter == _BACKSLASH and (self._quoted or self._depth):
            self._escaped = True
        elif self._depth:
            self._depth += (letter == _OPEN) - (letter == _CLOSE)
            if self._depth:
                self._add(letter)
        elif letter == _QUOTE:
            self._quoted = not self._quoted
            self._add(letter)
        elif self._quoted:
            self._add(letter)
        else:
            return self._plain(letter)
        return False

    def whole(self) -> tuple[bytes, bytes]:
        """Return name and address."""
        if not self._had_angle:
            return bytes(self._comment).strip(), bytes(self._name).strip()
        address = bytes(self._inside).strip()
        # A source route (RFC 5322 section 4.4) names relays before the address.
        if address.startswith(b"@") and b":" in address:
            address = address.partition(b":")[2]
        return bytes(self._name).strip(), address

    def _plain(self, letter: int) -> bool:
        if letter == _OPEN:
            self._depth = 1
        elif letter == _LESS:
            # A second one within one mailbox: the last is the address, as mail programs show it.
            self._angle = self._had_angle = True
            self._inside.clear()
        elif letter == _GREATER:
            self._angle = False
        elif self._angle:
            self._add(letter)
        elif letter in b",;":
            return True
        elif letter == _COLON and b"@" not in self._name:
            # What stood before was the name of a group.
            self._name.clear()
        else:
            self._add(letter)
        return False

    def _add(self, letter: int) -> None:
        if self._depth:
            self._comment.append(letter)
        elif self._angle:
            self._inside.append(letter)
        else:
            self._name.append(letter)


def _address(name: bytes, address: bytes, hint: str) -> MailAddress | None:
    text = address.decode("utf-8", "replace").strip().strip("'")
    if clean(text) != text or "\ufffd" in text or len(text) > 254 or not ADDRESS.fullmatch(text):
        return None
    local, _, domain = text.rpartition("@")
    shown = decode_words(name.replace(b'"', b""), hint)[:NAME_CHARACTERS_MAX].strip(" '")
    return MailAddress(address=f"{local}@{domain.rstrip('.').lower()}", name=shown)
