from pathlib import Path

import pytest

from config.mistake import ConfigurationMistakes
from config.workload_file import read_workload
from tests.unit.router.simulation.rig import TINY


def mistake(text: str) -> str:
    with pytest.raises(ConfigurationMistakes) as caught:
        read_workload(text.encode(), Path("day.yaml"))
    (only,) = caught.value.mistakes
    return str(only)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("contacts_per_day: 150", "contacts_per_day: -1",
         "day.yaml:2:19: contacts_per_day: found '-1'; allowed: greater than 0"),
        ("contacts_per_day: 150", "contacts: 150",
         "day.yaml:2:1: contacts: found unknown key; allowed: name, contacts_per_day"),
        ("    priority: 1", "    priorty: 1",
         "day.yaml:9:5: queues[0].priorty: found unknown key; allowed: id, share"),
        ("    priority: 1", "    priorty: 1", "did you mean priority?"),
        ('"09:00": 3', '"9:00": 3', "found '9:00'; allowed: a time such as 08:30"),
        ("handle_s: 90", "handle_s: long", "queues[0].topics.order.handle_s: found 'long'"),
        ("name: tiny", "name: ''", "day.yaml:1:7: name: found ''; allowed: "),
        ("name: tiny\n", "", "name: found nothing; allowed: a value"),
        ("voice: 3, chat: 1", "voice: 3, fax: 1", "found 'fax'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_line_value_and_limit(old: str, new: str, said: str) -> None:
    assert old in TINY
    assert said in mistake(TINY.replace(old, new))


def test_text_that_is_no_yaml_is_named() -> None:
    assert "day.yaml:2:1: found did not find" in mistake("name: [\n")
    with pytest.raises(ConfigurationMistakes, match="UTF-8"):
        read_workload(b"name: \xff", Path("day.yaml"))
