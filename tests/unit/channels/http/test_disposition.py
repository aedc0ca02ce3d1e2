import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.http.disposition import content_disposition, name_from
from domain.attachment_name import clean_name
from tests.property.examples import EXAMPLES


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("bill.pdf", 'attachment; filename="bill.pdf"'),
        (
            "截图.png",
            "attachment; filename=\".png\"; filename*=UTF-8''%E6%88%AA%E5%9B%BE.png",
        ),
        (
            "Rechnung für Müller.pdf",
            'attachment; filename="Rechnung fur Muller.pdf"; '
            "filename*=UTF-8''Rechnung%20f%C3%BCr%20M%C3%BCller.pdf",
        ),
    ],
)
def test_a_name_goes_out_in_both_forms(name: str, header: str) -> None:
    assert content_disposition(name, inline=False) == header
    assert content_disposition(name, inline=True) == header.replace("attachment", "inline")


@pytest.mark.parametrize(
    ("x_file_name", "disposition", "name"),
    [
        ("%E6%88%AA%E5%9B%BE.png", None, "截图.png"),
        ("a.png", "attachment; filename=b.png", "a.png"),
        (None, 'attachment; filename="a \\"b\\".txt"', "a _b_.txt"),
        (None, "attachment; filename=plain.txt; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        (None, "attachment; filename*=iso-8859-1'en'%A3.txt", "£.txt"),
        (None, "attachment; filename*=utf-7''x.txt; filename=y.txt", "y.txt"),
        (None, "attachment; filename=../../etc/passwd", "passwd"),
        (None, None, "file"),
        ("%00%2F", None, "file"),
    ],
)
def test_a_name_comes_in(x_file_name: str | None, disposition: str | None, name: str) -> None:
    assert name_from(x_file_name, disposition) == name


@settings(deadline=None, max_examples=EXAMPLES * 8)
@given(st.text(max_size=60).map(clean_name))
def test_a_name_that_goes_out_comes_in_again(name: str) -> None:
    header = content_disposition(name, inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert name_from(None, header) == name
