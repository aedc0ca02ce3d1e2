import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from server.logs import PERSONAL_FIELDS, configure_logs, drop_personal


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    chatty = {name: logging.getLogger(name).level for name in ("uvicorn", "sqlalchemy", "asyncio")}
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def json_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_has_text_fields_time_level_and_node() -> None:
    stream = io.StringIO()
    configure_logs("json", "info", stream=stream, node="node-1", cache=False)
    structlog.get_logger("pbx.cells").info("cell started", cell_id="c-1", n=1)
    (line,) = json_lines(stream)
    assert list(line)[:5] == ["timestamp", "level", "event", "logger", "node"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "cell started",
        "cell_id": "c-1",
        "n": 1,
        "level": "info",
        "logger": "pbx.cells",
        "node": "node-1",
    }


def test_a_console_line_is_one_line_without_colours() -> None:
    stream = io.StringIO()
    configure_logs("console", "info", stream=stream, cache=False)
    structlog.get_logger("pbx.cells").info("cell started", cell_id="c-1")
    (line,) = stream.getvalue().splitlines()
    assert "cell started" in line
    assert "cell_id=c-1" in line
    assert "\x1b" not in line


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logs("json", "warning", stream=stream, cache=False)
    structlog.get_logger("x").info("no")
    structlog.get_logger("x").warning("yes")
    logging.getLogger("y").info("no")
    assert [line["event"] for line in json_lines(stream)] == ["yes"]


def test_lines_of_libraries_look_the_same_and_chatter_is_left_out() -> None:
    stream = io.StringIO()
    ours = ("sqlalchemy.engine", "websockets.server", "uvicorn.error")
    configure_logs("json", "debug", stream=stream, cache=False)
    logging.getLogger("sqlalchemy.engine").info("SELECT caller")
    logging.getLogger("websockets.server").debug("< Authorization: Bearer x")
    logging.getLogger("uvicorn.error").warning("no %s", "luck", extra={"color_message": "x"})
    # What an earlier test has left behind may say something meanwhile, when it is collected.
    (line,) = [each for each in json_lines(stream) if each.get("logger") in ours]
    assert (line["event"], line["logger"], line["level"]) == ("no luck", "uvicorn.error", "warning")
    assert "color_message" not in line


@pytest.mark.parametrize("form", ["console", "json"])
def test_personal_fields_are_dropped_and_named(form: Any) -> None:
    stream = io.StringIO()
    configure_logs(form, "info", stream=stream, cache=False)
    log = structlog.get_logger("x").bind(caller="+4930123456")
    log.info(
        "call", from_uri="sip:+4930123456@c", Token="t0ps3cret", deep={"caller": "+4930123456"}
    )
    logging.getLogger("y").warning("INVITE from <sip:+4930123456@carrier>;tag=1, tel:+4930123456")
    try:
        raise ValueError("no route to sip:+4930123456@carrier")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    text = stream.getvalue()
    assert "30123456" not in text
    assert "t0ps3cret" not in text
    assert "carrier" in text
    assert "Traceback" in text or '"exc_type": "ValueError"' in text
    for name in ("caller", "from_uri", "Token"):
        assert name in text


def test_local_variables_are_not_shown() -> None:
    for form in ("console", "json"):
        stream = io.StringIO()
        configure_logs(form, "info", stream=stream, cache=False)
        number = "+49" + "30123456"
        try:
            raise KeyError("x")
        except KeyError:
            structlog.get_logger("x").exception("failed")
        assert number not in stream.getvalue()


@given(
    st.dictionaries(
        st.sampled_from([*sorted(PERSONAL_FIELDS), "cell_id", "reason"]),
        st.just("4711"),
        min_size=1,
    ),
    st.booleans(),
)
def test_no_personal_field_is_left(fields: dict[str, str], upper: bool) -> None:
    named = {name.upper() if upper else name: value for name, value in fields.items()}
    event = drop_personal(None, "info", {"event": "x", **named})
    left = {name.lower() for name in event if name != "dropped"}
    assert not left & PERSONAL_FIELDS


@given(st.text())
def test_any_text_survives_cleaning(text: str) -> None:
    assert isinstance(drop_personal(None, "info", {"event": text})["event"], str)


def test_a_uri_that_is_only_a_host_stays() -> None:
    event = drop_personal(None, "info", {"event": "x", "uri": "sip:example.org;transport=tcp"})
    assert event["uri"] == "sip:example.org;transport=tcp"


def test_setting_up_twice_writes_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("json", stream=first, cache=False)
    configure_logs("json", stream=second, cache=False)
    structlog.get_logger("x").info("hello")
    assert not first.getvalue()
    assert len(json_lines(second)) == 1


def test_warnings_become_lines() -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        configure_logs("json", stream=stream, cache=False)
        warnings.warn("careful", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = json_lines(stream)
    assert line["logger"] == "py.warnings"
    assert "careful" in line["event"]


def test_what_json_has_no_form_for_is_written_as_text() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream, cache=False)
    structlog.get_logger("x").info("hello", thing=object, name="小明")
    (line,) = json_lines(stream)
    assert "object" in line["thing"]
    assert "小明" in stream.getvalue()
