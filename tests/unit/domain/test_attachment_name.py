import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.attachment_name import NAME_CHARACTERS_MAX, clean_name
from tests.property.examples import EXAMPLES


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("screenshot.png", "screenshot.png"),
        ("截图 2027年3月.png", "截图 2027年3月.png"),
        ("Ünïcode – naïve.pdf", "Ünïcode – naïve.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\bill.pdf", "bill.pdf"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ('a<b>"c"|d?.txt', "a_b__c__d_.txt"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        (".htaccess", "htaccess"),
        ("bill.pdf. . ", "bill.pdf"),
        ("", "file"),
        ("...", "file"),
        ("folder/", "file"),
        ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_is_safe_and_still_the_senders(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@settings(deadline=None, max_examples=EXAMPLES * 8)
@given(st.text(max_size=400))
def test_whatever_it_was(name: str) -> None:
    kept = clean_name(name)
    assert 1 <= len(kept) <= NAME_CHARACTERS_MAX
    assert not {*kept} & {*'/\\<>:"|?*\x00\n\r\u202e'}
    assert not kept.startswith(".")
    assert kept == kept.strip()
    assert clean_name(kept) == kept, "cleaning again changes nothing"
