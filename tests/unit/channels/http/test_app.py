import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from channels.http.problem import PROBLEMS
from domain.agent import AgentState
from domain.contact import Channel
from domain.errors import ConfigurationError, StoreError
from domain.events import ContactArrived, ContactQueued, DisclosurePlayed
from domain.skill import SkillRequirement
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
async def client(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(http_settings(), node.ports(), token=TOKEN, version="1.2.3")
    async with in_process(app) as found:
        yield found


def in_process(app: Any, headers: dict[str, str] = BEARER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://node", headers=headers)


async def test_health(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})


async def test_readiness_tells_every_reason(client: httpx.AsyncClient, node: Node) -> None:
    answer = await client.get("/readyz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})
    node.reasons = ["cells: none is warm", "node: draining"]
    answer = await client.get("/readyz", headers={"Authorization": ""})
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": node.reasons}


async def test_metrics_are_open_unless_they_have_a_token(node: Node) -> None:
    async with in_process(build_app(http_settings(), node.ports(), token=TOKEN), {}) as client:
        answer = await client.get("/metrics")
        assert answer.text == "warmline_ready 1.0\n"
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    app = build_app(
        http_settings(), node.ports(), token=TOKEN, metrics_token="another-token-of-length"
    )
    async with in_process(app, {}) as client:
        assert (await client.get("/metrics")).status_code == 401
        for token in (TOKEN, "another-token-of-length"):
            headers = {"Authorization": f"Bearer {token}"}
            assert (await client.get("/metrics", headers=headers)).status_code == 200
        headers = {"Authorization": "Bearer another-token-of-length"}
        assert (await client.get("/api/v1/agents", headers=headers)).status_code == 401


async def test_agents_in_order(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/agents")
    assert [agent["agent_id"] for agent in answer.json()["agents"]] == ["alice", "bob"]
    answer = await client.get("/api/v1/agents", params={"state": "busy"})
    assert [agent["agent_id"] for agent in answer.json()["agents"]] == ["bob"]
    assert (await client.get("/api/v1/agents/alice")).json()["state"] == "ready"


async def test_a_state_is_asked_for(client: httpx.AsyncClient, node: Node) -> None:
    wish = {"state": "not_ready", "reason": "lunch"}
    answer = await client.post("/api/v1/agents/alice/state", json=wish)
    assert answer.status_code == 200
    assert node.agents.asked == [("alice", AgentState.NOT_READY, "lunch")]


@pytest.mark.parametrize(
    ("agent_id", "wish", "status", "kind"),
    [
        ("carol", {"state": "ready"}, 404, "not-known"),
        ("alice", {"state": "busy"}, 409, "conflict"),
        ("alice", {"state": "asleep"}, 422, "unprocessable"),
        ("alice", {}, 422, "unprocessable"),
        ("alice", {"state": "ready", "reason": "x" * 101}, 422, "unprocessable"),
        ("alice", {"state": "ready", "reason": "two\nlines"}, 422, "unprocessable"),
        ("alice", {"state": "ready", "until": 5}, 422, "unprocessable"),
    ],
)
async def test_a_state_that_cannot_be_had(
    client: httpx.AsyncClient, agent_id: str, wish: dict[str, object], status: int, kind: str
) -> None:
    answer = await client.post(f"/api/v1/agents/{agent_id}/state", json=wish)
    assert_problem(answer, status, kind)


async def test_queues_and_who_waits(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/queues")
    assert [queue["queue_id"] for queue in answer.json()["queues"]] == ["billing", "support"]
    assert (await client.get("/api/v1/queues/support")).json()["waiting"] == 2
    waiting = (await client.get("/api/v1/queues/support/waiting")).json()["waiting"]
    assert [(one["position"], one["offered_to"]) for one in waiting] == [(1, "alice"), (2, None)]
    assert_problem(await client.get("/api/v1/queues/sales"), 404, "not-known")
    assert_problem(await client.get("/api/v1/queues/sales/waiting"), 404, "not-known")


async def test_pages_of_contacts_leave_none_out(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    url: str | None = "/api/v1/contacts?limit=2&queue_id=support"
    while url is not None:
        answer = await client.get(url)
        page = answer.json()
        assert len(page["contacts"]) <= 2
        seen += [contact["contact_id"] for contact in page["contacts"]]
        url = answer.links["next"]["url"] if "next" in answer.links else None
        assert (url is None) == (page["next_before"] is None)
    assert seen == [contact_id(number) for number in (5, 4, 3, 2, 1)]


async def test_a_last_page_that_is_full_has_no_next(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/contacts", params={"limit": 5})
    assert len(answer.json()["contacts"]) == 5
    assert answer.json()["next_before"] is None
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "before=7", "before=" + "G" * 32, "queue_id=" + "q" * 64],
)
async def test_a_query_that_is_not_allowed(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/v1/contacts?{query}")
    problem = assert_problem(answer, 422, "unprocessable")
    assert problem["errors"][0]["where"] == "query." + query.partition("=")[0]


async def test_a_contact_with_its_speech(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answer = await client.get(f"/api/v1/contacts/{contact_id(3)}")
    told = answer.json()
    assert told["caller"] == "+49…56"
    assert [span["kind"] for span in told["speech"]] == ["segment", "pause"]
    assert told["interactions"][0]["outcome"] == "answered"
    assert not [line for line in lines if "in full" in line["event"]]


async def test_a_caller_shown_in_full_is_logged(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answer = await client.get(f"/api/v1/contacts/{contact_id(3)}?caller=full")
    assert answer.json()["caller"] == "+4930123456"
    assert [line for line in lines if "in full" in line["event"]]
    assert "4930123456" not in json.dumps(lines, default=str)


async def test_contacts_that_are_not_there(client: httpx.AsyncClient, node: Node) -> None:
    assert_problem(await client.get(f"/api/v1/contacts/{contact_id(99)}"), 404, "not-known")
    assert_problem(await client.get("/api/v1/contacts/99"), 422, "unprocessable")
    node.ledger.error = StoreError("database busy")
    assert_problem(await client.get(f"/api/v1/contacts/{contact_id(3)}"), 503, "unavailable")
    assert_problem(await client.get("/api/v1/contacts"), 503, "unavailable")


async def test_running_calls(client: httpx.AsyncClient) -> None:
    (call,) = (await client.get("/api/v1/calls")).json()["calls"]
    assert call["cell_id"] == "c-3"
    assert call["legs"][0]["figures"]["received"] == 500
    assert (await client.get("/api/v1/calls?queue_id=billing")).json() == {"calls": []}
    assert (await client.get(f"/api/v1/calls/{contact_id(7)}")).json() == call
    assert_problem(await client.get(f"/api/v1/calls/{contact_id(8)}"), 404, "not-known")


async def test_a_call_is_ended_once(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/api/v1/calls/{contact_id(7)}/hangup")
    assert (answer.status_code, answer.content) == (204, b"")
    again = await client.post(f"/api/v1/calls/{contact_id(7)}/hangup")
    assert_problem(again, 404, "not-known")


async def test_who_waits_to_be_called_back(client: httpx.AsyncClient) -> None:
    (one,) = (await client.get("/api/v1/callbacks")).json()["callbacks"]
    assert (one["contact_id"], one["attempts"], one["in_call"]) == (contact_id(8), 1, False)
    assert one["retry_at"] is None
    assert (await client.get("/api/v1/callbacks?queue_id=sales")).json() == {"callbacks": []}


async def test_the_waiting_who_have_hung_up_are_marked(
    client: httpx.AsyncClient, node: Node
) -> None:
    view = node.calls.called_back.pop(contact_id(8))
    node.calls.called_back[contact_id(2)] = replace(view, contact_id=contact_id(2))
    waiting = (await client.get("/api/v1/queues/support/waiting")).json()["waiting"]
    assert [(one["position"], one["callback"]) for one in waiting] == [(1, False), (2, True)]


async def test_a_callback_is_cancelled_once(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/contacts/{contact_id(8)}/callback"
    for wrong in ({}, {"cancel": False}, {"cancel": True, "number": "+979"}):
        assert_problem(await client.post(path, json=wrong), 422, "unprocessable")
    answer = await client.post(path, json={"cancel": True})
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(await client.post(path, json={"cancel": True}), 404, "not-known")


async def test_the_configuration_is_read_again(client: httpx.AsyncClient, node: Node) -> None:
    answer = await client.post("/api/v1/configuration/reload")
    assert answer.json() == {"agents": 2, "queues": 2, "trunks": 1}
    node.reload_error = ConfigurationError("warmline.yaml:3: agents[0].extension: 'x'")
    answer = await client.post("/api/v1/configuration/reload")
    assert "warmline.yaml:3" in assert_problem(answer, 422, "configuration")["detail"]


async def test_stored_events_page_by_page(client: httpx.AsyncClient, node: Node) -> None:
    for number in range(1, 6):
        node.stream.publish(DisclosurePlayed(contact_id=contact_id(number)))
    page = (await client.get("/api/v1/events?limit=3")).json()
    assert [event["seq"] for event in page["events"]] == [1, 2, 3]
    assert page["next_after"] == 3
    page = (await client.get("/api/v1/events?after=3")).json()
    assert [event["event"]["contact_id"] for event in page["events"]] == [
        contact_id(4),
        contact_id(5),
    ]
    page = (await client.get("/api/v1/events?after=5")).json()
    assert page == {"events": [], "next_after": 5}


async def test_a_filter_leaves_events_out_and_still_goes_on(
    client: httpx.AsyncClient, node: Node
) -> None:
    node.stream.publish(DisclosurePlayed(contact_id="1"))
    node.stream.publish(
        ContactArrived(contact_id="2", channel=Channel.VOICE, queue_id="q", language="en")
    )
    node.stream.publish(ContactQueued(contact_id="2", queue_id="q", language="en", priority=0))
    page = (await client.get("/api/v1/events?types=ContactArrived")).json()
    assert [event["type"] for event in page["events"]] == ["ContactArrived"]
    assert page["next_after"] == 3
    answer = await client.get("/api/v1/events?types=ContactArrived,Nonsense")
    assert "'Nonsense'" in assert_problem(answer, 422, "unprocessable")["detail"]


async def test_events_that_are_gone(client: httpx.AsyncClient, node: Node) -> None:
    node.stream.first = 100
    node.stream.publish(DisclosurePlayed(contact_id="1"))
    problem = assert_problem(await client.get("/api/v1/events?after=7"), 410, "events-gone")
    assert problem["first_sequence"] == 100
    for good in (0, 99, 100):
        assert (await client.get(f"/api/v1/events?after={good}")).status_code == 200


@pytest.mark.parametrize("name", sorted(PROBLEMS))
async def test_a_problem_explains_itself_to_anyone(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/v1/problems/{name}", headers={"Authorization": ""})
    assert answer.json()["meaning"]


async def test_an_unknown_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/api/v1/problems/nonsense"), 404, "not-known")


@pytest.mark.parametrize("path", ["/", "/nope", "/api/v1/nope", "/api/v1/agents/", "/docs", "/api"])
async def test_nothing_is_served_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path), 404, "not-found")


async def test_a_method_that_is_not_possible(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/agents/alice")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_head_where_there_is_get(client: httpx.AsyncClient) -> None:
    answer = await client.head("/healthz")
    assert answer.status_code == 200
    assert_headers(answer)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"state":'])
async def test_a_body_that_is_no_json(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(
        "/api/v1/agents/alice/state", content=body, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422, "unprocessable")


@pytest.mark.parametrize("body", [b"\xff", b"[" * 60_000, b"1" * 60_000])
async def test_a_body_that_no_parser_reads(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(
        "/api/v1/agents/alice/state", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert len(answer.content) < 1_000


async def test_a_mistake_does_not_repeat_the_value(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/agents/alice/state", json={"state": "ready", "reason": ["+4930123456"]}
    )
    assert "4930123456" not in answer.text
    assert_problem(answer, 422, "unprocessable")


async def test_what_is_raised_stays_in_the_log(node: Node) -> None:
    node.ledger.error = RuntimeError("password is swordfish")
    app = build_app(http_settings(), node.ports(), token=TOKEN)
    with capture_logs() as lines:
        async with in_process(app) as client:
            answer = await client.get("/api/v1/contacts")
    problem = assert_problem(answer, 500, "internal")
    assert "swordfish" not in answer.text
    (line,) = [line for line in lines if line["event"] == "request failed"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["request_id"] in problem["detail"]


async def test_without_a_token_nothing_is_told(client: httpx.AsyncClient, node: Node) -> None:
    for path in ("/api/v1/agents", "/api/v1/agents/alice", "/api/v1/nope", "/api/v1/events"):
        for value in ("", "Bearer wrong-token", "Basic " + TOKEN):
            answer = await client.get(path, headers={"Authorization": value})
            assert_problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert node.ports is not None


async def test_wrong_tokens_are_limited_and_the_right_one_waits_too(
    client: httpx.AsyncClient, node: Node
) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(10):
        assert (await client.get("/api/v1/agents", headers=wrong)).status_code == 401
    answer = await client.get("/api/v1/agents")
    assert_problem(answer, 429, "too-many-requests")
    assert answer.headers["retry-after"] == "60"
    assert (await client.get("/healthz")).status_code == 200
    node.clock.now_s += 60
    assert (await client.get("/api/v1/agents")).status_code == 200


async def test_a_missing_token_is_no_guess(client: httpx.AsyncClient) -> None:
    for _ in range(30):
        answer = await client.get("/api/v1/agents", headers={"Authorization": ""})
        assert answer.status_code == 401


async def test_other_origins_only_when_allowed(node: Node) -> None:
    preflight = {
        "Origin": "https://wall.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    async with in_process(build_app(http_settings(), node.ports(), token=TOKEN), {}) as client:
        answer = await client.options("/api/v1/agents", headers=preflight)
        assert "access-control-allow-origin" not in answer.headers
    settings = http_settings(allowed_origins=["https://wall.example"])
    async with in_process(build_app(settings, node.ports(), token=TOKEN), {}) as client:
        answer = await client.options("/api/v1/agents", headers=preflight)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://wall.example"
        answer = await client.get(
            "/api/v1/agents", headers={**BEARER, "Origin": "https://other.example"}
        )
        assert "access-control-allow-origin" not in answer.headers


async def test_requests_are_counted_by_template_and_not_by_path(node: Node) -> None:
    ports = node.ports()
    async with in_process(build_app(http_settings(), ports, token=TOKEN)) as client:
        await client.get("/api/v1/agents/alice")
        await client.get("/api/v1/agents/bob")
        await client.get("/secret-4930123456")
        await client.request("BREW", "/healthz")
    assert ports.figures.requests == {
        ("GET", "/api/v1/agents/{agent_id}", 200): 2,
        ("GET", "", 404): 1,
        ("OTHER", "/healthz", 405): 1,
    }


def test_a_weak_token_builds_no_app(node: Node) -> None:
    with pytest.raises(ConfigurationError, match=r"http\.token"):
        build_app(http_settings(), node.ports(), token="1234")


def assert_headers(answer: httpx.Response) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"/api/v1/problems/{kind}"
    assert problem["instance"] == answer.request.url.path
    assert problem["title"]
    assert problem["detail"]
    assert_headers(answer)
    return problem


async def test_a_customer_is_handed_over(client: httpx.AsyncClient, node: Node) -> None:
    path = f"/api/v1/calls/{contact_id(7)}/transfer"
    answer = await client.post(path, json={"skill": "complaints", "proficiency_min": 3})
    assert answer.status_code == 204
    wanted = SkillRequirement(skill="complaints", proficiency_min=3)
    assert node.calls.transferred == [(contact_id(7), wanted)]
    nobody = await client.post(path, json={"skill": "complaints", "proficiency_min": 5})
    assert_problem(nobody, 409, "conflict")
    assert "no agent who is logged in has complaints at 5" in nobody.json()["detail"]
    for wrong in ({}, {"skill": "No Skill"}, {"skill": "a", "proficiency_min": 6}):
        assert_problem(await client.post(path, json=wrong), 422, "unprocessable")
    gone = await client.post(f"/api/v1/calls/{contact_id(9)}/transfer", json={"skill": "a"})
    assert_problem(gone, 404, "not-known")
