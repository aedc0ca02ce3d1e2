import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.http.ranges import NotSatisfiable, Part, matches, part_of
from tests.property.examples import EXAMPLES

ETAG = '"abc"'


def asked(size: int, range_: str | None, if_range: str | None = None) -> Part | None:
    try:
        return part_of(size, range_=range_, if_range=if_range, etag=ETAG)
    except NotSatisfiable:
        return None


@pytest.mark.parametrize(
    ("range_", "part"),
    [
        (None, Part(0, 100, whole=True)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=10-19", Part(10, 20)),
        ("bytes=10-", Part(10, 100)),
        ("bytes=-10", Part(90, 100)),
        ("bytes=-500", Part(0, 100)),
        ("bytes=90-500", Part(90, 100)),
        (" Bytes = 1 - 2 ", Part(1, 3)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=20-10", Part(0, 100, whole=True)),
        ("bytes=0-1,5-6", Part(0, 100, whole=True)),
        ("bytes=a-b", Part(0, 100, whole=True)),
        ("bytes=-", Part(0, 100, whole=True)),
        ("items=0-1", Part(0, 100, whole=True)),
        ("bytes=٣-٤", Part(0, 100, whole=True)),
        ("bytes=" + "9" * 30 + "-", Part(0, 100, whole=True)),
    ],
)
def test_a_range(range_: str | None, part: Part | None) -> None:
    assert asked(100, range_) == part


def test_a_range_of_another_version_is_passed_over() -> None:
    assert asked(100, "bytes=0-1", ETAG) == Part(0, 2)
    for other in ('"abd"', 'W/"abc"', "Mon, 01 Mar 2027 09:00:00 GMT"):
        assert asked(100, "bytes=0-1", other) == Part(0, 100, whole=True)


def test_an_empty_file_has_no_range() -> None:
    assert asked(0, None) == Part(0, 0, whole=True)
    assert asked(0, "bytes=0-") is None


def test_a_client_that_has_it() -> None:
    assert matches(ETAG, ETAG)
    assert matches(f'"x", W/{ETAG}', ETAG)
    assert matches("*", ETAG)
    assert not matches('"x"', ETAG)
    assert not matches(None, ETAG)


@settings(deadline=None, max_examples=EXAMPLES * 8)
@given(
    st.binary(max_size=50),
    st.one_of(st.none(), st.integers(0, 60)),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_a_part_is_the_slice_that_was_asked_for(
    content: bytes, first: int | None, last: int | None
) -> None:
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        expected = content if last is None else (content[-last:] if last else b"")
    elif last is not None and last < first:
        expected = content
    else:
        expected = content[first:] if last is None else content[first : last + 1]
    part = asked(len(content), text)
    if part is None:
        assert expected == b""
    else:
        assert content[part.begin : part.end] == expected
        assert part.length == len(expected)
