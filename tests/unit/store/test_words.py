from hypothesis import given, settings
from hypothesis import strategies as st

from store.vault import open_vault
from store.words import TOKENS_MAX, Query, WordMarks, tokens
from tests.property.examples import EXAMPLES

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=60)
CJK = st.text(st.sampled_from("要退款我谢返金환불"), min_size=1, max_size=6)


def test_words_are_whole_and_characters_alone_and_in_pairs():
    assert tokens(["Refund, R-4711 ＦＵＬＬ foo_bar"]) == {
        *("refund", "r", "4711", "full", "foo", "bar")
    }
    assert tokens(["要退款ok"]) == {"要", "退", "款", "要退", "退款", "ok"}
    assert tokens(["", "?!"]) == set()


def test_a_long_text_has_a_bounded_number_of_words():
    assert len(tokens([" ".join(f"w{number}" for number in range(30_000))])) == TOKENS_MAX
    assert tokens(["x" * 1_000]) == {"x" * 64}
    assert Query("x" * 1_000).tokens == {"x" * 64}


def test_three_characters_are_looked_at_in_their_order():
    query = Query("要退款")
    assert query.tokens == {"要退", "退款"}
    assert query.tokens <= tokens(["退款 要退"])
    assert not query.matches(["退款 要退"])
    assert query.matches(["?", "我要退款"])


def test_marks_tell_nothing_and_depend_on_the_key(tmp_path):
    marks = WordMarks(open_vault(tmp_path / "a.key", create=True))
    others = WordMarks(open_vault(tmp_path / "b.key", create=True))
    found = marks.of(["refund", "refund", "退款"])
    assert len(found) == 2
    assert found == sorted(found)
    assert all(len(mark) == 8 and mark.isascii() and mark.isalnum() for mark in found)
    assert not set(found) & set(others.of(["refund", "退款"]))


@settings(max_examples=EXAMPLES * 4, deadline=None)
@given(before=TEXTS, said=CJK, after=TEXTS)
def test_what_stands_in_a_text_is_found_in_it(before, said, after):
    text = f"{before}{said}{after}"
    query = Query(said)
    assert query.tokens <= tokens([text])
    assert query.matches([text])


@settings(max_examples=EXAMPLES * 4, deadline=None)
@given(said=TEXTS)
def test_a_text_is_found_by_itself(said):
    query = Query(said)
    assert query.tokens <= tokens([said])
    assert query.matches([said])


@settings(max_examples=EXAMPLES * 4, deadline=None)
@given(before=TEXTS, said=CJK, after=TEXTS, characters=st.integers(10, 40))
def test_an_excerpt_is_short_and_of_the_text(before, said, after, characters):
    text = f"{before} {said} {after}"
    excerpt = Query(said).excerpt(text, characters)
    assert 0 < len(excerpt) <= characters
    assert excerpt.strip("…").strip() in text


def test_an_excerpt_shows_the_hit():
    text = "a " * 400 + "我要退款" + " b" * 400
    excerpt = Query("退款").excerpt(text, 100)
    assert "退款" in excerpt
    assert excerpt.startswith("…")
    assert excerpt.endswith("…")
    assert Query("refund").excerpt(text, 100) == ""
    assert Query("geld").excerpt("Mein Geld", 100) == "Mein Geld"


@settings(max_examples=EXAMPLES * 4, deadline=None)
@given(said=st.text(st.characters(max_codepoint=127), max_size=60))
def test_a_text_of_ascii_is_parted_as_any_other(said):
    # One character more, and the text goes the way of those that are not ASCII.
    assert tokens([said]) == tokens([f"{said} 要"]) - {"要"}
