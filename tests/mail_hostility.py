"""Mails that are built to take memory, time or sense from whoever reads them."""

import base64
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

HEAD: Final = (
    b"From: customer@example.com\nTo: support@example.org\nMessage-ID: <h@example.com>\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0000\nSubject: Hostile\nMIME-Version: 1.0\n"
)


def parts(count: int = 100_000) -> bytes:
    """So many parts of two bytes."""
    return _typed("multipart/mixed; boundary=b", b"--b\n\nx\n" * count + b"--b--\n")


def levels(count: int = 1_000, kind: str = "mixed") -> bytes:
    """Multiparts within one another."""
    lines = [b"Content-Type: multipart/%s; boundary=d0\n\n" % kind.encode()]
    lines += [
        b"--d%d\nContent-Type: multipart/%s; boundary=d%d\n\n" % (one - 1, kind.encode(), one)
        for one in range(1, count)
    ]
    return HEAD + b"".join(lines) + b"--d%d\n\nbottom\n" % (count - 1)


def levels_unseen(count: int = 1_000) -> bytes:
    """Multiparts within one another whose boundaries come in pieces (RFC 2231)."""
    return levels(count).replace(b"boundary=d", b"boundary*0=d; boundary*1=")


def mails_within(count: int = 1_000) -> bytes:
    """Mails within one another."""
    return HEAD + b"Content-Type: message/rfc822\n\n" * count + b"Subject: bottom\n\nbottom\n"


def digests(count: int = 1_000) -> bytes:
    """Digests within one another: their parts are mails without saying so."""
    return levels(count, "digest")


def dashes(count: int = 3_000_000) -> bytes:
    """Lines that might part it."""
    return _typed("multipart/mixed; boundary=b", b"--\n" * count)


