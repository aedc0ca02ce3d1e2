import pytest
from pydantic import ValidationError

from config.secret import Secret
from config.webhooks import URL_CHARACTERS_MAX, Webhook, is_near, signing_key
from domain.errors import ConfigurationError

KEY = bytes(range(32))
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def hook(**more: object) -> Webhook:
    there = {"id": "desk", "url": "https://desk.example.org/hook", "secret": Secret(env="DESK")}
    return Webhook.model_validate({**there, **more})


def test_alerts_are_sent_when_nothing_else_is_asked_for():
    assert hook().events == ["AlertRaised", "AlertAcknowledged", "AlertCleared"]
    assert hook().queues == []


@pytest.mark.parametrize(
    "url",
    [
        "https://desk.example.org",
        "https://desk.example.org:8443/a/b?c=d",
        "http://127.0.0.1:8080/hook",
        "http://[::1]/hook",
    ],
)
def test_a_url_that_can_be_called(url):
    assert hook(url=url).url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://desk.example.org/", "only https: and http:"),
        ("desk.example.org/hook", "only https: and http:"),
        ("https:///hook", "host is missing"),
        ("https://user:pass@desk.example.org/", "name or password"),
        ("https://user@desk.example.org/", "name or password"),
        ("https://desk.example.org/#there", "fragment"),
        ("https://desk.example.org:0/", "port 0"),
        ("https://desk.example.org:99999/", "[Pp]ort"),
        ("https://[::1/", "Invalid IPv6"),
        ("https://desk.example.org/a b", "ASCII"),
        ("https://dësk.example.org/", "ASCII"),
        ("https://desk.example.org/\r\nX: y", "ASCII"),
        ("https://desk.example.org/" + "x" * URL_CHARACTERS_MAX, "2048 characters"),
    ],
)
def test_a_url_that_cannot(url, why):
    with pytest.raises(ValidationError, match=why):
        hook(url=url)


@pytest.mark.parametrize(
    "more",
    [
        {"events": []},
        {"events": ["AlertRisen"]},
        {"timeout_s": 0},
        {"timeout_s": 61},
        {"attempts_max": 0},
        {"attempts_max": 21},
        {"id": "Two Words"},
    ],
)
def test_what_else_is_refused(more):
    with pytest.raises(ValidationError):
        hook(**more)


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_a_secret_is_a_key_in_base64(secret):
    assert signing_key(secret) == KEY


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", None),
        ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", "23 bytes"),
        ("whsec_" + "AAAA" * 22, "66 bytes"),
        ("not base64 at all", "no Base64"),
        ("whsec_schlüssel", "no Base64"),
        ("whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "no Base64"),
    ],
)
def test_a_secret_of_another_size_or_kind(secret, found):
    if found is None:
        assert len(signing_key(secret)) == 24
        return
    with pytest.raises(ConfigurationError, match=found) as refused:
        signing_key(secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.53", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.7.2", True),
        ("fd00::5", True),
        ("8.8.8.8", False),
        ("2606:4700::1", False),
        ("desk.example.org", False),
        ("localhost.example.org", False),
    ],
)
def test_which_hosts_are_near(host, near):
    assert is_near(host) is near
