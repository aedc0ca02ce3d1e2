import re
from dataclasses import fields

import pytest

from domain.decision import Obstacle, Reason, Scheme
from domain.decision_trail import Fate
from domain.decision_words import CHINESE, ENGLISH, LANGUAGES, Words, words_of

TABLES = {
    "worse": Reason,
    "better": Reason,
    "obstacle": Obstacle,
    "scheme": Scheme,
    "fate": Fate,
}


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize(("table", "kind"), TABLES.items(), ids=TABLES)
def test_there_is_a_word_for_everything(words: Words, table, kind):
    assert set(getattr(words, table)) == set(kind)
    assert all(getattr(words, table).values())


def test_both_languages_have_the_same_sentences_with_the_same_places():
    assert ENGLISH.told.keys() == CHINESE.told.keys()
    assert ENGLISH.languages.keys() == CHINESE.languages.keys()
    for name in [*TABLES, "told"]:
        for key, english in getattr(ENGLISH, name).items():
            chinese = getattr(CHINESE, name)[key]
            places = [set(re.findall(r"{(\w+)}", text)) for text in (english, chinese)]
            assert places[0] == places[1], (name, key)


def test_chinese_is_chinese():
    for each in fields(CHINESE):
        value = getattr(CHINESE, each.name)
        texts = list(value.values()) if not isinstance(value, str) else [value]
        for text in texts:
            bare = re.sub(r"{\w+}|UTC", "", text)
            assert not re.search(r"[A-Za-z]", bare), text


@pytest.mark.parametrize(
    ("tag", "words"), [("zh-Hant-TW", CHINESE), ("ZH", CHINESE), ("en", ENGLISH), ("", ENGLISH)]
)
def test_a_tag_finds_its_words(tag, words):
    assert words_of(tag) is words
