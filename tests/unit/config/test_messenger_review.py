import pytest

from tests.config_support import ENVIRON, RIGHT, loaded, mistakes, warned
from tests.unit.config.test_webhooks import SECRET


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setitem(ENVIRON, "CHATTY", SECRET)
    monkeypatch.setitem(ENVIRON, "SHORT", "whsec_AAAA")


def messengers(*entries: str) -> str:
    return f"{RIGHT}messengers:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def messenger(
    name: str = "chatty",
    queue: str = "service",
    url: str = "https://adapter.example.org/",
    secret: str = "CHATTY",
) -> str:
    return f"id: {name}, queue_id: {queue}, url: '{url}', secret: {{env: {secret}}}"


def test_a_right_one():
    (chatty,) = loaded(messengers(messenger())).configuration.messengers
    assert (chatty.id, chatty.language, chatty.attempts_max) == ("chatty", "en", 12)


@pytest.mark.parametrize(
    ("entry", "field", "found"),
    [
        (messenger(queue="servic"), "queue_id", "'servic', which is no queue"),
        (messenger("mail"), "id", "'mail'"),
        (messenger(url="http://adapter.example.org/"), "url", "http to adapter.example.org"),
        (messenger(secret="SHORT"), "secret", "a secret of 3 bytes"),
    ],
)
def test_a_wrong_one(entry, field, found):
    (mistake,) = mistakes(messengers(entry))
    assert mistake.path == f"messengers[0].{field}"
    assert mistake.found == found


def test_a_name_that_stands_twice_and_a_key_of_two():
    (mistake,) = mistakes(messengers(messenger(), messenger()))
    assert mistake.path == "messengers[1].id"
    assert ("messengers[1].secret") in {
        path for _, path in warned(messengers(messenger(), messenger("other")))
    }
