import textwrap
from pathlib import Path

import pytest

from config.document import (
    BYTES_MAX,
    DEPTH_MAX,
    Document,
    Listing,
    Mapping,
    Scalar,
    plain,
    read_document,
)

FILE = Path("site.yaml")


def read(text: str) -> Document:
    document, mistakes = read_document(textwrap.dedent(text).encode(), FILE)
    assert document is not None
    assert mistakes == []
    return document


def wrong(raw: str | bytes) -> list[tuple[int, int, str, str]]:
    if isinstance(raw, str):
        raw = textwrap.dedent(raw).encode()
    _, mistakes = read_document(raw, FILE)
    return [(mistake.line, mistake.column, mistake.path, mistake.found) for mistake in mistakes]


def test_scalars_stay_the_text_that_was_written():
    document = read("""
        octal: 0123
        plus: +4930
        norway: no
        sexagesimal: 12:30
        float: 1e3
        quoted: "null"
        """)
    assert plain(document.root) == {
        "octal": "0123",
        "plus": "+4930",
        "norway": "no",
        "sexagesimal": "12:30",
        "float": "1e3",
        "quoted": "null",
    }


@pytest.mark.parametrize("text", ["a:", "a: ~", "a: null", "a: Null", "a: NULL"])
def test_nothing_is_none(text):
    assert plain(read(text).root) == {"a": None}


def test_every_node_knows_its_place():
    document = read("""\
        queues:
          - id: one
          - id: two
            skills: {billing: 3}
        """)
    assert document.place(("queues", 1, "id")) == (3, 9)
    assert document.place(("queues", 1, "skills", "billing")) == (4, 23)
    assert document.key_place(("queues", 1, "skills", "billing")) == (4, 14)


def test_what_is_missing_is_placed_at_what_is_around_it():
    document = read("a:\n  b: 1\n")
    assert document.place(("a", "c")) == (2, 3)
    assert document.key_place(("a", "c")) == (2, 3)
    assert document.place(("x", 3, "y")) == (1, 1)


def test_questions_by_path():
    document = read("a: [x, ~]\nb: {c: d}\n")
    assert isinstance(document.at(("a",)), Listing)
    assert isinstance(document.at(("b",)), Mapping)
    assert isinstance(document.at(("b", "c")), Scalar)
    assert document.at(("a", 2)) is None
    assert document.at(("a", "c")) is None
    assert document.text(("a", 0)) == "x"
    assert document.text(("a", 1)) is None
    assert document.text(("a",)) is None
    assert list(document.items(("a",))) == [("a", 0), ("a", 1)]
    assert list(document.items(("b",))) == []
    assert document.keys(("b",)) == ("c",)
    assert document.keys(("a",)) == ()


def test_a_key_that_stands_twice_is_named_with_the_first():
    _, mistakes = read_document(b"a:\n  b: 1\n  c: 2\n  b: 3\n", FILE)
    (mistake,) = mistakes
    assert (mistake.line, mistake.path) == (4, "a.b")
    assert mistake.hint == "the first is on line 2"


def test_an_alias_is_what_its_anchor_was():
    document = read("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n")
    assert plain(document.root) == {"a": {"b": "1"}, "c": {"b": "1"}, "d": [{"b": "1"}] * 2}


def test_an_alias_without_anchor_says_how_to_write_a_star():
    _, mistakes = read_document(b"numbers: [*60]\n", FILE)
    (mistake,) = mistakes
    assert (mistake.line, mistake.column, mistake.path) == (1, 11, "numbers[0]")
    assert mistake.hint == "for the text, write '*60' in quotes"


def test_an_alias_inside_its_anchor_is_refused():
    assert wrong("a: &x [*x]\n") == [(1, 8, "a[0]", "alias *x inside its own anchor")]


def test_a_billion_laughs_end_early():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    document, (mistake,) = read_document("\n".join(lines).encode(), FILE)
    assert document is None
    assert mistake.line == 6
    assert "every alias written out" in mistake.allowed


def test_aliases_do_not_pile_up_depth():
    lines = ["a0: &a0 [" + "[" * 10 + "]" * 10 + "]"]
    lines += [f"a{i}: &a{i} [[[[*a{i - 1}]]]]" for i in range(1, 10)]
    document, (mistake,) = read_document("\n".join(lines).encode(), FILE)
    assert document is None
    assert mistake.allowed == f"at most {DEPTH_MAX} levels"


def test_depth_is_bounded():
    document, (mistake,) = read_document(b"[" * 100_000, FILE)
    assert document is None
    assert mistake.column == DEPTH_MAX + 1


def test_size_is_bounded():
    assert wrong(b"#" * (BYTES_MAX + 1)) == [(1, 1, "", f"a file of {BYTES_MAX + 1} bytes")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, 1, "", "nothing")),
        ("# only a comment\n", (1, 1, "", "nothing")),
        ("a: 1\n---\nb: 2\n", (2, 1, "", "a second document")),
        ("a: !!python/object:os.system x\n", (1, 4, "a", "tag tag:yaml.org,2002:python/object:os.system")),  # noqa: E501
        ("a: !mine {b: 1}\n", (1, 4, "a", "tag !mine")),
        ("a: {<<: {b: 1}}\n", (1, 5, "a", "merge key <<")),
        ("? [a, b]\n: 1\n", (1, 3, "", "a list or mapping as a key")),
    ],
)  # fmt: skip
def test_what_is_not_read(text, expected):
    assert wrong(text) == [expected]


def test_what_is_under_a_refused_key_is_skipped():
    document, mistakes = read_document(b"? [a]\n: {b: [c]}\nd: 1\n", FILE)
    assert document is not None
    assert len(mistakes) == 1
    assert plain(document.root) == {"d": "1"}


def test_broken_yaml_is_one_mistake_with_its_place():
    document, mistakes = read_document(b"a: 1\nb: [1, 2\nc: 3\n", FILE)
    assert document is None
    assert [mistake.line for mistake in mistakes] == [3]


def test_tabs_are_explained():
    _, (mistake,) = read_document(b"a:\n\tb: 1\n", FILE)
    assert mistake.line == 2
    assert mistake.hint == "indent with spaces, not tabs"


def test_bytes_that_are_no_text():
    assert wrong(b"a: 1\nb: \xe9t\xff\n") == [(2, 4, "", "byte 0xe9")]


def test_a_control_character_is_named():
    ((line, column, _, found),) = wrong(b"a: 1\nb: x\x00y\n")
    assert (line, column) == (2, 5)
    assert "0" in found


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    document, mistakes = read_document("\ufeffa: 1\n".encode(), FILE)
    assert document is not None
    assert (plain(document.root), mistakes) == ({"a": "1"}, [])
