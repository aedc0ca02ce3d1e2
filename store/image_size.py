"""How large a picture says it is, read from its header: none is ever unpacked here."""

import struct
from typing import BinaryIO, Final

SEGMENTS_MAX: Final = 1_000
"""Of a JPEG before its size; cameras write some twenty."""
_JPEG_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers (ITU-T T.81 table B.1)."""


def image_size(file: BinaryIO, media_type: str) -> tuple[int, int] | None:
    """Return width and height in pixels, as the header says.

    Args:
        file: Read from its beginning; left anywhere.
        media_type: Of PNG, JPEG, GIF or WebP.

    Returns:
        None for another type, or a header that says no size.
    """
    file.seek(0)
    match media_type:
        case "image/png":
            return _png(file.read(24))
        case "image/gif":
            return _gif(file.read(10))
        case "image/webp":
            return _webp(file.read(30))
        case "image/jpeg":
            return _jpeg(file)
    return None


def _png(head: bytes) -> tuple[int, int] | None:
    """Read IHDR (PNG, third edition, section 11.2.1)."""
    if len(head) < 24 or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif(head: bytes) -> tuple[int, int] | None:
    """Read the logical screen (GIF89a section 18)."""
    if len(head) < 10:
        return None
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _webp(head: bytes) -> tuple[int, int] | None:
    """Read the first chunk (RFC 9649 section 2)."""
    if len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """Walk the segments to the start of the frame (ITU-T T.81 section B.1.1.4)."""
    file.seek(2)
    for _ in range(SEGMENTS_MAX):
        code = _marker(file)
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            continue  # These stand alone.
        size = int.from_bytes(file.read(2), "big")
        if size < 2 or code in {0, 0xD9, 0xDA}:
            return None
        if code in _JPEG_SIZES:
            frame = file.read(5)
            if len(frame) < 5:
                return None
            height, width = struct.unpack_from(">HH", frame, 1)
            return width, height
        file.seek(size - 2, 1)
    return None


def _marker(file: BinaryIO) -> int:
    """Return the code of the next marker, which fill bytes may go before; 0: there is none."""
    if file.read(1) != b"\xff":
        return 0
    for _ in range(SEGMENTS_MAX):
        byte = file.read(1)
        if byte != b"\xff":
            return byte[0] if byte else 0
    return 0
