import pytest

from config.disclosure import queues_that_tell
from tests.config_support import RIGHT, loaded


def told(emotion: str, right: str = RIGHT) -> str | None:
    configuration = loaded(f"{right}emotion: {emotion}\n").configuration
    (queue,) = queues_that_tell(configuration)
    return queue.prompts.disclosure


@pytest.mark.parametrize(
    ("emotion", "prompt"),
    [
        ("{}", "disclosure"),
        ("{enabled: true}", "disclosure-emotion"),
        ("{enabled: true, consent: opt_in}", "disclosure-emotion-consent"),
        ("{enabled: true, consent: off}", "disclosure"),
    ],
)
def test_where_emotion_is_read_callers_are_told(emotion: str, prompt: str) -> None:
    assert told(emotion) == prompt


def test_a_prompt_of_the_operator_stays() -> None:
    own = RIGHT.replace(
        '    numbers: ["800"]\n', '    numbers: ["800"]\n    prompts: {disclosure: greeting}\n'
    )
    assert told("{enabled: true}", own) == "greeting"
