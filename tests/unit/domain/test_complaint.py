import time

import pytest

from domain.complaint import TEXT_CHARACTERS_MAX, finder


@pytest.mark.parametrize(
    "text",
    [
        "I want to make a COMPLAINT.",
        "I am fed  up\nwith this",
        "This is unacceptable!",
        "我要投诉",
        "你们的服務太差勁了，我要求退款",
        "再不解决就打12315",
    ],
)
def test_a_complaint_in_either_language(text):
    assert finder()(text)


@pytest.mark.parametrize("text", ["", "Thank you!", "Buscamos un router", "谢谢，已经好了"])
def test_no_complaint(text):
    assert not finder()(text)


def test_words_of_the_operator():
    finds = finder(["Kaputt", "坏了"])
    assert finds("Er ist kaputt.")
    assert finds("路由器坏了")
    assert not finds("I complain")
    assert not finder([])("anything")
    assert finder(["a+b (c"])("x a+b (c")


def test_only_the_beginning_of_a_long_text_is_looked_at():
    assert not finder()("x" * TEXT_CHARACTERS_MAX + " complaint")
    begun = time.process_time()
    finder()("still " * 30_000)
    assert time.process_time() - begun < 0.5
