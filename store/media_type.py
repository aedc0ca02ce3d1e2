"""What a file is by its bytes, whatever its sender calls it.

The door of puremagic. What a browser could run (HTML, SVG, scripts) is told apart first, and a
file that is two things at once is nothing that may be shown.
"""

from typing import Final

import puremagic

from domain.attachment_name import clean_name

HEAD_BYTES: Final = 4_096
"""From the beginning of a file; browsers judge by 1,445 (WHATWG MIME Sniffing section 5.2)."""
TAIL_BYTES: Final = 65_557
"""From its end: the end record of a ZIP with the longest comment (APPNOTE.TXT section 4.3.16)."""
UNKNOWN: Final = "application/octet-stream"

_OLE_TYPE: Final = "application/x-ole-storage"
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE_TYPE),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"#!", "text/x-shellscript"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
)
"""Those that are asked for most; puremagic knows a thousand more."""
_MARKUP: Final = (
    *(b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<style"),
    *(b"<object", b"<embed", b"<meta", b"<form", b"<?php", b"<svg", b"<xhtml"),
)
_TELLING: Final = frozenset(kind for _, _, kind in _SIGNATURES) | {"text/html", "image/svg+xml"}
"""Had it been one of these, its bytes would have said so."""
_OFFICE: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OLD_OFFICE: Final = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}
_TEXTS: Final = frozenset(
    ("text/csv", "text/calendar", "text/vcard", "application/json", "message/rfc822")
)
"""Kinds of plain text that only their sender can tell apart, and that no program runs."""


def media_type_of(head: bytes, tail: bytes, *, claimed: str, name: str = "") -> str:
    """Return the media type that a file's bytes show.

    Args:
        head: Its first `HEAD_BYTES`, or all of it.
        tail: Its last `TAIL_BYTES`, or all of it.
        claimed: What the sender says; believed only where the bytes tell nothing, and never for
            a type whose bytes would.
        name: As the sender calls it; only tells old Office documents apart.

    Returns:
        "application/octet-stream" for what is nothing known, or two things at once.
    """
    kind = _signature(head)
    if kind is None:
        return _without_signature(head, claimed)
    if kind == "application/zip":
        return _packed(head, tail)
    shown = kind.startswith(("image/", "audio/")) and _two_things(head, tail)
    if shown or (kind == "application/pdf" and _markup(head[:512])):
        return UNKNOWN
    return _OLD_OFFICE.get(clean_name(name).lower()[-4:], UNKNOWN) if kind == _OLE_TYPE else kind


def _without_signature(head: bytes, claimed: str) -> str:
    if _markup(head):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/html"
    return _by_text(head, claimed) or _by_library(head, claimed)


def _signature(head: bytes) -> str | None:
    for offset, bytes_, kind in _SIGNATURES:
        if head.startswith(bytes_, offset) and (offset == 0 or head.startswith(b"RIFF")):
            return kind
    if head.startswith(b"ftyp", 4):
        return _BRANDS.get(head[8:12], "video/mp4")
    return None


_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
"""Major brands of ISO base media files (ISO/IEC 14496-12 section 4.3)."""


def _markup(head: bytes) -> bool:
    lower = head.lower()
    return any(word in lower for word in _MARKUP)


def _two_things(head: bytes, tail: bytes) -> bool:
    """Tell whether what begins as a picture or sound is also a page, a PDF or an archive."""
    return _markup(head) or b"%PDF-" in head[:1_024] or b"PK\x05\x06" in tail[-TAIL_BYTES:]


def _packed(head: bytes, tail: bytes) -> str:
    """Return what a ZIP file is, by the names in its directory and its first entry."""
    first = head[30:110]
    if first.startswith(b"mimetypeapplication/"):
        # OpenDocument 1.3 part 2 section 3.3: stored first, not compressed.
        kind = first.removeprefix(b"mimetype").partition(b"PK")[0]
        if kind.startswith((b"application/vnd.oasis.opendocument.", b"application/epub+zip")):
            return kind.decode("ascii", "replace")[:127]
    if b"[Content_Types].xml" in head or b"[Content_Types].xml" in tail:
        for folder, kind_ in _OFFICE:
            if folder in tail or folder in head:
                return kind_
    if b"META-INF/MANIFEST.MF" in tail or b"META-INF/MANIFEST.MF" in head:
        return "application/java-archive"
    return "application/zip"


def _by_text(head: bytes, claimed: str) -> str | None:
    """Return a kind of plain text; None if it is none."""
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head) or 127 in head:
        # UTF-16 begins with its mark; without one nobody can tell it from noise.
        return "text/plain" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None
    if claimed.lower() in _TEXTS:
        return claimed.lower()
    return "text/plain"


def _by_library(head: bytes, claimed: str) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        found = []
    for match in found:
        if match.mime_type and match.confidence >= 0.4:
            return str(match.mime_type)
    claim = claimed.partition(";")[0].strip().lower()
    family = claim.partition("/")[0]
    if claim in _TELLING or family in {"text", "image", "message", "multipart"} or not claim:
        return UNKNOWN
    return claim if _is_media_type(claim) else UNKNOWN


def _is_media_type(claim: str) -> bool:
    family, slash, inner = claim.partition("/")
    allowed = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.+-")
    return bool(slash and family and inner and len(claim) <= 127 and {*family, *inner} <= allowed)
