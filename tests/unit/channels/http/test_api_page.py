"""docs/api.md speaks of every route, problem, close code and setting that there is."""

import re
from pathlib import Path

from channels.http.app import build_app
from channels.http.contacts import PAGE_CONTACTS_MAX
from channels.http.embedded import HEAD_BYTES_MAX, STOP_S
from channels.http.feed import CloseCode
from channels.http.gate import SOURCES_MAX, SUBPROTOCOL, TOKEN_CHARACTERS_MIN
from channels.http.problem import PROBLEMS
from config.schema import Http, Store
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings

PAGE = (Path(__file__).parents[4] / "docs" / "api.md").read_text("utf-8")


def test_every_route_and_no_other() -> None:
    paths = build_app(http_settings(), Node().ports(), token=TOKEN).openapi()["paths"]
    there = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    told = set(re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \|", PAGE, re.MULTILINE))
    assert told == there


def test_every_problem_with_its_status() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+|any) \|", PAGE, re.MULTILINE))
    assert told == {name: str(kind.status or "any") for name, kind in PROBLEMS.items()}


def test_every_close_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE)}
    # 1009 comes from the WebSocket protocol itself (RFC 6455 section 7.4.1).
    assert told == {*CloseCode, 1009}


def test_every_setting_it_names_is_one() -> None:
    for section, name in re.findall(r"`(http|store)\.([a-z_]+)`", PAGE):
        settings = {"http": Http.model_fields, "store": Store.model_fields}
        assert name in settings[section], f"{section}.{name}"


def test_the_numbers_in_it() -> None:
    assert f"at most {PAGE_CONTACTS_MAX}" in PAGE
    assert f"{SOURCES_MAX:,}" in PAGE
    assert f"{HEAD_BYTES_MAX // 1_024} KiB" in PAGE
    assert f"at least {TOKEN_CHARACTERS_MIN} printable" in PAGE
    assert SUBPROTOCOL in PAGE
    assert STOP_S * 2 == 10
