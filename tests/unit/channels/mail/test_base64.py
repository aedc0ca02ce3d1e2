import pytest

from channels.mail.words import from_base64


@pytest.mark.parametrize(
    ("raw", "content", "broken"),
    [
        (b"aGVsbG8=", b"hello", False),
        (b"aGVs bG8\r\n=", b"hello", False),
        (b"aGVsbG8", b"hello", True),
        (b"aGVsbG8====", b"hello", True),
        (b"aGVsbG8=aGVsbG8=", b"hellohello", False),
        # One letter behind the padding, as when text runs on: it holds no byte.
        (b"aGVsbG8=a", b"hello", True),
        (b"aGVsbG8=aG", b"helloh", True),
        (b"aGVs=bG8=a=", b"hello", True),
        (b"a", b"", True),
        (b"=", b"", True),
        (b"", b"", False),
    ],
)
def test_as_much_of_it_as_can_be(raw: bytes, content: bytes, broken: bool) -> None:
    assert from_base64(raw) == (content, broken)
