"""Header fields with other letters than ASCII: encoded words (RFC 2047) and what is taken for them.

Also base64 and quoted-printable as they arrive: without padding, with blanks, cut off.
"""

import binascii
import quopri
import re
from string import ascii_letters
from typing import Final

from channels.mail.charsets import clean, decode

VALUE_BYTES_MAX: Final = 64 << 10
"""Of one field; a mail to a thousand recipients has 40 KiB of them."""
WORDS_MAX: Final = 2_000
"""Encoded words in one field: 75 characters each, so 64 KiB holds half as many."""
GLUED_MAX: Final = 1_000
"""Pieces of base64 in one part, each with its padding; what follows is read up to the next one."""
_WORD: Final = re.compile(rb"=\?([A-Za-z0-9_.:*()-]{1,64})\?([bBqQ])\?([^?]{0,8000})\?=")
_NO_BASE64: Final = bytes(set(range(256)) - set(ascii_letters.encode() + b"0123456789+/="))
_BREAKS: Final = re.compile(rb"[\r\n]+")
_BLANKS: Final = b" \t"


def field_bytes(value: str) -> bytes:
    """Return a field's bytes in one line, as the parser of the standard library keeps them."""
    raw = value.encode("utf-8", "surrogateescape")[:VALUE_BYTES_MAX]
    return b" ".join(piece.strip(_BLANKS) for piece in _BREAKS.split(raw)).strip()


def decode_words(raw: bytes, hint: str = "") -> str:
    """Return the text of a field.

    Encoded words that stand side by side in one character set are one run of bytes: many senders
    cut a character in two (which RFC 2047 section 5 forbids). Bytes beyond ASCII that are
    not encoded at all are read as the mail's own set, or guessed.

    Args:
        raw: In one line.
        hint: The character set that the mail declares for its text.
    """
    pieces: list[tuple[str, bytes]] = []
    at = 0
    for number, found in enumerate(_WORD.finditer(raw)):
        if number >= WORDS_MAX:
            break
        between = raw[at : found.start()]
        at = found.end()
        charset = found[1].decode("ascii").partition("*")[0].lower()
        content = _word_bytes(found[2], found[3])
        if not pieces or between.strip(_BLANKS) or not pieces[-1][0]:
            if between:
                pieces.append(("", between))
            pieces.append((charset, content))
        elif pieces[-1][0] == charset and not _is_stateful(charset):
            pieces[-1] = (charset, pieces[-1][1] + content)
        else:
            pieces.append((charset, content))
    if rest := raw[at:]:
        pieces.append(("", rest))
    text = "".join(decode(content, charset, hint=hint)[0] for charset, content in pieces)
    return " ".join(text.split())


def text_of(value: str, hint: str = "") -> str:
    """Return the text of a field's value as the standard library's parser keeps it."""
    return decode_words(field_bytes(value), hint)


def from_base64(raw: bytes) -> tuple[bytes, bool]:
    """Return what base64 means, as much of it as can be; and whether it was broken."""
    letters = raw.translate(None, _NO_BASE64)
    code = letters.rstrip(b"=")
    if b"=" not in code:
        return _decoded(code, broken=len(letters) % 4 != 0)
    # A mail that was glued together of several has padding in the middle.
    pieces = [_decoded(piece, broken=True) for piece in letters.split(b"=", GLUED_MAX) if piece]
    return b"".join(content for content, _ in pieces), len(letters) % 4 != 0


def _decoded(letters: bytes, *, broken: bool) -> tuple[bytes, bool]:
    if len(letters) % 4 == 1:
        # A lone letter holds no byte.
        return binascii.a2b_base64(letters[:-1]), True
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)), broken


def from_quoted_printable(raw: bytes) -> bytes:
    """Return what quoted-printable means; what is no code stands for itself."""
    return quopri.decodestring(raw)


def short(text: str, characters: int) -> str:
    """Return text of at most so many characters."""
    return clean(text)[:characters]


def _word_bytes(encoding: bytes, content: bytes) -> bytes:
    if encoding in b"bB":
        return from_base64(content)[0]
    return quopri.decodestring(content.replace(b"_", b"=20"), header=False)


def _is_stateful(charset: str) -> bool:
    """Whether a word begins anew in ASCII, so that two glued together may be misread."""
    return charset.startswith(("iso-2022", "hz"))
