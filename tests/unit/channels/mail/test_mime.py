"""A mail without parts is not gone through line by line, and comes out the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.mail import mime
from tests.property.examples import EXAMPLES

ENDS = st.sampled_from((b"\r\n", b"\r\n", b"\n", b"\r"))
LINES = st.sampled_from(
    (
        *(
            b"Subject: one",
            b"Content-Type: text/plain",
            b"From: a@example.com",
            b"\ta further line",
        ),
        *(b"", b"", b"no field", b"From nobody", b": no name", b"body \xff\x00", b".", b"--b"),
        *(b"Content-Type: multipart/mixed; boundary=b", b"content-type: MULTIpart/x", b"a:\x0cb"),
    )
)


@settings(max_examples=EXAMPLES * 8, deadline=None)
@given(parts=st.lists(st.tuples(LINES, ENDS), max_size=12))
@example(parts=[(b"Subject: one", b"\r\n"), (b"", b"\r\n"), (b"body", b"\r")])
@example(parts=[(b"Subject: one", b"\r\n"), (b"no field", b"\n"), (b"", b"\n"), (b"body", b"\n")])
def test_a_mail_reads_as_the_library_reads_it(parts):
    raw = b"".join(line + end for line, end in parts)
    ours, theirs = mime.parse(raw), mime._parsed(raw)
    assert list(ours.raw_items()) == list(theirs.raw_items())
    for (mine, level), (other, other_level) in zip(mime.walk(ours), mime.walk(theirs), strict=True):
        assert level == other_level
        assert mine.media == other.media
        assert mine.raw_content() == other.raw_content()


@pytest.mark.parametrize("field", ["Subject", "subject", "SUBJECT"])
def test_fields_are_found_by_name_in_order(field):
    part = mime.parse(f"{field}: one\r\nTo: x\r\nsubject: two\r\n\r\n".encode())
    assert part.values("subject") == ["one", "two"]
    part["Subject"] = "three"
    assert part.values("subject") == ["one", "two", "three"]
    assert part.value("cc") == ""
