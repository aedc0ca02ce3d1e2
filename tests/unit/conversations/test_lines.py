"""What customers are told, in both languages."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from config.conversations import Line, LineName, Lines
from conversations.lines import LINES, line_of


def test_every_line_has_both_languages() -> None:
    assert set(LINES) == set(get_args(LineName)) == set(Lines.model_fields)
    for line in LINES.values():
        for place in ("{agent}", "{opens}"):
            assert (place in line.en) is (place in line.zh)
        assert line.en.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in line.zh)


@pytest.mark.parametrize(
    ("language", "begins"),
    [("en", "Ann"), ("en-GB", "Ann"), ("fr", "Ann"), ("zh", "Ann 现"), ("zh-Hant-TW", "Ann 现")],
)
def test_the_language_of_the_customer(language: str, begins: str) -> None:
    assert line_of(Lines(), "joined", language, "Ann").startswith(begins)


def test_an_agent_without_a_name() -> None:
    assert line_of(Lines(), "joined", "en") == "An agent is here for you now."
    assert line_of(Lines(), "left", "zh").startswith("抱歉，客服人员")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Anna Berg", "Anna Berg 现在为您服务。"),
        ("座席 7", "座席 7 现在为您服务。"),
        ("Анна", "Анна 现在为您服务。"),
        ("王丽", "王丽现在为您服务。"),
        ("Anna (DE)", "Anna (DE)现在为您服务。"),
    ],
)
def test_a_space_parts_a_name_in_other_letters_from_chinese(name: str, told: str) -> None:
    assert line_of(Lines(), "joined", "zh", name) == told


def test_a_name_between_chinese_words_has_a_space_on_both_sides() -> None:
    own = Lines(left=Line(en="{agent} left", zh="很抱歉{agent}的连接已中断，{agent}不在。"))
    assert line_of(own, "left", "zh", "Ann") == "很抱歉 Ann 的连接已中断，Ann 不在。"
    assert line_of(own, "left", "zh", "王丽") == "很抱歉王丽的连接已中断，王丽不在。"
    assert line_of(own, "left", "en", "Ann") == "Ann left"


def test_the_operators_own_words_go_before_and_their_braces_stay() -> None:
    own = Lines(closed=Line(en="Bye {name} {agent}", zh="再见"))
    assert line_of(own, "closed", "en", "Ann") == "Bye {name} Ann"
    assert line_of(own, "queued", "en") == LINES["queued"].en


def test_when_a_queue_opens_is_said_as_people_say_it() -> None:
    own = Lines(offline=Line(en="Back {opens}", zh="{opens}见"))
    opens_at = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    assert line_of(own, "offline", "en", opens_at=opens_at) == "Back 09:00 on Monday, 30 November"
    assert line_of(own, "offline", "zh", opens_at=opens_at) == "11月30日星期一09:00 见"
    assert line_of(own, "offline", "en") == "Back soon"
    assert line_of(own, "offline", "zh") == "稍后见"
