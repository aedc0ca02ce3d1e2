"""The content of a mail, in whatever blocks it comes in."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.mail.content import END, LINE_BYTES_MAX, Content, may_end
from channels.mail.session import Incoming
from tests.property.examples import EXAMPLES

BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
PIECES = st.sampled_from((b"\r\n", b"\r\n", b".", b"..", b"a line", b"\r", b"\n", b"\r\n.", b"x"))


def taken(blocks, bytes_max=1_000):
    content = Content(bytes_max)
    for block in blocks:
        content.take(block)
    return content.whole(), content


@settings(max_examples=EXAMPLES * 4, deadline=None)
@given(pieces=st.lists(PIECES, max_size=30), cut=st.integers(1, 7))
@example(pieces=[b"\r\n", b"..", b"\r\n"], cut=1)
def test_it_is_what_was_sent_however_it_comes_in(pieces, cut):
    plain = b"".join(pieces)
    plain += b"" if not plain or plain.endswith(b"\r\n") else b"\r\n"
    lines = plain.split(b"\r\n")
    wire = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    wire += b".\r\n"
    got, content = taken(wire[at : at + cut] for at in range(0, len(wire), cut))
    if BARE.search(plain):
        assert got == b""
        assert content.fault.text.startswith("5.5.2 Bare")
    else:
        assert content.fault is None
        assert got == plain


class Reading(Incoming):
    """A connection that has come as far as DATA."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._listening: Any = SimpleNamespace(rules=SimpleNamespace(bytes_max=1_000))


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), after=st.sampled_from((b"", b"QUIT\r\n", END)))
@example(pieces=[], after=b"QUIT\r\n")
@example(pieces=[b"\r\n"], after=END)
@example(pieces=[b"\r"], after=b"")
def test_nothing_is_read_beyond_the_end(pieces, after):
    # DATA itself has ended with CR LF.
    wire = b"\r\n" + b"".join(pieces) + END + after
    end = wire.index(END) + len(END)

    async def read():
        reader = asyncio.StreamReader(limit=8)
        reader.feed_data(wire[2:])
        reader.feed_eof()
        await Reading(reader)._content()
        return await reader.read()

    assert asyncio.run(read()) == wire[end:]


def test_a_mail_of_the_largest_size_is_taken_and_no_larger_one():
    wire = b"x" * 98 + b"\r\n.\r\n"
    assert taken([wire], 100)[0] == wire[:100]
    got, content = taken([wire], 99)
    assert (got, content.fault.code, content.is_far_over) == (b"", 552, False)
    assert taken([wire * 3], 100)[1].is_far_over


def test_a_line_is_bounded_wherever_it_is_cut():
    fits = b"a\r\n" + b"x" * (LINE_BYTES_MAX - 2) + b"\r\n.\r\n"
    assert taken([fits], 1 << 20)[1].fault is None
    wire = b"a\r\n" + b"x" * (LINE_BYTES_MAX + 1)
    for blocks in ([wire], [wire[:5], wire[5:]], [wire[:60_000], wire[60_000:]]):
        got, content = taken([*blocks, b"\r\n.\r\n"], 1 << 20)
        assert (got, content.fault.code) == (b"", 500)


@pytest.mark.parametrize("tail", [b"x\r", b"x\r\n", b"\r\n.", b"\r\n.\r"])
def test_where_an_end_may_have_begun(tail):
    assert may_end(tail)
    assert not may_end(b"x." + tail.replace(b"\r", b"").replace(b"\n", b"") + b"x")


ADDRESSES = st.text(st.sampled_from('ab.@<>"(+- \\:,X=ü'), max_size=14)


@settings(max_examples=EXAMPLES * 8, deadline=None)
@given(arg=st.one_of(ADDRESSES, ADDRESSES.map("<{}>".format), ADDRESSES.map("<a@b.c> {}".format)))
@example(arg="<a.b+c@example.com> SIZE=10 BODY=8BITMIME")
@example(arg="<" + "x" * 65 + "@example.com>")
@example(arg="<a..b@example.com>")
def test_an_address_is_read_as_by_the_library(arg):
    def read(by):
        incoming = object.__new__(Incoming)
        try:
            return by._getaddr(incoming, arg.strip())
        except Exception as error:
            return type(error)

    assert read(Incoming) == read(SMTP)
