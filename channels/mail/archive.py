"""Archives that unpack to more than anybody can open: told from their own directory.

Nothing is unpacked here, but a small archive within an archive is looked into, because the known
bombs are harmless outside and grow level by level.
"""

import io
import struct
import zipfile
import zlib
from typing import Final

from channels.mail.limits import MailLimits
from channels.mail.parsed import Quarantined

ENTRIES_MAX: Final = 20_000
"""Of one archive; its directory is read at once."""
INNER_BYTES_MAX: Final = 1 << 20
"""An inner archive is looked into up to this size, unpacked."""
INNER_MAX: Final = 16
"""Inner archives of one archive that are looked into."""
RATIO_SUSPICIOUS: Final = 200
"""Deflate makes 1,032 bytes of one at most; text packs 20 to one, an empty table 100."""
BOMB_BYTES_MIN: Final = 64 << 20
"""Whatever the ratio, so much can be opened."""
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError, RuntimeError,
    EOFError, OSError, OverflowError,
)  # fmt: skip
"""What the standard library raises at archives that are broken, or packed in a rare way."""
_END: Final = b"PK\x05\x06"
_GZIP: Final = b"\x1f\x8b"


def bomb(content: bytes, limits: MailLimits) -> Quarantined | None:
    """Return why a file must not be unpacked; None: it may, or it is no archive that we know."""
    if content[:2] == _GZIP and len(content) >= 18:
        # The size without its upper half (RFC 1952 section 2.3.1): larger ones lie, or are rare.
        (size,) = struct.unpack("<I", content[-4:])
        return _judge(size, len(content), limits)
    if content[:2] == b"PK" or _END in content[-(65_557):]:
        return _zip(content, limits, 1)
    return None


def _zip(content: bytes, limits: MailLimits, depth: int) -> Quarantined | None:
    if depth > limits.archive_depth_max:
        reason = f"archives within one another are over {limits.archive_depth_max} levels"
        return Quarantined(rule="archive", reason=reason)
    at = content.rfind(_END, -min(len(content), 65_557))
    if at < 0 or at + 22 > len(content):
        return None
    (entries,) = struct.unpack_from("<H", content, at + 10)
    # 0xFFFF: the true number is in the Zip64 record, and there are at least as many.
    if entries > ENTRIES_MAX:
        reason = f"an archive of {entries} entries is over the limit of {ENTRIES_MAX}"
        return Quarantined(rule="archive", reason=reason)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return _listed(opened, len(content), limits, depth)
    except _BROKEN:
        # It unpacks to nothing.
        return None


def _listed(
    opened: zipfile.ZipFile, packed: int, limits: MailLimits, depth: int
) -> Quarantined | None:
    entries = opened.infolist()
    found = _judge(sum(entry.file_size for entry in entries), packed, limits)
    inner = [entry for entry in entries if entry.filename.lower().endswith(".zip")]
    for entry in inner[:INNER_MAX]:
        found = found or _inner(opened, entry, limits, depth)
    return found


def _inner(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: MailLimits, depth: int
) -> Quarantined | None:
    if entry.flag_bits & 1:
        return None
    try:
        with opened.open(entry) as stream:
            content = stream.read(INNER_BYTES_MAX)
    except _BROKEN:
        return None
    return _zip(content, limits, depth + 1)


def _judge(unpacked: int, packed: int, limits: MailLimits) -> Quarantined | None:
    suspicious = unpacked > BOMB_BYTES_MIN and unpacked > RATIO_SUSPICIOUS * packed
    if unpacked > limits.unpacked_bytes_max or suspicious:
        reason = f"an archive of {packed} bytes would unpack to {unpacked}"
        return Quarantined(rule="archive", reason=reason)
    return None
