import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from channels.http.gate import BearerCheck, FailureLimit, source_of, token_of
from domain.errors import ConfigurationError
from tests.unit.channels.http.fakes import TOKEN, FakeClock


def test_the_token_opens_and_nothing_else_does() -> None:
    check = BearerCheck(TOKEN)
    assert check(TOKEN)
    for wrong in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\udcff", "名"):
        assert not check(wrong)


@pytest.mark.parametrize("token", ["short", "", "fifteen-letters"])
def test_a_short_token_is_refused_with_its_length(token: str) -> None:
    with pytest.raises(ConfigurationError, match=f"http.token: {len(token)} characters"):
        BearerCheck(token)


@pytest.mark.parametrize(
    "token", ["has a space inside it", "has-a-名-inside-of-it", "tab\tinside-the-token"]
)
def test_a_token_that_fits_in_no_header_is_refused(token: str) -> None:
    with pytest.raises(ConfigurationError, match="printable ASCII"):
        BearerCheck(token, name="http.metrics_token")


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("abc", None),
    ],
)
def test_the_token_of_the_authorization_header(value: str, token: str | None) -> None:
    assert token_of(Headers({"Authorization": value})) == token


def test_the_token_of_a_subprotocol() -> None:
    assert token_of(Headers({}), ["warmline.events.v1", "bearer.abc"]) == "abc"
    assert token_of(Headers({}), ["warmline.events.v1", "bearer."]) is None
    assert token_of(Headers({"authorization": "Bearer x"}), ["bearer.abc"]) == "x"


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_what_counts_as_one_source(host: str, source: str) -> None:
    assert source_of(host) == source


@given(st.text())
def test_any_host_has_a_source(host: str) -> None:
    assert isinstance(source_of(host), str)


def test_failures_block_until_the_window_has_passed() -> None:
    clock = FakeClock()
    limit = FailureLimit(failures_max=3, window_s=60, clock=clock)
    for _ in range(2):
        limit.failed("a")
    assert limit.blocked_s("a") == 0
    clock.now_s += 10
    limit.failed("a")
    assert limit.blocked_s("a") == 50
    assert limit.blocked_s("b") == 0
    clock.now_s += 50
    assert limit.blocked_s("a") == 0
    limit.failed("a")
    assert limit.blocked_s("a") == 0


def test_a_window_that_passed_is_begun_anew() -> None:
    clock = FakeClock()
    limit = FailureLimit(failures_max=2, window_s=60, clock=clock)
    limit.failed("a")
    clock.now_s += 61
    limit.failed("a")
    assert limit.blocked_s("a") == 0


def test_the_table_of_sources_is_bounded_and_forgets_the_oldest() -> None:
    limit = FailureLimit(failures_max=1, window_s=60, clock=FakeClock(), sources_max=2)
    for source in ("a", "b", "c"):
        limit.failed(source)
    assert limit.blocked_s("a") == 0
    assert limit.blocked_s("b") > 0
    assert limit.blocked_s("c") > 0
    assert limit.forgotten == 1
