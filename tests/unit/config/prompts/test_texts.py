import re

from config.prompts.texts import CHINESE, ENGLISH
from config.schema import Prompts

CHINESE_ALONE = {"zero", "ten-after-hundred", "number-2-counted"}
ENGLISH_ALONE = {"minute"}
SYLLABLE = re.compile(r"[a-zü]+?[1-5]")


def test_both_languages_say_the_same_things():
    assert set(ENGLISH) - ENGLISH_ALONE == set(CHINESE) - CHINESE_ALONE


def test_every_character_has_its_syllable():
    for name, chinese in CHINESE.items():
        characters = re.findall(r"[\u4e00-\u9fff]", chinese.text)
        syllables = SYLLABLE.findall(chinese.pinyin)
        assert len(syllables) == len(characters), name


def test_the_reading_holds_nothing_but_syllables_and_pauses():
    for name, chinese in CHINESE.items():
        assert re.fullmatch(r"[ ,.]*", SYLLABLE.sub("", chinese.pinyin)), name


def test_every_prompt_that_a_queue_plays_by_default_has_a_text():
    names = {name for name in Prompts().model_dump().values() if name != "music"}
    assert names <= set(ENGLISH)
    assert names <= set(CHINESE)


def test_the_disclosure_names_what_is_analysed_and_promises_nothing_else():
    for word in ("record", "speech activity", "loudness", "pitch"):
        assert word in ENGLISH["disclosure"]
    for word in ("记录", "语音活动", "音量", "音高"):
        assert word in CHINESE["disclosure"].text
    assert "emotion" not in ENGLISH["disclosure"]
    assert "情绪" not in CHINESE["disclosure"].text
