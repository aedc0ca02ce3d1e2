import pytest

from config.reference import ENGLISH, documents, reference, tables
from config.reference_zh import MEANINGS, allowed


def test_the_documents_are_up_to_date():
    for path, text in documents().items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m config.reference"


def test_every_section_and_field_has_its_chinese_words():
    names = {
        name
        for table in tables()
        for name in (
            table.section,
            *(f"{table.section}.{key}" for key in table.shape["properties"]),
        )
    }
    assert set(MEANINGS) == names - {"Configuration"}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("a whole number from -20 to 19", "-20 到 19 的整数"),
        ("a number of at least 0.5 seconds", "不小于 0.5 的数字，秒"),
        ("a number over 0 and at most 1", "大于 0、不大于 1 的数字"),
        ("a number over 0 per second", "大于 0 的数字，每秒"),
        ("text of 1 to 63 characters", "文本，1 到 63 个字符"),
        ("one of udp, tcp, tls", "udp、tcp、tls 之一"),
        ("a list, at least 1: 2 to 8 digits", "列表，至少一项：2 到 8 位数字"),
    ],
)
def test_what_is_allowed_in_chinese(english, chinese):
    assert allowed(english) == chinese


def test_words_that_are_not_known_are_named():
    with pytest.raises(KeyError, match="something new"):
        allowed("something new")


def test_every_section_has_a_table():
    paths = [table.path for table in tables()]
    assert {"", "sip.listen[]", "trunks[].digest", "queues[].prompts", "http"} <= set(paths)
    assert len(paths) == len(set(paths))


def test_a_default_list_of_mappings_is_told_by_its_names():
    row = next(line for line in reference(ENGLISH).splitlines() if line.startswith("| `rules` |"))
    assert "| `angry`, `growing-upset` |" in row
