"""The section `chat`: what does not fit together is named with its place."""

import pytest

from tests.config_support import ENVIRON, RIGHT, loaded, mistakes, warned

WIDGET = "  widgets: [{id: web, queue_id: service}]\n"
ON = f"{RIGHT}chat:\n  enabled: true\n{WIDGET}"
ORIGIN = "  allowed_origins: ['https://Shop.example.org:8443']\n"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRON, "SHORT", "short")
    monkeypatch.setitem(ENVIRON, "LONG", "a secret of more than thirty-two bytes")
    monkeypatch.setitem(ENVIRON, "PEM", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEF\n")
    monkeypatch.setitem(ENVIRON, "PRIVATE", "-----BEGIN PRIVATE KEY-----\nMIIBIjANBgkqhkiG9\n")


def only(text: str) -> tuple[str, str]:
    (mistake,) = mistakes(text)
    return mistake.path, mistake.found


def identity(key: str, algorithm: str = "HS256") -> str:
    return f"  identity: {{issuer: i, audience: a, algorithm: {algorithm}, key: {{env: {key}}}}}\n"


def test_a_right_one() -> None:
    chat = loaded(ON + ORIGIN).configuration.chat
    assert chat.allowed_origins == ["https://shop.example.org:8443"]
    assert not [path for _, path in warned(ON + ORIGIN) if path.startswith("chat")]


def test_a_chat_without_a_widget() -> None:
    path, found = only(f"{RIGHT}chat:\n  enabled: true\n{ORIGIN}")
    assert (path, found) == ("chat.enabled", "true, without a widget")


def test_a_widget_of_no_queue_and_one_that_stands_twice() -> None:
    text = f"{RIGHT}chat:\n  widgets:\n    - {{id: web, queue_id: servce}}\n"
    assert only(text) == ("chat.widgets[0].queue_id", "'servce', which is no queue")
    text = f"{RIGHT}chat:\n  widgets:\n" + "    - {id: web, queue_id: service}\n" * 2
    assert only(text) == ("chat.widgets[1].id", "'web' a second time")


@pytest.mark.parametrize("origin", ["shop.example.org", "https://a/b", "https://*", "ftp://a", "*"])
def test_what_is_no_origin(origin: str) -> None:
    path, _ = only(f"{ON}  allowed_origins: ['{origin}']\n")
    assert path == "chat.allowed_origins[0]"


def test_a_page_without_tls_and_a_chat_without_a_page_are_odd() -> None:
    paths = [path for _, path in warned(f"{ON}  allowed_origins: ['http://shop.example.org']\n")]
    assert "chat.allowed_origins[0]" in paths
    assert "chat.enabled" in [path for _, path in warned(ON)]
    near = f"{ON}  allowed_origins: ['http://localhost:3000']\n"
    assert not [path for _, path in warned(near) if path.startswith("chat")]


@pytest.mark.parametrize(
    ("key", "algorithm", "found"),
    [
        ("SHORT", "HS256", "a secret of 5 bytes"),
        ("PEM", "HS256", "a key in PEM"),
        ("LONG", "RS256", "no PEM"),
        ("PRIVATE", "ES256", "a private key"),
    ],
)
def test_a_key_that_does_not_fit_the_algorithm(key: str, algorithm: str, found: str) -> None:
    path, said = only(ON + ORIGIN + identity(key, algorithm))
    assert (path, said) == ("chat.identity.key", found)


def test_keys_that_fit() -> None:
    assert mistakes(ON + identity("LONG")) == []
    assert mistakes(ON + identity("PEM", "RS256")) == []


def test_a_push_over_the_open_internet_in_the_clear() -> None:
    push = "  push: {url: 'http://app.example.org/', secret: {env: LONG}}\n"
    assert {mistake.path for mistake in mistakes(ON + ORIGIN + push)} == {
        "chat.push.url",
        "chat.push.secret",
    }
