"""How callbacks are configured, and what `check` says of it."""

import pytest
from pydantic import ValidationError

from config.callback import Callback, Outbound, dial_uri
from domain.errors import ConfigurationError
from tests.config_support import RIGHT, loaded, mistakes, told, warned

OUTBOUND = "    outbound: {uri: 'sip:{number}@192.0.2.10:5060'}\n"
ON = "    callback: {enabled: true%s}\n"


def text(callback: str = ON % "", *, outbound: str = OUTBOUND, more: str = "") -> str:
    made = RIGHT.replace(
        "    addresses: [192.0.2.10]\n", f"    addresses: [192.0.2.10]\n{outbound}"
    )
    made = made.replace('    numbers: ["800"]\n', f'    numbers: ["800"]\n{callback}')
    return made + more


def test_a_right_one():
    assert mistakes(text()) == []
    assert warned(text()) == []
    (queue,) = loaded(text()).configuration.queues
    assert queue.callback.enabled
    assert not Callback().enabled, "nobody is called unless somebody wants it"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (text(outbound=""), [(17, "queues[0].callback.enabled")]),
        (
            text(ON % ", numbers: {digits_min: 9, digits_max: 8}"),
            [(18, "queues[0].callback.numbers.digits_min")],
        ),
        (text(ON % ", key: '0'"), [(18, "queues[0].callback.key")]),
        (text(ON % ", numbers: {denied: ['+4a']}"), [(18, "queues[0].callback.numbers.denied[0]")]),
        (text(ON % ", retry_s: 1"), [(18, "queues[0].callback.retry_s")]),
        (
            text(more="emotion: {enabled: true}\n"),
            [(18, "queues[0].callback.key")],
        ),
        (
            text(outbound=OUTBOUND[:-2] + ", digest: {username: a, password: {env: NONE}}}\n"),
            [(8, "trunks[0].outbound.digest.password.env")],
        ),
    ],
)
def test_what_is_wrong(wrong, expected):
    assert told(wrong) == expected


def test_what_is_said_of_a_queue_whose_trunk_cannot_dial():
    (mistake,) = mistakes(text(outbound=""))
    assert "no trunk that brings calls to this queue can dial out" in str(mistake)
    assert "outbound" in str(mistake)


def test_a_trunk_that_brings_other_numbers_does_not_help():
    made = text(outbound="    numbers: ['800']\n")
    second = (
        "  - {id: other, addresses: [192.0.2.99], numbers: ['801'],"
        " outbound: {uri: 'sip:{number}@192.0.2.99'}}\n"
    )
    queue = "  - {id: sales, name: Sales, numbers: ['801']}\n"
    made = made.replace("agents:\n", second + "agents:\n").replace("http:\n", queue + "http:\n")
    assert [path for _, path in told(made)] == ["queues[0].callback.enabled"]


@pytest.mark.parametrize(
    ("odd", "path"),
    [
        (ON % ", waiting_max: 200", "queues[0].callback.waiting_max"),
        (ON % ", retry_s: 3600, hours_max: 1", "queues[0].callback.retry_s"),
        (ON % ", numbers: {allowed: ['+8811']}", "queues[0].callback.numbers.allowed[0]"),
    ],
)
def test_what_is_odd(odd, path):
    assert [each for _, each in warned(text(odd))] == [path]


def test_one_of_two_trunks_that_cannot_dial():
    second = "  - {id: other, addresses: [192.0.2.99]}\n"
    assert [path for _, path in warned(text().replace("agents:\n", second + "agents:\n"))] == [
        "queues[0].callback.enabled"
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "sip:800@192.0.2.1",
        "sip:{number}{digits}@192.0.2.1",
        "sip:{number}{number}@192.0.2.1",
        "sip:x@{number}.example",
        "tel:{number}",
        "sips:{number}@192.0.2.1",
        "sip:{number}",
        "sip:{number}@192.0.2.1\r\nX: y",
        "sip:{number}@192.0.2.1?Replaces=x",
        "<sip:{number}@192.0.2.1>",
        "sip:{number}@" + "a" * 255,
    ],
)
def test_uris_that_cannot_be_dialled(uri):
    with pytest.raises(ValidationError):
        Outbound(uri=uri)


def test_the_number_stands_in_the_uri():
    template = "sip:0{digits}@192.0.2.1;transport=tcp"
    assert dial_uri(template, "+4930111") == "sip:04930111@192.0.2.1;transport=tcp"
    assert dial_uri("sip:{number}@x.example", "+4930111") == "sip:+4930111@x.example"
    for number in ("", "+", "49@evil.example", "٤٩", "4 9"):
        with pytest.raises(ConfigurationError):
            dial_uri(template, number)
