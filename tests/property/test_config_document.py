"""Whatever bytes come, the reader ends with a tree or with mistakes, and never changes a text."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import plain, read_document
from config.load import load_bytes
from config.mistake import ConfigurationMistakes, Mistake
from tests.config_support import ENVIRON, RIGHT

FILE = Path("/nowhere/site.yaml")
MODEST = settings(deadline=None, max_examples=200, derandomize=True)

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
trees = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@MODEST
@given(trees)
def test_a_tree_that_was_written_is_read_again(tree):
    raw = yaml.safe_dump({"tree": tree}, allow_unicode=True).encode()
    document, mistakes = read_document(raw, FILE)
    assert document is not None
    assert mistakes == []
    assert plain(document.root) == {"tree": tree}


@MODEST
@given(st.binary(max_size=200))
def test_any_bytes_end_with_a_tree_or_with_mistakes(raw):
    document, mistakes = read_document(raw, FILE)
    assert document is not None or mistakes


LINES = RIGHT.splitlines()


@settings(MODEST, max_examples=300)
@given(
    st.integers(0, len(LINES) - 1),
    st.one_of(
        st.sampled_from(
            ["", "  ", "- ", "a: 1", "? x", "*a", "&a b", "'", "[", "{", "\t", "!!x y"]
        ),
        texts,
        st.sampled_from(LINES),
    ),
    st.integers(0, 6),
)
def test_a_spoiled_file_is_accepted_or_refused_with_lines(index, line, indent):
    lines = [*LINES[:index], " " * indent + line, *LINES[index + 1 :]]
    text = "\n".join(lines) + "\n"
    told: Sequence[Mistake] = ()
    try:
        loaded = load_bytes(text.encode(), FILE, environ=ENVIRON)
    except ConfigurationMistakes as error:
        told = error.mistakes
    else:
        assert loaded.configuration.queues
        return
    assert told
    last = len(text.splitlines()) + 1
    for mistake in told:
        assert 1 <= mistake.line <= last
        assert mistake.column >= 1
        assert mistake.found
        assert mistake.allowed