def large(size: int = 50 << 20) -> bytes:
    """One plain text of so many bytes."""
    return _typed("text/plain", b"All work and no play makes a mail server dull.\n" * (size // 47))


def header_large(size: int = 10 << 20) -> bytes:
    """One field of so many bytes."""
    return b"X-Field: " + b"a\n " * (size // 3) + b"\n" + HEAD + b"\n"


def header_fields(count: int = 30_000) -> bytes:
    """So many fields."""
    return b"X-A: b\n" * count + HEAD + b"\n"


def line_long(size: int = 30 << 20) -> bytes:
    """One line of so many bytes."""
    return _typed("text/plain", b"a" * size)


def comments(depth: int = 60_000) -> bytes:
    """Comments within one another, in the sender."""
    return b"From: " + b"(" * depth + b"a@example.com\n" + HEAD + b"\nx\n"


def words(count: int = 6_000) -> bytes:
    """Encoded words, each in another character set than the one before."""
    return b"Subject: " + b"=?utf-8?Q?a?= =?gbk?Q?b?= " * (count // 2) + b"\n" + HEAD + b"\nx\n"


def parameters(count: int = 40_000) -> bytes:
    """A type with so many parameters, within quotation marks."""
    return HEAD + b'Content-Type: text/plain; a="' + b";" * count + b"\n\nx\n"


def references(count: int = 10_000) -> bytes:
    """Answers so many mails at once."""
    return HEAD + b"References:" + b" <a@b>" * count + b"\n\nx\n"


def signatures(count: int = 900) -> bytes:
    """Signed by so many."""
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=k; h=from; bh=AAAA; b=AAAA\n"
    return field * count + HEAD + b"\nx\n"


def zip_claims(size: int = 4 << 30) -> bytes:
    """An archive whose directory says that it unpacks to 16 times so much."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(16):
            archive.writestr(f"{number}.txt", b"\0" * 1_000)
    # The uncompressed size in the central directory, as a bomb has it.
    raw = packed.getvalue().replace((1_000).to_bytes(4, "little"), (size - 1).to_bytes(4, "little"))
    return _attached(raw, "application/zip", "bomb.zip")


def zip_nested(depth: int = 6) -> bytes:
    """Archives within archives, harmless to look at from outside."""
    inner = b"\0" * 100_000
    name = "bottom.txt"
    for level in range(depth):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4):
                archive.writestr(f"{number}-{name}", inner)
        inner, name = packed.getvalue(), f"level-{level}.zip"
    return _attached(inner, "application/zip", "nested.zip")


def gzip_bomb(size: int = 100 << 20) -> bytes:
    """Zeros, packed a thousand to one."""
    return _attached(gzip.compress(b"\0" * size), "application/gzip", "bomb.gz")


def html_deep(depth: int = 100_000) -> bytes:
    """Elements within one another."""
    return _typed("text/html", b"<div>\n" * depth + b"bottom")


def html_wide(count: int = 400_000) -> bytes:
    """So many elements side by side."""
    return _typed("text/html", b"<b>x</b>\n" * count)


def html_open(count: int = 900_000) -> bytes:
    """Tags that never end."""
    return _typed("text/html", b"<a " * (count // 3) + b"\n")


def html_tables(depth: int = 300) -> bytes:
    """Tables and formatting that a parser has to mend."""
    return _typed("text/html", b"<table><a><b><i><p>\n" * depth * 10)


def html_entities(count: int = 100_000) -> bytes:
    """References to characters."""
    return _typed("text/html", b"&amp;&#x1F600;&notanentity\n" * (count // 3))


def introductions(count: int = 500_000) -> bytes:
    """Lines that begin as if they introduced a quotation."""
    return _typed("text/plain", b"On 1 On 2 wrote wrote wrot\n" * count)


def introduction_long(count: int = 150_000) -> bytes:
    """One line of such beginnings."""
    return _typed("text/plain", b"On 1 wrote " * count + b"\n")


def quotes(count: int = 10_000_000) -> bytes:
    """Nothing but quotation."""
    return _typed("text/plain; format=flowed", b"> \n" * count)


def base64_padding(size: int = 20 << 20) -> bytes:
    """Padding everywhere."""
    body = (b"=a=" * 300_000 + b"\n") * (size // 900_000)
    return _typed("text/plain", body, b"Content-Transfer-Encoding: base64\n")


def soft_breaks(size: int = 20 << 20) -> bytes:
    """Quoted-printable that never ends a line."""
    body = (b"=41" * 8 + b"=\n") * (size // 26)
    return _typed("text/plain", body, b"Content-Transfer-Encoding: quoted-printable\n")


def binary_text(size: int = 20 << 20) -> bytes:
    """Bytes of no character set, as text."""
    return _typed(
        "text/plain", bytes(range(128, 256)) * 2 + b"\n" + b"\xff\xfe\x80\n" * (size // 4)
    )


def stateful_text(size: int = 4 << 20) -> bytes:
    """Character sets that change their state all the time."""
    return _typed("text/plain; charset=iso-2022-jp", b"\x1b$B!!\x1b(B\n" * (size // 9))


def address_long(size: int = 60_000) -> bytes:
    """An address whose domain could be cut into labels in many ways."""
    return b"From: a@" + b"a" * 900 + b"!\nTo: " + b"a" * size + b"\n" + HEAD + b"\nx\n"


def blanks(size: int = 60_000) -> bytes:
    """Fields of nothing but blanks, and Message-IDs that never come to their @."""
    return (
        b"Subject: a" + b" " * size + b"b\nReferences: " + b"a" * size + b"\n"
        b"In-Reply-To: " + b"<" * size + b"\n" + HEAD + b"\nx\n"
    )


def bounce_empty(size: int = 60_000) -> bytes:
    """A bounce of empty lines and quotation marks."""
    head = HEAD.replace(b"customer@", b"mailer-daemon@").replace(b"Hostile", b"failure notice")
    return head + b"\n>" + b"\n" * size + b"> " * size + b"host " * size


def introductions_zh(count: int = 20_000) -> bytes:
    """Chinese introductions that never end, each with many beginnings."""
    line = ("于2026年" * 12 + "在20写:\n").encode()
    return _typed("text/plain; charset=utf-8", line * count)


def _typed(kind: str, body: bytes, more: bytes = b"") -> bytes:
    return HEAD + b"Content-Type: " + kind.encode() + b"\n" + more + b"\n" + body


def _attached(content: bytes, kind: str, name: str) -> bytes:
    body = (
        b"--b\nContent-Type: text/plain\n\nOpen it!\n--b\n"
        + f'Content-Type: {kind}; name="{name}"\n'.encode()
        + b"Content-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(content)
        + b"--b--\n"
    )
    return _typed("multipart/mixed; boundary=b", body)


REFUSED: Final[Mapping[str, Callable[[], bytes]]] = {
    "50 MB of text": large,
    "a header of 10 MB": header_large,
}
QUARANTINED: Final[Mapping[str, Callable[[], bytes]]] = {
    "100,000 parts": parts,
    "1,000 levels": levels,
    "1,000 levels, boundaries in pieces": levels_unseen,
    "1,000 digests within one another": digests,
    "3,000,000 lines of two dashes": dashes,
    "30,000 header fields": header_fields,
    "a line of 30 MB": line_long,
    "10,000,000 lines of quotation": quotes,
    "an archive that claims 64 GB": zip_claims,
    "archives within archives": zip_nested,
    "100 MB of zeros, packed": gzip_bomb,
}
READ: Final[Mapping[str, Callable[[], bytes]]] = {
    "1,000 mails within one another": mails_within,
    "60,000 comments within one another": comments,
    "6,000 encoded words": words,
    "40,000 parameters": parameters,
    "10,000 references": references,
    "900 signatures": signatures,
    "HTML 100,000 elements deep": html_deep,
    "HTML of 400,000 elements": html_wide,
    "HTML of tags that never end": html_open,
    "HTML that has to be mended": html_tables,
    "100,000 character references": html_entities,
    "500,000 introductions": introductions,
    "an introduction of 2 MB": introduction_long,
    "20 MB of base64 padding": base64_padding,
    "20 MB of soft line breaks": soft_breaks,
    "20 MB of no character set": binary_text,
    "4 MB of shifts between sets": stateful_text,
    "an address of 60 KB": address_long,
    "fields of 60 KB without a word": blanks,
    "a bounce that says nothing": bounce_empty,
    "20,000 Chinese introductions": introductions_zh,
}
"""These are harmless when they are read with care."""
