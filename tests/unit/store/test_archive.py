import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.archive import read_outline, why_a_bomb
from tests.property.examples import EXAMPLES
from tests.unit.store.attachment_files_support import packed

MAX = 1024**3


def refused(content: bytes, unpacked_max: int = MAX) -> str | None:
    outline = read_outline(io.BytesIO(content), len(content))
    return why_a_bomb(outline, size=len(content), unpacked_max=unpacked_max)


def test_an_ordinary_archive_is_taken() -> None:
    content = packed({"a.txt": b"hello" * 50, "b/c.bin": bytes(range(256))})
    outline = read_outline(io.BytesIO(content), len(content))
    assert outline is not None
    assert (outline.entries, outline.unpacked, outline.nested_ratio) == (2, 506, 1.0)
    assert refused(content) is None


def test_a_document_that_packs_well_is_taken() -> None:
    assert refused(packed({"xl/sheet.xml": b"<row/>" * 200_000})) is None


def test_one_that_unpacks_to_too_much() -> None:
    content = packed({"zeros": bytes(2_000_000)})
    assert refused(content, 1_999_999) == (
        "it unpacks to 2000000 bytes; the limit is 1999999 (attachments.unpacked_bytes_max)"
    )


def test_one_that_unpacks_to_too_many_times_its_size() -> None:
    assert "times its size" in (refused(packed({"zeros": bytes(20_000_000)})) or "")


def test_an_archive_inside_that_packs_again() -> None:
    inner = packed({"zeros": bytes(100_000)}, stored=("zeros",))
    assert "an archive inside is packed" in (refused(packed({"lib.zip": inner})) or "")
    assert refused(packed({"lib.zip": packed({"x": bytes(range(256))})})) is None


def test_files_that_lie_over_each_other() -> None:
    """Many entries of the directory that share one file."""
    content = packed({"a": bytes(range(256)) * 40}, stored=("a",))
    at = content.rfind(b"PK\x05\x06")
    length, begin = struct.unpack_from("<II", content, at + 12)
    entry = content[begin : begin + length]
    bomb = content[:begin] + entry * 50
    bomb += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 50, 50, length * 50, begin, 0)
    assert refused(bomb) == "the files inside lie over each other"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + bytes(100),
        b"PK\x05\x06",
        b"PK\x05\x06" + b"\xff" * 18,
        packed({"a": b"b"})[:-30] + b"PK\x05\x06" + bytes(8) + b"\x09\0" * 2 + bytes(10),
    ],
    ids=["no directory", "its end alone", "an end of nonsense", "more than there is"],
)
def test_a_directory_that_cannot_be_read(content: bytes) -> None:
    assert refused(content) in {"its archive's directory cannot be read", None}
    assert read_outline(io.BytesIO(content), len(content)) is None


def test_too_many_files() -> None:
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 20_000, 20_000, 0, 0, 0)
    assert refused(b"PK\x03\x04" + end) == "20000 files inside are over the limit of 10000"


@settings(deadline=None, max_examples=EXAMPLES * 4)
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_bytes_break_it(before: bytes, after: bytes) -> None:
    refused(b"PK" + before + b"PK\x05\x06" + after)
