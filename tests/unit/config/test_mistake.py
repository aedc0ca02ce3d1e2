from pathlib import Path

import pytest

from config.mistake import ConfigurationMistakes, Mistake, Place, path_text


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), ""),
        (("sip",), "sip"),
        (("queues", 1, "skills", "billing"), "queues[1].skills.billing"),
        (("a", "Bad Key", "x-y"), 'a["Bad Key"].x-y'),
        ((0, "a"), "[0].a"),
    ],
)
def test_paths_read_as_people_write_them(keys, text):
    assert path_text(keys) == text


def test_one_line_that_editors_jump_from():
    mistake = Mistake(Path("a.yaml"), Place(3, 7), ("x",), "'1'", "a number", "try 2")
    assert str(mistake) == "a.yaml:3:7: x: found '1'; allowed: a number (try 2)"
    whole_file = Mistake(Path("a.yaml"), Place(1, 1), (), "nothing", "a mapping")
    assert str(whole_file) == "a.yaml:1:1: found nothing; allowed: a mapping"


def test_mistakes_stand_in_the_order_of_the_file():
    mistakes = [Mistake(Path("a.yaml"), Place(line, 1), (), "x", "y") for line in (3, 1, 2)]
    error = ConfigurationMistakes(Path("a.yaml"), mistakes)
    assert [mistake.line for mistake in error.mistakes] == [1, 2, 3]
    assert str(error).startswith("a.yaml: 3 mistakes\n")
    assert str(ConfigurationMistakes(Path("a.yaml"), mistakes[:1])).startswith(
        "a.yaml: 1 mistake\n"
    )
