import pytest

from config.load import load_bytes
from tests.config_support import ENVIRON, RIGHT, TOKEN, loaded, mistakes, warned
from tests.unit.config.test_webhooks import SECRET

LAST = len(RIGHT.splitlines())
ON = "emotion: {enabled: true}\n"


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setitem(ENVIRON, "DESK", SECRET)
    monkeypatch.setitem(ENVIRON, "OTHER", SECRET[:-5] + "AAAA=")


def webhooks(*hooks: str) -> str:
    return f"{RIGHT}{ON}webhooks:\n" + "".join(f"  - {{{hook}}}\n" for hook in hooks)


def hook(name: str = "desk", url: str = "https://desk.example.org/", more: str = "") -> str:
    return f"id: {name}, url: '{url}', secret: {{env: DESK}}{more}"


def only(text: str) -> tuple[str, str, str]:
    (mistake,) = mistakes(text)
    return mistake.path, mistake.found, mistake.allowed


def test_a_right_one():
    (desk,) = loaded(webhooks(hook())).configuration.webhooks
    assert desk.id == "desk"
    assert "webhooks" not in "".join(path for _, path in warned(webhooks(hook())))


def test_a_name_that_stands_twice():
    text = webhooks(hook(), hook(url="https://other.example.org/").replace("DESK", "OTHER"))
    path, found, _ = only(text)
    assert path == "webhooks[1].id"
    assert "desk" in found


@pytest.mark.parametrize("url", ["http://desk.example.org/", "http://8.8.8.8:80/x"])
def test_the_open_internet_is_not_told_in_the_clear(url):
    path, found, allowed = only(webhooks(hook(url=url)))
    assert path == "webhooks[0].url"
    assert found.startswith("http to ")
    assert allowed.startswith("https")
    assert mistakes(webhooks(hook(url=url, more=", allow_http: true"))) == []


@pytest.mark.parametrize("url", ["http://localhost:9000/x", "http://10.0.0.7/", "http://[::1]/"])
def test_a_near_host_may_be_told_in_the_clear(url):
    assert mistakes(webhooks(hook(url=url))) == []


@pytest.mark.parametrize("url", ["ftp://desk.example.org/", "https://[::1/"])
def test_what_is_no_url_is_told_once(url):
    path, _, allowed = only(webhooks(hook(url=url)))
    assert path == "webhooks[0].url"
    assert "https://desk.example.org" in allowed


def test_a_secret_that_is_no_key():
    path, found, allowed = only(webhooks(hook().replace("DESK", "TOKEN")))
    assert path == "webhooks[0].secret"
    assert "15 bytes" in found
    assert TOKEN not in found
    assert "24 to 64 bytes" in allowed


def test_a_secret_that_is_not_there():
    path, found, _ = only(webhooks(hook().replace("DESK", "NOWHERE")))
    assert path == "webhooks[0].secret.env"
    assert "not set" in found


def test_secrets_are_not_looked_up_when_none_are_wanted(tmp_path):
    text = webhooks(hook().replace("DESK", "NOWHERE")).encode()
    assert load_bytes(text, tmp_path / "site.yaml", look_up_secrets=False).configuration.webhooks


def test_one_secret_for_two():
    text = webhooks(hook(), hook("other", "https://other.example.org/"))
    assert mistakes(text) == []
    assert (LAST + 4, "webhooks[1].secret") in warned(text)


def test_a_queue_that_is_not_there():
    path, found, _ = only(webhooks(hook(more=", queues: [servise]")))
    assert path == "webhooks[0].queues[0]"
    assert "servise" in found


def test_an_event_that_is_not_there():
    path, found, _ = only(webhooks(hook(more=", events: [AlertRaised, AlertRisen]")))
    assert path == "webhooks[0].events[1]"
    assert "AlertRisen" in found


def test_alerts_alone_while_no_emotion_is_read():
    text = webhooks(hook()).replace(ON, "")
    assert (LAST + 2, "webhooks[0]") in warned(text)
    more = webhooks(hook(more=", events: [AlertRaised, ContactClosed]")).replace(ON, "")
    assert "webhooks[0]" not in [path for _, path in warned(more)]
