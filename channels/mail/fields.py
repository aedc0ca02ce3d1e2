"""Header fields as they are written: encoded, folded, and never more than one field.

Written here and not by `email`, whose folding has let what stands in a name become an address, or
a field of its own, more than once.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

from domain.errors import WarmlineError

LINE_CHARACTERS: Final = 78
"""RFC 5322 section 2.1.1."""
WORD_BYTES: Final = 45
"""Base64 makes 60 letters of them; with `=?utf-8?b?` and `?=` a word has 72, under the 75 of
RFC 2047 section 2."""
_ATOMS: Final = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$")
_ADDRESS: Final = re.compile(r"^[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]+@[^\s<>()\[\]\\,;:\"@]+$")
_MAIL_ID: Final = re.compile(r"^<[\x21-\x3b\x3d\x3f-\x7e]{1,996}>$")


ADDRESS_BYTES_MAX: Final = 254
"""RFC 5321 section 4.5.3.1.3: 256 with the angle brackets."""


class AddressUnusable(WarmlineError):
    """Nothing can be sent to an address; it is not repeated, for it is personal data."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("5.1.3 the address cannot be written to")


def one_line(text: str) -> str:
    """Return a text without anything that could end a line or is not seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def text_value(text: str) -> str:
    """Return an unstructured value such as a subject: ASCII, folded."""
    clean = one_line(text)
    if clean.isascii() and "=?" not in clean:
        return _folded(clean.split(" "))
    return "\r\n ".join(_encoded_words(clean))


def address_value(address: str, name: str = "") -> str:
    """Return a mailbox such as `"Example, Support" <support@example.org>`.

    Args:
        address: ASCII, or with capital letters and others where SMTPUTF8 is spoken.
        name: Anything; what it holds never becomes an address.

    Raises:
        AddressUnusable: It is no address.
    """
    checked(address)
    clean = one_line(name)
    if not clean:
        return address
    if clean.isascii() and "=?" not in clean:
        if _ATOMS.match(clean):
            shown = clean
        else:
            escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
            shown = f'"{escaped}"'
        return _folded([*shown.split(" "), f"<{address}>"])
    return "\r\n ".join((*_encoded_words(clean), f"<{address}>"))


def checked(address: str) -> str:
    """Return an address as it is.

    Raises:
        AddressUnusable: It would not stay one address in a header field or a command of SMTP.
    """
    if not _ADDRESS.match(address) or not address.isprintable():
        raise AddressUnusable
    return address


def in_ascii(address: str) -> str:
    """Return an address with its domain in Punycode (RFC 5890).

    Raises:
        AddressUnusable: The domain is none, or it is longer than a server has to take.
    """
    local, _, domain = checked(address).rpartition("@")
    try:
        made = address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise AddressUnusable from None
    if len(made.encode()) > ADDRESS_BYTES_MAX:
        raise AddressUnusable
    return made


def ids_value(ids: Iterable[str]) -> str:
    """Return Message-IDs in order; what is none is left out."""
    return _folded([mail_id for mail_id in ids if is_mail_id(mail_id)])


def is_mail_id(text: str) -> bool:
    """Tell whether a text is a Message-ID with its angle brackets, in ASCII."""
    return bool(_MAIL_ID.match(text))


def field(name: str, value: str) -> str:
    """Return one field with its line end.

    Args:
        name: As it is written.
        value: Of a function of this file, or ASCII in one line.
    """
    assert "\n" not in value.replace("\r\n ", ""), "a value that is more than one field"
    return f"{name}: {value}\r\n"


def _folded(words: list[str]) -> str:
    """Join words with blanks, in lines that are short where the words are."""
    lines: list[str] = []
    line = ""
    for word in words:
        # The name of the field stands in the first line, and has 20 letters at most.
        room = LINE_CHARACTERS - (20 if not lines else 1)
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join((*lines, line))


def _encoded_words(text: str) -> Iterator[str]:
    """Yield RFC 2047 words, none of which cuts a character (section 5, rule 3)."""
    piece = b""
    for letter in text:
        raw = letter.encode("utf-8", errors="replace")
        if len(piece) + len(raw) > WORD_BYTES:
            yield _word(piece)
            piece = b""
        piece += raw
    yield _word(piece)


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode()}?="
