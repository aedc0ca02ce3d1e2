import math

import pytest

from config.prompts.phrases import (
    POSITION_MAX,
    number_pieces,
    position_pieces,
    wait_pieces,
)
from config.prompts.texts import CHINESE, ENGLISH


def spoken(pieces, language):
    """Return what a caller hears, as text."""
    if language == "zh":
        return "".join(CHINESE[piece].text for piece in pieces)
    return " ".join(ENGLISH[piece] for piece in pieces)


@pytest.mark.parametrize(
    ("position", "english", "chinese"),
    [
        (1, "You are next in the queue.", "您是下一位。"),
        (2, "You are number two in the queue.", "您目前排在第二位。"),
        (10, "You are number ten in the queue.", "您目前排在第十位。"),
        (12, "You are number twelve in the queue.", "您目前排在第十二位。"),
        (20, "You are number twenty in the queue.", "您目前排在第二十位。"),
        (21, "You are number twenty one in the queue.", "您目前排在第二十一位。"),
        (90, "You are number ninety in the queue.", "您目前排在第九十位。"),
        (100, "You are number one hundred in the queue.", "您目前排在第一百位。"),
        (105, "You are number one hundred five in the queue.", "您目前排在第一百零五位。"),
        (110, "You are number one hundred ten in the queue.", "您目前排在第一百一十位。"),
        (119, "You are number one hundred nineteen in the queue.", "您目前排在第一百一十九位。"),
        (222, "You are number two hundred twenty two in the queue.", "您目前排在第二百二十二位。"),
        (909, "You are number nine hundred nine in the queue.", "您目前排在第九百零九位。"),
        (
            1_000,
            "Thank you for waiting. We will be with you as soon as we can.",
            "感谢您的耐心等待，我们会尽快为您服务。",
        ),
    ],
)  # fmt: skip
def test_a_place_in_the_queue(position, english, chinese):
    assert spoken(position_pieces(position, "en"), "en") == english
    assert spoken(position_pieces(position, "zh"), "zh") == chinese


@pytest.mark.parametrize(
    ("wait_s", "english", "chinese"),
    [
        (0.0, "less than one minute.", "不到一分钟。"),
        (59.9, "less than one minute.", "不到一分钟。"),
        (60.0, "about one minute.", "大约一分钟。"),
        (75.0, "about one minute.", "大约一分钟。"),
        (76.0, "about two minutes.", "大约两分钟。"),
        (600.0, "about ten minutes.", "大约十分钟。"),
        (700.0, "about fifteen minutes.", "大约十五分钟。"),
        (12 * 60.0, "about fifteen minutes.", "大约十五分钟。"),
        (22 * 60.0, "about twenty five minutes.", "大约二十五分钟。"),
        (3600.0, "about sixty minutes.", "大约六十分钟。"),
        (3616.0, "more than one hour.", "超过一小时。"),
        (1e9, "more than one hour.", "超过一小时。"),
        (-5.0, "less than one minute.", "不到一分钟。"),
    ],
)
def test_an_expected_wait(wait_s, english, chinese):
    assert spoken(wait_pieces(wait_s, "en"), "en") == f"The expected wait is {english}"
    assert spoken(wait_pieces(wait_s, "zh"), "zh") == f"预计等待时间{chinese}"


@pytest.mark.parametrize("wait_s", [None, math.inf, math.nan])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_said_of_a_wait_that_is_not_known(wait_s, language):
    assert wait_pieces(wait_s, language) == []


@pytest.mark.parametrize("number", [0, -1, POSITION_MAX + 1])
def test_numbers_that_cannot_be_said(number):
    with pytest.raises(ValueError, match="from 1 to 999"):
        number_pieces(number, "en")


def test_there_is_no_place_before_the_first():
    with pytest.raises(ValueError, match="first place is 1"):
        position_pieces(0, "en")


def in_chinese(number):
    """Write a number from 1 to 999 by the rules of Chinese, another way than the code."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (digits[ones] if ones else "")


def test_every_chinese_number():
    for number in range(1, POSITION_MAX + 1):
        assert spoken(number_pieces(number, "zh"), "zh") == in_chinese(number)
