"""The OpenAPI document says everything about every route."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

from channels.http.app import build_app
from channels.http.events import EventOut
from domain.emotion import EmotionScore, LabelProbabilities
from domain.event_codec import encode
from domain.events import EVENT_TYPES, Envelope
from tests.emotion_support import PITCH, window
from tests.unit.channels.http.fakes import START, TOKEN, Node, http_settings

OPEN = {"/healthz", "/readyz", "/metrics", "/api/v1/problems/{name}"}
NO_CONTENT = {"204", "304"}
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


def document() -> dict[str, Any]:
    made: dict[str, Any] = build_app(http_settings(), Node().ports(), token=TOKEN).openapi()
    return made


DOCUMENT = document()
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
IDS = [f"{method} {path}" for path, method, _ in OPERATIONS]
every_operation = pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)


def test_every_route_is_there() -> None:
    assert set(IDS) == {
        "delete /api/v1/customers/{number}",
        "delete /api/v1/dead-letters/{letter_id}",
        "delete /api/v1/customers/{number}/identifiers",
        "get /api/v1/agents",
        "get /api/v1/agents/{agent_id}",
        "get /api/v1/agents/{agent_id}/conversations",
        "get /api/v1/alerts",
        "get /api/v1/attachments/{attachment_id}",
        "get /api/v1/attachments/{attachment_id}/content",
        "get /api/v1/callbacks",
        "get /api/v1/calls",
        "get /api/v1/calls/{contact_id}",
        "get /api/v1/contacts",
        "get /api/v1/contacts/{contact_id}",
        "get /api/v1/contacts/{contact_id}/candidates",
        "get /api/v1/contacts/{contact_id}/customer",
        "get /api/v1/contacts/{contact_id}/decisions",
        "get /api/v1/contacts/{contact_id}/eligibility",
        "get /api/v1/contacts/{contact_id}/mood",
        "get /api/v1/contacts/{contact_id}/suggestion",
        "get /api/v1/contacts/{contact_id}/tickets",
        "get /api/v1/conversations/{conversation_id}",
        "get /api/v1/conversations/{conversation_id}/messages",
        "get /api/v1/customers/{customer_id}/conversations",
        "get /api/v1/customers/{number}",
        "get /api/v1/customers/{number}/tickets",
        "get /api/v1/customers/{number}/export",
        "get /api/v1/customers/{number}/identifiers",
        "get /api/v1/customers/{number}/merges",
        "get /api/v1/customers/{number}/timeline",
        "get /api/v1/emotion",
        "get /api/v1/events",
        "get /api/v1/figures/agents",
        "get /api/v1/figures/live",
        "get /api/v1/figures/queues",
        "get /api/v1/learning",
        "delete /api/v1/mail/quarantine/{quarantine_id}",
        "get /api/v1/mail/quarantine",
        "get /api/v1/mail/quarantine/{quarantine_id}",
        "post /api/v1/mail/quarantine/{quarantine_id}/release",
        "get /api/v1/problems/{name}",
        "get /api/v1/queues",
        "get /api/v1/queues/{queue_id}",
        "get /api/v1/queues/{queue_id}/waiting",
        "get /api/v1/tickets",
        "get /api/v1/tickets/{ticket}",
        "get /api/v1/tickets/{ticket}/trail",
        "get /api/v1/search",
        "get /healthz",
        "get /metrics",
        "get /readyz",
        "get /api/v1/webhooks/{webhook_id}/dead-letters",
        "patch /api/v1/tickets/{ticket}",
        "post /api/v1/agents/{agent_id}/offers/{offer_id}/accept",
        "post /api/v1/agents/{agent_id}/offers/{offer_id}/decline",
        "post /api/v1/agents/{agent_id}/state",
        "post /api/v1/alerts/{alert_id}/acknowledge",
        "post /api/v1/attachments",
        "post /api/v1/calls/{contact_id}/hangup",
        "post /api/v1/calls/{contact_id}/transfer",
        "post /api/v1/configuration/reload",
        "post /api/v1/contacts/{contact_id}/callback",
        "post /api/v1/contacts/{contact_id}/consent",
        "post /api/v1/contacts/{contact_id}/customer",
        "post /api/v1/contacts/{contact_id}/outcome",
        "post /api/v1/contacts/{contact_id}/mail",
        "post /api/v1/conversations/{conversation_id}/call",
        "post /api/v1/conversations/{conversation_id}/close",
        "post /api/v1/conversations/{conversation_id}/mark",
        "post /api/v1/conversations/{conversation_id}/messages",
        "post /api/v1/conversations/{conversation_id}/notes",
        "post /api/v1/conversations/{conversation_id}/park",
        "post /api/v1/conversations/{conversation_id}/resume",
        "post /api/v1/conversations/{conversation_id}/transfer",
        "post /api/v1/customers/import",
        "post /api/v1/dead-letters/{letter_id}/send",
        "post /api/v1/outreach",
        "get /api/v1/customers/{customer_id}/outreach",
        "post /api/v1/tickets",
        "post /api/v1/tickets/{ticket}/links",
        "post /api/v1/tickets/{ticket}/merge",
        "post /api/v1/tickets/{ticket}/notes",
        "post /api/v1/tickets/{ticket}/steps",
        "post /api/v1/customers/{number}/identifiers",
        "post /api/v1/customers/{number}/merges",
        "post /api/v1/merges/{merge_id}/undo",
        "put /api/v1/customers/{number}",
    }


@every_operation
def test_an_operation_says_what_it_is(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    (tag,) = operation["tags"]
    assert tag in {one["name"] for one in DOCUMENT["tags"] if one["description"]}


@every_operation
def test_an_operation_says_who_may(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation.get("security", []) == ([] if path in OPEN else [{"bearer": []}])


@every_operation
def test_an_operation_says_what_it_answers(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    answers = operation["responses"]
    good = [status for status in answers if status < "300"]
    assert len(good) == 1 or good == ["200", "206"]
    for status, answer in answers.items():
        assert len(answer["description"]) > 5, status
        if status in NO_CONTENT:
            continue
        assert answer["content"], status
        assert all(content["schema"] for content in answer["content"].values()), status
    assert "500" in answers
    if path not in OPEN:
        assert {"400", "401", "408", "413", "422", "429"} <= answers.keys()
        for status in answers.keys() - set(good) - NO_CONTENT:
            assert list(answers[status]["content"]) == ["application/problem+json"]
            (problem,) = answers[status]["content"].values()
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert problem["examples"]
    if "{" in path:
        assert "404" in answers


@every_operation
def test_an_operation_says_what_its_parameters_are(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]
        assert parameter.get("examples") or parameter["schema"].get("examples"), parameter["name"]


@every_operation
def test_an_operation_says_what_its_body_is(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind != "application/json":
            assert content["schema"]["type"] == "string"
            assert content["example"]
            continue
        schema = resolve(content["schema"])
        assert schema["examples"]
        assert schema["additionalProperties"] is False


def domain_events() -> set[str]:
    records = {"SpeechSpan", "SkillRequirement", "EmotionScore", "LabelProbabilities", "Evidence"}
    records |= {"Prosody", "Decision", "Candidate"}
    return {*EVENT_TYPES} | records


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_a_schema_says_what_it_holds(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    assert schema.get("description") or schema.get("enum"), name
    if name in domain_events():
        return  # Described by their own docstrings; their fields are the domain's.
    for field, inner in schema.get("properties", {}).items():
        assert inner.get("description"), f"{name}.{field}"
        refers = "$ref" in json.dumps(inner)
        assert refers or inner.get("examples"), f"{name}.{field} has no example"


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert resolve({"$ref": reference})
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_every_event_is_described_and_fits_what_is_sent() -> None:
    read = TypeAdapter(EventOut)
    for kind in EVENT_TYPES.values():
        envelope = Envelope(sequence=7, at=START, event=example(kind))
        told = read.validate_json(encode(envelope))
        assert (told.seq, told.type) == (7, kind.__name__)
        assert kind.__name__ in DOCUMENT["components"]["schemas"]


def example(hint: Any) -> Any:
    """Return some value of that type, with something in each field."""
    if hint is EmotionScore:  # Its fields must fit together.
        shares = LabelProbabilities(angry=0.75, sad=0.25)
        return window(2.0, 0.75, valence=-0.5, probabilities=shares, evidence=(PITCH,))
    if hint is datetime:
        return START
    if get_origin(hint) is Mapping:
        return {example(inner): example(get_args(hint)[1]) for inner in get_args(hint)[:1]}
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        values = {field.name: example(hints[field.name]) for field in fields(hint)}
        return hint(**values)  # type: ignore[operator]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint))
    if get_origin(hint) is tuple:
        return (example(get_args(hint)[0]),)
    if get_args(hint):
        return example(next(inner for inner in get_args(hint) if inner is not NoneType))
    return {str: "x", int: 1, float: 1.5, bool: True}[hint]


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = DOCUMENT
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)
