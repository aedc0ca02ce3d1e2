"""What speaks against taking a file in, seen from its bytes alone."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import BinaryIO

from domain.attachment import SHOWN
from store.archive import read_outline, why_a_bomb
from store.image_size import image_size
from store.media_type import HEAD_BYTES, TAIL_BYTES, media_type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Which files are taken in; as of the section `attachments`.

    Attributes:
        types: Media types, a star for any.
        image_pixels_max: Of a picture.
        unpacked_bytes_max: Of an archive.
    """

    types: tuple[str, ...]
    image_pixels_max: int
    unpacked_bytes_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is.

    Attributes:
        refused: Why it is not taken; None: nothing speaks against it.
    """

    media_type: str
    refused: str | None = None


def check_file(file: BinaryIO, size: int, *, claimed: str, name: str, allowed: Allowed) -> Checked:
    """Look at a file.

    Args:
        file: Whole, open for reading; left anywhere.
        size: Its bytes.
        claimed: The media type that its sender gives.
        name: That he gives.
        allowed: What may be.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    media_type = media_type_of(head, tail, claimed=claimed, name=name)
    if not any(fnmatchcase(media_type, pattern) for pattern in allowed.types):
        return Checked(media_type=media_type, refused=f"files of type {media_type} are not taken")
    return Checked(media_type=media_type, refused=_harmful(file, size, media_type, allowed, head))


def _harmful(
    file: BinaryIO, size: int, media_type: str, allowed: Allowed, head: bytes
) -> str | None:
    if media_type in SHOWN:
        sides = image_size(file, media_type)
        if sides is None:
            return "the picture's header says no size"
        width, height = sides
        if width * height > allowed.image_pixels_max:
            return (
                f"a picture of {width} by {height} pixels is over the limit of"
                f" {allowed.image_pixels_max} (attachments.image_pixels_max)"
            )
    if head.startswith(b"PK"):
        return why_a_bomb(
            read_outline(file, size), size=size, unpacked_max=allowed.unpacked_bytes_max
        )
    return None
