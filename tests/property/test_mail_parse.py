"""Whatever comes is read or judged, and no half character gets through."""

import base64
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.mail.charsets import clean, decode
from channels.mail.headers import addresses, message_ids, parameters
from channels.mail.html import cleaned
from channels.mail.parse import read
from channels.mail.parsed import ParsedMail
from channels.mail.quoted import part
from channels.mail.text import from_cleaned, stripped
from channels.mail.words import from_base64, text_of
from tests.property.examples import EXAMPLES
from tests.unit.channels.mail.corpus import MAILS

SETTINGS = settings(deadline=None, derandomize=True, max_examples=4 * EXAMPLES)
LINES = st.sampled_from([b"", b"--b", b"--b--", b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: text/html; charset=gb2312", b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable", b"Subject: =?utf-8?B?w", b"From: <a@b", b"> x",
    b"On 1 Mar wrote:", b"-- ", b"Content-Type: message/delivery-status", b"Action: failed",
    b"Content-Disposition: attachment; filename*0*=x''%", b"\xff\xfe", b"=?x?Q?=00?="])  # fmt: skip


@SETTINGS
@given(
    lines=st.lists(LINES | st.binary(max_size=40), max_size=40),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
@example(lines=[b"Content-Type: text/plain; charset=idna", b"\xff", b"x"], end=b"\n")
def test_anything_is_read(lines: list[bytes], end: bytes) -> None:
    _harmless(read(end.join(lines)))


@SETTINGS
@given(
    number=st.integers(0, len(MAILS) - 1),
    cuts=st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=6)), max_size=4),
)
def test_spoiled_mails_are_read(number: int, cuts: list[tuple[int, bytes]]) -> None:
    raw = MAILS[number].read_bytes()
    for at, put in cuts:
        raw = raw[:at] + put + raw[at + 1 :]
    _harmless(read(raw))


def _harmless(found: object) -> None:
    if isinstance(found, ParsedMail):
        for text in (found.text, found.html, found.quoted, found.subject, found.message_id):
            text.encode()
            assert "\0" not in text
        for file in found.files:
            assert file.name
            assert "/" not in file.name


@SETTINGS
@given(
    raw=st.binary(max_size=200),
    charset=st.sampled_from(["", "utf-8", "gb2312", "big5", "iso-2022-jp", "utf-16", "x"]),
)
def test_bytes_become_characters(raw: bytes, charset: str) -> None:
    text, _ = decode(raw, charset)
    text.encode()
    assert not any(unicodedata.category(one) in {"Cs"} or one == "\0" for one in text)


@SETTINGS
@given(text=st.text(max_size=100))
def test_what_is_declared_is_believed(text: str) -> None:
    assert decode(text.encode(), "utf-8") == (clean(text), "")


@SETTINGS
@given(value=st.text(max_size=200))
def test_header_fields_are_read(value: str) -> None:
    for address in addresses([value]):
        assert address.address.count("@") >= 1
        assert not set(address.address) & set(" <>\r\n,;") or address.address.startswith('"')
    assert all(one.startswith("<") and one.endswith(">") for one in message_ids(value))
    parameters(value)
    text_of(value)


@SETTINGS
@given(raw=st.binary(max_size=100))
def test_base64_comes_back(raw: bytes) -> None:
    assert from_base64(base64.encodebytes(raw)) == (raw, False)


@SETTINGS
@given(html=st.text("<>/abisrcp=\"' &;-!\n", max_size=200) | st.text(max_size=100))
def test_html_is_harmless(html: str) -> None:
    safe = cleaned(html)
    assert safe is not None
    assert "<script" not in safe.lower()
    from_cleaned(safe)
    stripped(html)


@SETTINGS
@given(text=st.text(">On wrote:写道在\n -_1", max_size=200))
def test_no_line_is_lost(text: str) -> None:
    parted = part(text)
    both = f"{parted.text}\n{parted.quoted}"
    assert sorted("".join(text.split())) == sorted("".join(both.split()))
