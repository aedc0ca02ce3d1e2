"""Archives that would fill a disk are told from those that people send."""

import gzip
import io
import zipfile

import pytest

from channels.mail.archive import bomb
from channels.mail.limits import MailLimits

LIMITS = MailLimits(unpacked_bytes_max=1 << 20, archive_depth_max=2)


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_what_people_send_passes() -> None:
    assert bomb(packed({"a.txt": b"hello" * 100, "b.csv": b"1,2\n" * 1_000}), LIMITS) is None
    assert bomb(gzip.compress(b"line\n" * 10_000), LIMITS) is None
    assert bomb(b"%PDF-1.4", LIMITS) is None
    assert bomb(b"", LIMITS) is None


def test_what_unpacks_to_too_much() -> None:
    found = bomb(packed({"a": b"\0" * 600_000, "b": b"\0" * 600_000}), LIMITS)
    assert found is not None
    assert found.rule == "archive"
    assert "1200000" in found.reason
    assert bomb(gzip.compress(b"\0" * (2 << 20)), LIMITS) is not None


def test_an_archive_behind_other_bytes_is_one_too() -> None:
    assert bomb(b"MZ" + packed({"a": b"\0" * 1_200_000}), LIMITS) is not None


def test_archives_within_archives() -> None:
    one = packed({"a.txt": b"x"})
    two = packed({"one.zip": one})
    three = packed({"two.ZIP": two})
    assert bomb(two, LIMITS) is None
    assert bomb(three, LIMITS) is not None


def test_too_many_entries() -> None:
    assert bomb(packed({str(number): b"" for number in range(20_001)}), LIMITS) is not None


@pytest.mark.parametrize("cut", [5, 30, 60, 100])
def test_a_broken_archive_is_a_file_like_others(cut: int) -> None:
    whole = packed({"a.zip": packed({"b": b"c"})})
    assert bomb(whole[:-cut], LIMITS) is None
    assert bomb(whole[cut:], LIMITS) is None


def test_a_directory_that_lies_about_its_place() -> None:
    whole = bytearray(packed({"a.zip": b"not a zip"}))
    whole[-6:-2] = b"\xff\xff\xff\x7f"
    assert bomb(bytes(whole), LIMITS) is None
