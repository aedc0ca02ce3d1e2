import pytest

from domain.need import Need, NeedKind
from tests.config_support import RIGHT, loaded, mistakes, warned

ENTRY = "    - id: {id}\n      {about}\n      en: Shall I?\n      zh: 需要吗？\n"


def with_entries(*entries: str) -> str:
    return RIGHT + "suggestions:\n  entries:\n" + "".join(entries)


def entry(name: str = "x2", about: str = "product: router-x2") -> str:
    return ENTRY.format(id=name, about=about)


def test_nothing_need_be_said_and_nothing_is_suggested() -> None:
    suggestions = loaded(RIGHT).configuration.suggestions
    assert (suggestions.enabled, suggestions.entries, suggestions.margin) == (True, [], 0.05)


def test_right_entries() -> None:
    text = with_entries(entry(), entry("bill", "topic: router-x2"))
    first, second = loaded(text).configuration.suggestions.entries
    assert first.need == Need(NeedKind.PRODUCT, "router-x2")
    assert second.need == Need(NeedKind.TOPIC, "router-x2")
    assert (first.en, first.zh, first.offer) == ("Shall I?", "需要吗？", None)
    assert warned(text) == []


@pytest.mark.parametrize(
    ("text", "path", "found", "allowed"),
    [
        (
            with_entries(entry(about="probability_min: 0.3")),
            "suggestions.entries[0]",
            "neither topic nor product",
            "one of them",
        ),
        (
            with_entries(entry(about="product: a\n      topic: b")),
            "suggestions.entries[0]",
            "topic and product",
            "one of them",
        ),
        (
            with_entries(entry(), entry("other")),
            "suggestions.entries[1].product",
            "'router-x2' a second time",
            "each product once",
        ),
        (
            with_entries(entry(), entry(about="topic: bill")),
            "suggestions.entries[1].id",
            "'x2' a second time",
            "each name once",
        ),
    ],
)
def test_an_entry_that_is_not_about_one_thing(
    text: str, path: str, found: str, allowed: str
) -> None:
    (mistake,) = mistakes(text)
    assert (mistake.path, mistake.found, mistake.allowed) == (path, found, allowed)


@pytest.mark.parametrize("missing", ["en: Shall I?", "zh: 需要吗？"])
def test_both_languages_are_wanted(missing: str) -> None:
    (mistake,) = mistakes(with_entries(entry()).replace(f"      {missing}\n", ""))
    assert mistake.path == f"suggestions.entries[0].{missing[:2]}"


@pytest.mark.parametrize("value", ["0", "1", "x"])
def test_a_probability_that_is_none(value: str) -> None:
    text = with_entries(entry() + f"      probability_min: {value}\n")
    (mistake,) = mistakes(text)
    assert mistake.path == "suggestions.entries[0].probability_min"


def test_a_topic_may_always_come_again() -> None:
    text = with_entries(entry(about="topic: bill") + "      again: true\n")
    assert [path for _, path in warned(text)] == ["suggestions.entries[0].again"]
