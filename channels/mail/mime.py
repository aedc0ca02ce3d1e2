"""A mail's parts: what each says it is, and the bytes in it.

The standard library cuts the mail at its boundaries; what a field means is read by `headers`,
for the library's own reading of parameters takes time by the square of their number. A mail
within the mail is a leaf like a picture: it is kept whole and not looked into.
"""

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any, Final, cast

from channels.mail.headers import parameters
from channels.mail.words import from_base64, from_quoted_printable

CONTENT_ID_CHARACTERS_MAX: Final = 256
_HEADER_END: Final = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)")
"""A line end and an empty line, of any of the three kinds that the library takes for one."""


class Part(Message):
    """One part of a mail; the parser asks it what it is while it cuts."""

    _content: tuple[bytes, str] | None = None
    _fields: dict[str, list[str]] | None = None
    _counted = 0
    _typed: tuple[str, tuple[str, dict[str, str]]] | None = None

    def values(self, name: str) -> list[str]:  # type: ignore[override]
        """Return the raw values of a field, in order."""
        headers: list[tuple[str, Any]] = self._headers  # type: ignore[attr-defined]
        if self._fields is None or self._counted != len(headers):
            # A mail is asked for fifty fields: they are found by name.
            self._fields, self._counted = {}, len(headers)
            for key, value in headers:
                self._fields.setdefault(key.lower(), []).append(str(value))
        return self._fields.get(name, [])

    def value(self, name: str) -> str:
        """Return the first raw value of a field; "" without."""
        return next(iter(self.values(name)), "")

    @property
    def media(self) -> tuple[str, dict[str, str]]:
        """The media type, in lower case, and its parameters."""
        field = self.value("content-type")
        if self._typed is None or self._typed[0] != field:
            kind, named = parameters(field)
            if kind.count("/") != 1 or not kind.isascii() or " " in kind:
                kind = self.get_default_type() if not kind else "text/plain"
            self._typed = field, (kind, dict(named))
        return self._typed[1]

    @property
    def disposition(self) -> tuple[str, dict[str, str]]:
        """Such as "attachment", and its parameters."""
        kind, named = parameters(self.value("content-disposition"))
        return kind, dict(named)

    @property
    def content_id(self) -> str:
        """Without its angle brackets; "" without."""
        plain = self.value("content-id").strip().strip("<>").strip()
        fits = plain.isascii() and plain.isprintable()
        return plain if fits and len(plain) <= CONTENT_ID_CHARACTERS_MAX else ""

    def children(self) -> list["Part"]:
        """Return the parts of a multipart; of a leaf, none."""
        return list(self._held) if isinstance(self._held, list) else []

    @property
    def _held(self) -> Any:
        # `get_payload` would decode it by whatever the sender calls its character set, such as
        # "idna", which raises, or others that take time without bound.
        return self._payload  # type: ignore[attr-defined]

    def raw_content(self) -> bytes:
        """Return the bytes of a leaf as they came, encoded for transfer."""
        if not isinstance(self._held, str):
            return b""
        return self._held.encode("utf-8", "surrogateescape")

    def content(self) -> tuple[bytes, str]:
        """Return the bytes of a leaf, and the name of a defect; "" without."""
        if self._content is None:
            self._content = self._decoded()
        return self._content

    def _decoded(self) -> tuple[bytes, str]:
        raw = self.raw_content()
        coding = self.value("content-transfer-encoding").strip().lower()
        coding = coding.partition(";")[0].partition("(")[0].strip().strip('"')
        if coding in {"base64", "base-64"}:
            content, broken = from_base64(raw)
            return content, "base64 broken" if broken else ""
        if coding in {"quoted-printable", "quotedprintable"}:
            return from_quoted_printable(raw), ""
        if coding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
            return _from_uu(raw)
        known = {"", "7bit", "8bit", "binary"}
        return raw, "" if coding in known else "transfer encoding unknown"

    # What the parser of the standard library asks.

    def get_content_type(self) -> str:
        """Return the media type; a mail within the mail is a leaf."""
        kind, _ = self.media
        return "application/octet-stream" if kind.startswith("message/") else kind

    def get_boundary(self, failobj: Any = None) -> Any:
        """Return what parts are parted by."""
        boundary = self.media[1].get("boundary", "").rstrip()
        return boundary or failobj


def parse(raw: bytes) -> Part:
    """Return a mail cut into its parts.

    Raises:
        RecursionError: Its multiparts are too deep; `guard.check` finds that before.
    """
    return _leaf(raw) or _parsed(raw)


def _parsed(raw: bytes) -> Part:
    return cast(Part, BytesParser(Part, policy=compat32).parsebytes(raw))


def _leaf(raw: bytes) -> Part | None:
    """Return a mail that has no parts; None: it may have some, or its header is broken.

    The library goes through the content line by line; of a leaf all of it is content.
    """
    end = _HEADER_END.search(raw)
    if end is None or b"multipart" in raw[: end.end()].lower():
        return None
    root = _parsed(raw[: end.end()])
    if root.defects or root._held != "":
        return None
    root.set_payload(raw[end.end() :].decode("ascii", "surrogateescape"))
    return root


def walk(root: Part) -> Iterator[tuple[Part, int]]:
    """Yield every part with its level, from 0; the parts of a multipart in order."""
    waiting = [(root, 0)]
    while waiting:
        part, level = waiting.pop()
        yield part, level
        waiting += [(child, level + 1) for child in reversed(part.children())]


def _from_uu(raw: bytes) -> tuple[bytes, str]:
    content = bytearray()
    begun = False
    for line in raw.splitlines():
        if line.startswith(b"begin "):
            begun = True
        elif begun and line in {b"end", b"`", b""}:
            break
        elif begun:
            try:
                content += binascii.a2b_uu(line)
            except binascii.Error:
                return bytes(content), "uuencode broken"
    return bytes(content), "" if begun else "uuencode broken"
