import pytest

from tests.config_support import ENVIRON, RIGHT, loaded, mistakes, warned
from tests.unit.config.test_webhooks import SECRET

URL = "https://crm.example.org/who"


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setitem(ENVIRON, "CRM", SECRET)
    monkeypatch.setitem(ENVIRON, "SHORT", "whsec_AAAA")


def lookup(url: str = URL, more: str = "", env: str = "CRM") -> str:
    return f"{RIGHT}customers: {{lookup: {{url: '{url}', secret: {{env: {env}}}{more}}}}}\n"


def only(text: str) -> tuple[str, str]:
    (mistake,) = mistakes(text)
    return mistake.path, mistake.found


def test_without_the_section_contacts_are_remembered_for_a_year():
    customers = loaded(RIGHT).configuration.customers
    assert (customers.history_days, customers.lookup) == (365, None)


def test_a_right_one():
    asked = loaded(lookup()).configuration.customers.lookup
    assert asked is not None
    assert asked.timeout_s == 0.5
    assert "customers" not in "".join(path for _, path in warned(lookup()))


def test_customers_are_not_named_in_the_clear():
    url = "http://crm.example.org/who"
    assert only(lookup(url)) == ("customers.lookup.url", "http to crm.example.org")
    assert mistakes(lookup(url, ", allow_http: true")) == []
    assert mistakes(lookup("http://127.0.0.1:9000/")) == []


def test_a_key_that_is_too_short():
    path, found = only(lookup(env="SHORT"))
    assert path == "customers.lookup.secret"
    assert found == "a secret of 3 bytes"


def test_a_key_that_is_missing():
    assert only(lookup(env="NOWHERE"))[0] == "customers.lookup.secret.env"


@pytest.mark.parametrize("more", ["timeout_s: 0", "cache_max: 0", "at_once_max: 101", "retry_s: 0"])
def test_a_limit_that_is_none(more):
    path, _ = only(lookup(more=f", {more}"))
    assert path == f"customers.lookup.{more.partition(':')[0]}"


def test_a_slow_question_is_odd():
    assert "customers.lookup.timeout_s" in [p for _, p in warned(lookup(more=", timeout_s: 5"))]


def test_a_key_of_two_receivers_is_odd():
    hook = "id: desk, url: 'https://desk.example.org/', secret: {env: CRM}"
    hook = f"webhooks:\n  - {{{hook}, events: [ContactClosed]}}\n"
    assert "customers.lookup.secret" in [path for _, path in warned(lookup() + hook)]
