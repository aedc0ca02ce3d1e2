"""What a ZIP file says it holds, read from its directory: nothing is ever unpacked here."""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from store.media_type import TAIL_BYTES

ENTRIES_MAX: Final = 10_000
"""A large office document has some hundred."""
ENTRY_BYTES: Final = 512
"""Of the directory, with a long name and extra fields."""
RATIO_MAX: Final = 200.0
"""Text packs to a tenth, spreadsheets to a fiftieth; Deflate's most is 1,032."""
RATIO_BYTES_MIN: Final = 16 * 1024 * 1024
"""What unpacks to less harms nobody, whatever its ratio."""
NESTED_RATIO_MAX: Final = 4.0
"""An archive hardly packs a second time; one that does holds the same again and again."""
_ENDINGS: Final = (b".zip", b".jar", b".docx", b".xlsx", b".pptx", b".7z", b".rar", b".gz", b".bz2")
_END: Final = struct.Struct("<4s4H2IH")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
"""APPNOTE.TXT sections 4.3.16 and 4.3.12."""
_ZIP64_COUNT: Final = 0xFFFF
_ZIP64_SIZE: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOutline:
    """What the directory of an archive says.

    Attributes:
        unpacked: Bytes of all entries together.
        packed: Bytes that they take in the file.
        nested_ratio: The best that an archive inside is packed by; 1.0 without one.
    """

    entries: int
    unpacked: int
    packed: int
    nested_ratio: float = 1.0


def read_outline(file: BinaryIO, size: int) -> ArchiveOutline | None:
    """Return what a ZIP file's directory says; None if it has none that can be believed.

    ZIP64 is for what is larger than anything that is taken in, and counts as none.

    Args:
        file: Open for reading; left anywhere.
        size: Of the file, in bytes.
    """
    begin = max(0, size - TAIL_BYTES)
    file.seek(begin)
    tail = file.read(TAIL_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return None
    _, _, _, _, count, length, offset, _ = _END.unpack_from(tail, at)
    end = begin + at
    if offset + length > end or count == _ZIP64_COUNT or _ZIP64_SIZE in (length, offset):
        return None
    if count > ENTRIES_MAX:
        return ArchiveOutline(entries=count, unpacked=0, packed=0)
    # Only so much of the directory is read as that many entries with usual names take.
    file.seek(end - length)
    return _add_up(file.read(min(length, ENTRIES_MAX * ENTRY_BYTES)), count)


def _add_up(directory: bytes, count: int) -> ArchiveOutline | None:
    unpacked = packed = place = 0
    nested = 1.0
    for _ in range(count):
        if place + _ENTRY.size > len(directory):
            return None
        entry = _ENTRY.unpack_from(directory, place)
        if entry[0] != b"PK\x01\x02":
            return None
        small, large, names = entry[8], entry[9], entry[10]
        name = directory[place + _ENTRY.size : place + _ENTRY.size + names]
        place += _ENTRY.size + names + entry[11] + entry[12]
        unpacked += large
        packed += small
        if name.lower().endswith(_ENDINGS):
            nested = max(nested, large / max(small, 1))
    return ArchiveOutline(entries=count, unpacked=unpacked, packed=packed, nested_ratio=nested)


def why_a_bomb(outline: ArchiveOutline | None, *, size: int, unpacked_max: int) -> str | None:
    """Return why an archive is refused; None if nothing speaks against it.

    Args:
        outline: From `read_outline`.
        size: Of the file: entries that lie over each other claim more than it holds.
        unpacked_max: Bytes that it may unpack to.
    """
    if outline is None:
        return "its archive's directory cannot be read"
    ratio = outline.unpacked / max(size, 1)
    reasons = (
        (
            outline.entries > ENTRIES_MAX,
            f"{outline.entries} files inside are over the limit of {ENTRIES_MAX}",
        ),
        (
            outline.unpacked > unpacked_max,
            f"it unpacks to {outline.unpacked} bytes; the limit is {unpacked_max}"
            " (attachments.unpacked_bytes_max)",
        ),
        (
            outline.unpacked > RATIO_BYTES_MIN and ratio > RATIO_MAX,
            f"it unpacks to {ratio:.0f} times its size; the limit is {RATIO_MAX:g}",
        ),
        (outline.packed > size, "the files inside lie over each other"),
        (
            outline.nested_ratio > NESTED_RATIO_MAX,
            f"an archive inside is packed {outline.nested_ratio:.0f} times; the limit is"
            f" {NESTED_RATIO_MAX:g}",
        ),
    )
    return next((why for holds, why in reasons if holds), None)
