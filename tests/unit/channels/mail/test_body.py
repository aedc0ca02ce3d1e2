"""Text that was broken for transfer, HTML that cannot be cleaned, files and their names."""

import pytest

from channels.mail.body import flowed
from channels.mail.files import cleaned_name
from channels.mail.html import cleaned
from channels.mail.parse import read
from channels.mail.parsed import ParsedMail
from channels.mail.text import from_cleaned
from domain.message import TEXT_CHARACTERS_MAX
from tests import mail_hostility as hostile


@pytest.mark.parametrize(
    ("text", "joined", "expected"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("a \nb", True, "ab"),
        ("> a \n> b\nc", False, "> a b\nc"),
        (">> a \n> b", False, ">> a \n> b"),
        ("a \n-- \nb", False, "a \n-- \nb"),
        (" >not quoted", False, ">not quoted"),
        ("", False, ""),
    ],
)
def test_flowed(text: str, joined: bool, expected: str) -> None:
    assert flowed(text, joined=joined) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b\\c.txt", "c.txt"),
        ("..", ""),
        (".bashrc", "bashrc"),
        ("a\x00b\n.txt", "ab.txt"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("x" * 300, "x" * 150),
        ('a<b>:"|?*.txt', "ab.txt"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert cleaned_name(name) == expected


@pytest.mark.parametrize(
    "make", [lambda: hostile.html_deep(1_000), lambda: hostile.html_wide(60_000)]
)
def test_html_that_cannot_be_cleaned_is_kept_as_a_file(make: object) -> None:
    assert callable(make)
    found = read(make())
    assert isinstance(found, ParsedMail)
    assert found.html == ""
    assert "html too large" in found.defects
    assert [file.name for file in found.files] == ["message.html"]
    assert found.text[:1] in {"b", "x"}


def test_a_text_that_is_too_long_is_kept_as_a_file() -> None:
    found = read(b"From: a@example.com\n\n" + b"word word\n" * 30_000)
    assert isinstance(found, ParsedMail)
    assert len(found.text) == TEXT_CHARACTERS_MAX
    assert len(found.files[0].content) == 299_999
    huge = read(b"From: a@example.com\n\n" + "好好好\n".encode() * 300_000)
    assert isinstance(huge, ParsedMail)
    assert set("".join(huge.text.split())) == {"好"}
    assert len(huge.files[0].content) == 3_000_000


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ('<a href="https://example.com/">example.com</a>', "example.com"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"),
        ('<img src="cid:a" alt="Logo">', "[Logo]"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a &amp;lt; b", "a &lt; b"),
    ],
)
def test_html_in_plain_text(html: str, expected: str) -> None:
    safe = cleaned(html)
    assert safe is not None
    assert from_cleaned(safe) == expected
