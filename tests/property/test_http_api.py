"""Whatever is asked of the API, the answer is one of those that it promises."""

import asyncio
import json
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Message

from channels.http.app import build_app
from channels.http.problem import PROBLEM_PATH, PROBLEMS
from domain.contact import Channel
from tests.unit.channels.conversation_fakes import (
    FakeConversations,
    FakeVault,
    conversation,
    hex_id,
)
from tests.unit.channels.escalation_fakes import FakeEscalations
from tests.unit.channels.http.care_fakes import FakeCare, alert_id
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.identity_fakes import FakeIdentities, FakeTimelines
from tests.unit.channels.http.quarantine_fakes import FakeQuarantine
from tests.unit.channels.http.ticket_fakes import FakeTickets

SEGMENTS = st.one_of(
    st.sampled_from(
        [
            "api",
            "v1",
            "agents",
            "alice",
            "state",
            "queues",
            "support",
            "waiting",
            "contacts",
            "calls",
            "hangup",
            "transfer",
            "alerts",
            "acknowledge",
            "emotion",
            "mood",
            "consent",
            "customer",
            "customers",
            "import",
            "conversations",
            "messages",
            "notes",
            "mark",
            "close",
            "offers",
            "accept",
            "attachments",
            "content",
            "outcome",
            *("tickets", "steps", "notes", "links", "merge", "trail", "1"),
            "C-1",
            "identifiers",
            "merges",
            "undo",
            "candidates",
            "timeline",
            "export",
            "search",
            "events",
            "problems",
            "configuration",
            "reload",
            "healthz",
            "metrics",
            "..",
            ".",
            "%2e%2e",
            "%00",
            contact_id(3),
            alert_id(1),
        ]
    ),
    st.text(max_size=8),
)
ROUTES = st.one_of(
    st.lists(SEGMENTS, max_size=6).map("/".join),
    st.tuples(st.just("api/v1"), SEGMENTS, SEGMENTS, SEGMENTS).map("/".join),
    st.sampled_from(
        [
            "api/v1/agents/alice/state",
            "api/v1/contacts",
            "api/v1/events",
            f"api/v1/calls/{contact_id(7)}/hangup",
            f"api/v1/calls/{contact_id(7)}/transfer",
            "api/v1/alerts",
            f"api/v1/alerts/{alert_id(1)}/acknowledge",
            f"api/v1/contacts/{contact_id(1)}/mood",
            f"api/v1/contacts/{contact_id(1)}/consent",
            f"api/v1/contacts/{contact_id(1)}/customer",
            f"api/v1/contacts/{contact_id(1)}/outcome",
            f"api/v1/contacts/{contact_id(1)}/candidates",
            "api/v1/customers/C-1",
            "api/v1/customers/C-1/identifiers",
            "api/v1/customers/C-1/merges",
            "api/v1/customers/C-1/timeline",
            "api/v1/customers/C-1/export",
            f"api/v1/merges/{contact_id(900)}/undo",
            "api/v1/search",
            "api/v1/customers/import",
            "api/v1/tickets",
            *(f"api/v1/tickets/1/{what}" for what in ("steps", "notes", "links", "merge")),
            "api/v1/tickets/1",
            f"api/v1/contacts/{contact_id(1)}/tickets",
            "api/v1/customers/C-1/tickets",
            "api/v1/attachments",
            f"api/v1/attachments/{hex_id(4_000)}",
            f"api/v1/attachments/{hex_id(4_000)}/content",
            f"api/v1/conversations/{hex_id(1)}",
            *(
                f"api/v1/conversations/{hex_id(number)}/{act}"
                for number in (1, 99)
                for act in ("messages", "notes", "mark", "park", "resume", "transfer", "close")
            ),
            "api/v1/agents/alice/conversations",
            f"api/v1/agents/alice/offers/{hex_id(702)}/accept",
            f"api/v1/customers/{hex_id(901)}/conversations",
            f"api/v1/conversations/{hex_id(1)}/call",
            f"api/v1/contacts/{contact_id(1)}/mail",
            "api/v1/mail/quarantine",
            f"api/v1/mail/quarantine/{hex_id(1)}",
            f"api/v1/mail/quarantine/{hex_id(2)}/release",
        ]
    ),
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *("limit", "before", "queue_id", "after", "types", "state", "caller", "language"),
            *("identifiers", "check", "overdue", "owner_id"),
            *("identifiers", "check", "words", "customer"),
            *("identifiers", "check", "notes", "save"),
        ]
    ),
    st.one_of(st.integers().map(str), st.text(max_size=12), st.just(contact_id(3))),
    max_size=3,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    *("state", "reason", "by", "answer", "value", "phones", "topic"),
                    *("trigger", "text", "into", "priority", "owner_id", "subject"),
                    *("kind", "proof", "member_id", "customer_id"),
                    *("client_id", "text", "agent_id", "sequence", "until", "skill", "to_queue"),
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
BODIES = st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode()))
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
TYPES = st.sampled_from(
    ["application/json", "text/csv", "application/jsonl", "multipart/form-data", ""]
)


def conversations() -> FakeConversations:
    fake = FakeConversations()
    fake.add(conversation(1), conversation(2, channel=Channel.MAIL))
    return fake


PORTS = replace(
    Node().ports(),
    care=FakeCare(),
    customers=FakeDirectory(),
    outcomes=FakeDirectory(),
    tickets=FakeTickets(),
    identities=FakeIdentities(),
    identity_desk=FakeIdentities(),
    timelines=FakeTimelines(),
    exporter=FakeTimelines(),
    messages=FakeTimelines(),  # type: ignore[arg-type]
    conversations=conversations(),
    attachments=FakeVault(),
    escalations=FakeEscalations(),
    quarantine=FakeQuarantine(),
)
APP = build_app(http_settings(auth_failures_max=1_000_000), PORTS, token=TOKEN)


@dataclass
class Answer:
    status: int
    headers: Headers
    body: bytes


async def ask(
    method: str, path: str, *, query: str = "", body: bytes = b"", headers: dict[str, str]
) -> Answer:
    """Ask at the ASGI seam, where any text can be a path."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [*raw, (b"content-length", str(len(body)).encode())],
        "client": ("192.0.2.7", 1),
        "server": ("node", 80),
    }
    sent: list[Message] = []
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not requests:
            # A client that waits for the answer says nothing more.
            await asyncio.Event().wait()
        return requests.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await APP(scope, receive, send)
    start = sent[0]
    return Answer(
        status=start["status"],
        headers=Headers(raw=start["headers"]),
        body=b"".join(message.get("body", b"") for message in sent[1:]),
    )


def check(answer: Answer) -> None:
    assert answer.status < 500, answer.body
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert problem["status"] == answer.status
        assert problem["type"].removeprefix(PROBLEM_PATH) in PROBLEMS
        assert problem["detail"]


@settings(deadline=None, max_examples=300, derandomize=True)
@given(METHODS, ROUTES, QUERIES, BODIES, TYPES)
async def test_every_answer_is_one_that_is_promised(
    method: str, path: str, query: dict[str, str], body: bytes, kind: str
) -> None:
    headers = {**BEARER, "Content-Type": kind}
    check(await ask(method, "/" + path, query=urlencode(query), body=body, headers=headers))


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    ROUTES.filter(lambda path: not path.startswith("api/v1/problems/")),
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
)
async def test_no_path_under_the_api_opens_without_the_token(path: str, token: str) -> None:
    answer = await ask("GET", "/" + path, headers={"Authorization": f"Bearer {token}"})
    check(answer)
    if path.startswith("api/"):
        assert answer.status == 401
