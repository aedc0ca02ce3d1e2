import pytest

from store.media_type import HEAD_BYTES, TAIL_BYTES, media_type_of
from tests.unit.store.attachment_files_support import gif, jpeg, packed, png, webp

OOXML = "application/vnd.openxmlformats-officedocument"


def kind(content: bytes, claimed: str = "", name: str = "") -> str:
    return media_type_of(content[:HEAD_BYTES], content[-TAIL_BYTES:], claimed=claimed, name=name)


def office(folder: str) -> bytes:
    return packed({"[Content_Types].xml": b"<Types/>", f"{folder}/document.xml": b"<w/>"})


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (png(), "image/png"),
        (jpeg(1, 1), "image/jpeg"),
        (gif(1, 1), "image/gif"),
        (webp("VP8X", 9, 9), "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "image/heic"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"ID3\x03\0\0\0\0", "audio/mpeg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (packed({"a.txt": b"hello"}), "application/zip"),
        (office("word"), f"{OOXML}.wordprocessingml.document"),
        (office("xl"), f"{OOXML}.spreadsheetml.sheet"),
        (office("ppt"), f"{OOXML}.presentationml.presentation"),
        (
            packed(
                {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"},
                stored=("mimetype",),
            ),
            "application/vnd.oasis.opendocument.text",
        ),
        (packed({"META-INF/MANIFEST.MF": b"x"}), "application/java-archive"),
        (b"MZ\x90\0" * 40, "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 40, "application/x-executable"),
        (b"#!/bin/sh\nrm -rf /\n", "text/x-shellscript"),
        (b"<!DOCTYPE html><p>hi", "text/html"),
        (b"  \n<script>alert(1)</script>", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        ("Grüße, 你好\n".encode(), "text/plain"),
        ("你好".encode("gb18030"), "text/plain"),
        ("hello".encode("utf-16"), "text/plain"),
        (b"", "text/plain"),
    ],
)
def test_bytes_tell_what_a_file_is(content: bytes, media_type: str) -> None:
    assert kind(content, claimed="image/x-nonsense") == media_type


@pytest.mark.parametrize("claimed", ["image/png", "application/pdf", "text/html", "image/svg+xml"])
def test_a_claim_that_the_bytes_would_show_is_not_believed(claimed: str) -> None:
    assert kind(bytes(range(256)), claimed) == "application/octet-stream"


def test_a_claim_counts_where_bytes_tell_nothing() -> None:
    assert kind(b"a,b\n1,2\n", "text/csv") == "text/csv"
    assert kind(b"a,b\n1,2\n", "text/html") == "text/plain"
    assert kind(bytes(range(256)), "application/x-acme") == "application/x-acme"
    assert kind(bytes(range(256)), "application/x acme\r\nX: y") == "application/octet-stream"


def test_an_old_office_document_goes_by_its_name() -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert kind(content, name="Angebot.DOC") == "application/msword"
    assert kind(content, name="setup.msi") == "application/octet-stream"


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a/*" + b"\0" * 20 + b"*/=1;<script>alert(1)</script>",
        png() + packed({"a.class": b"x"}),
        b"\xff\xd8\xff\xe0" + b"\0" * 50 + b"<html><body onload=alert(1)>",
        b"GIF89a" + b"\0" * 30 + b"%PDF-1.4\n",
        b"%PDF-1.4\n<script>alert(1)</script>",
    ],
)
def test_what_is_two_things_at_once_is_nothing_to_show(content: bytes) -> None:
    assert kind(content, claimed="image/gif") == "application/octet-stream"
