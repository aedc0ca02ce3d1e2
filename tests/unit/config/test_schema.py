from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from config.explain import json_schema, resolved
from config.schema import (
    FEATURE_CODES,
    AgentEntry,
    Configuration,
    Rtp,
    Sip,
    SipListen,
    Trunk,
)
from config.section import Section
from domain.agent import AgentState

EXAMPLES = sorted((Path(__file__).parents[3] / "config" / "examples").glob("*.yaml"))


def validator() -> jsonschema.protocols.Validator:
    kind = jsonschema.Draft202012Validator
    kind.check_schema(json_schema())
    return kind(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_json_schema_accepts_the_examples(path):
    validator().validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"sip": {}},
        {"queues": []},
        {"rtp": {"port_min": 0}},
        {"node": {"log_level": "loud"}},
        {"agents": [{"id": "a", "name": "A", "extension": "1"}]},
    ],
)
def test_the_json_schema_refuses_what_the_loader_refuses(change):
    example = yaml.safe_load(EXAMPLES[0].read_text(encoding="utf-8"))
    assert not validator().is_valid({**example, **change})


def test_every_section_and_field_tells_the_operator_what_it_is_for():
    schema = json_schema()
    for name, section in {"Configuration": schema, **schema["$defs"]}.items():
        assert section["description"], name
        for field, shape in section["properties"].items():
            assert resolved(shape).get("description"), f"{name}.{field}"


def test_every_number_has_a_limit():
    for name, section in json_schema()["$defs"].items():
        for field, shape in section["properties"].items():
            if shape.get("type") in {"integer", "number"}:
                assert "minimum" in shape or "exclusiveMinimum" in shape, f"{name}.{field}"


def test_feature_codes_ask_for_states_that_there_are():
    assert {AgentState(state) for state in FEATURE_CODES.values()} == {
        AgentState.READY,
        AgentState.NOT_READY,
        AgentState.LOGGED_OUT,
    }


def test_a_configuration_is_not_changed_by_accident():
    with pytest.raises(ValidationError):
        Rtp().port_min = 1  # type: ignore[misc]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.0.0.1", "2001:db8::1"])
def test_addresses_to_listen_on(address):
    assert SipListen(address=address).address == address


@pytest.mark.parametrize("address", ["localhost", "1.2.3", "1.2.3.4:5060", "[::1]", ""])
def test_what_is_no_address(address):
    with pytest.raises(ValidationError):
        SipListen(address=address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "pbx.example.org"])
def test_what_cannot_be_advertised(address):
    with pytest.raises(ValidationError):
        Rtp(advertised_address=address)


@pytest.mark.parametrize("domain", ["pbx.example.org", "PBX", "192.0.2.1", "a"])
def test_domains(domain):
    assert Sip(domain=domain, listen=[SipListen()]).domain == domain


@pytest.mark.parametrize("domain", ["", "-a", "a b", "a:5060", "sip:a", "a@b", "x" * 254])
def test_what_is_no_domain(domain):
    with pytest.raises(ValidationError):
        Sip(domain=domain, listen=[SipListen()])


def agent(contact):
    return AgentEntry(id="a", name="A", extension="21", contact=contact)


@pytest.mark.parametrize(
    "uri",
    ["sip:300@192.168.7.2", "sip:a@pbx.example.org:5080;transport=tcp", "sip:a@[2001:db8::1]"],
)
def test_fixed_contacts(uri):
    assert agent(uri).contact == uri


@pytest.mark.parametrize(
    "uri",
    [
        "300@192.168.7.2",
        "tel:+4930123",
        "sips:a@b.example",
        "sip:192.168.7.2",
        "sip:a:password@b.example",
        "sip:a@b.example:0",
        "sip:a@b.example:70000",
        "sip:a@b.example\r\nRoute: <sip:evil>",
        "",
    ],
)
def test_what_is_no_fixed_contact(uri):
    with pytest.raises(ValidationError):
        agent(uri)


@pytest.mark.parametrize("number", ["800", "+4930123456", "*99", "#1", "support", "12-34.5"])
def test_numbers(number):
    assert Trunk(id="t", numbers=[number]).numbers == [number]


@pytest.mark.parametrize("number", ["", "+", "8 00", "a@b", "++49", "1" * 64, "8\n"])
def test_what_is_no_number(number):
    with pytest.raises(ValidationError):
        Trunk(id="t", numbers=[number])


def test_a_network_may_be_one_address():
    trunk = Trunk.model_validate({"id": "t", "addresses": ["192.0.2.1", "2001:db8::/32"]})
    assert [str(network) for network in trunk.addresses] == ["192.0.2.1/32", "2001:db8::/32"]


def test_defaults_are_valid_themselves():
    for name, field in Configuration.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Section):
            assert type(default).model_validate(default.model_dump()) == default, name
