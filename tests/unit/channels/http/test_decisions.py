"""Decisions and eligibility over HTTP, in both languages."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import pytest

from channels.http.app import build_app
from channels.http.language import preferred
from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.decision_ports import Eligibility
from domain.errors import NotKnown, StoreError
from tests.unit.channels.http.fakes import START, TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.test_care import connected, problem

DECISION = Decision(
    offer_id=contact_id(501),
    contact_id=contact_id(1),
    queue_id="support",
    chosen=Candidate(agent_id="alice", cost_s=-2.0, terms={Reason.IDLE: -2.0}),
    others=(
        Candidate(
            agent_id="bob",
            cost_s=10.0,
            terms={Reason.LANGUAGE: 10.0},
            offered_other=contact_id(2),
        ),
    ),
    others_count=1,
    obstacles={Obstacle.STATE: 2},
    waited_s=22.0,
    urgency_s=45.0,
    scheme=Scheme.CONTROL,
    propensity=0.1,
    at=START + timedelta(minutes=1),
)


@dataclass
class FakeDecisions:
    told: list[Decision] = field(default_factory=lambda: [DECISION])
    error: Exception | None = None

    async def of_contact(self, contact_id: str) -> Sequence[Decision]:
        if self.error:
            raise self.error
        return [one for one in self.told if one.contact_id == contact_id]


class FakeEligibility:
    def eligibility(self, asked: str) -> Sequence[Eligibility]:
        if asked != contact_id(1):
            raise NotKnown("waiting contact", asked)
        return [
            Eligibility(agent_id="alice", cost_s=12.0),
            Eligibility(agent_id="bob", obstacle=Obstacle.SHIFT),
        ]


@pytest.fixture
def decisions() -> FakeDecisions:
    return FakeDecisions()


@pytest.fixture
async def client(decisions: FakeDecisions) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), decisions=decisions, eligibility=FakeEligibility())
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as found:
        yield found


async def test_a_decision_is_told_in_numbers_and_in_words(client: httpx.AsyncClient) -> None:
    trail = (await client.get(f"/api/v1/contacts/{contact_id(1)}/decisions")).json()
    assert (trail["contact_id"], trail["language"]) == (contact_id(1), "en")
    (told,) = trail["decisions"]
    sentences = told.pop("sentences")
    assert sentences[0] == "Offered to Alice after 22 s of waiting."
    assert sentences[1].startswith("Bob was 12 points worse: speaks the customer's language less")
    assert sentences[-1] == "Alice answered after 3 s of ringing at 2027-03-01 09:01:03 UTC."
    assert told == {
        "offer_id": contact_id(501),
        "queue_id": "support",
        "at": "2027-03-01T09:01:00Z",
        "chosen": {
            "agent_id": "alice",
            "cost": -2.0,
            "terms": {"idle": -2.0},
            "offered_other": None,
        },
        "others": [
            {
                "agent_id": "bob",
                "cost": 10.0,
                "terms": {"language": 10.0},
                "offered_other": contact_id(2),
            }
        ],
        "others_count": 1,
        "obstacles": {"state": 2},
        "waited_s": 22.0,
        "urgency": 45.0,
        "waiting": 1,
        "free": 1,
        "scheme": "control",
        "propensity": 0.1,
        "relaxed": 0,
        "ring": 0,
        "fate": "accepted",
        "settled_at": "2027-03-01T09:01:03Z",
        "ring_s": 3.0,
        "talk_s": 40.0,
    }


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ("?language=zh", {}, "zh"),
        ("?language=en", {"Accept-Language": "zh"}, "en"),
        ("", {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ("", {"Accept-Language": "fr, de;q=0.7"}, "en"),
    ],
)
async def test_the_language_that_is_asked_for(
    client: httpx.AsyncClient, query: str, headers: dict[str, str], language: str
) -> None:
    path = f"/api/v1/contacts/{contact_id(1)}"
    trail = (await client.get(f"{path}/decisions{query}", headers=headers)).json()
    assert trail["language"] == language
    first = trail["decisions"][0]["sentences"][0]
    assert first.startswith({"en": "Offered to Alice", "zh": "等待 22 秒后分配给Alice"}[language])
    who = (await client.get(f"{path}/eligibility{query}", headers=headers)).json()
    assert who["language"] == language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh;q=0.5, en;q=0.6", "en"),
        ("en;q=0.5, zh;q=0.6", "zh"),
        ("zh;q=x, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("ZH-Hant", "zh"),
        ("*", "en"),
        ("en, zh", "en"),
    ],
)
def test_what_a_client_prefers(accept: str, language: str) -> None:
    assert preferred(accept) == language


async def test_a_contact_without_a_decision_has_none(client: httpx.AsyncClient) -> None:
    trail = (await client.get(f"/api/v1/contacts/{contact_id(2)}/decisions")).json()
    assert trail["decisions"] == []


async def test_decisions_that_cannot_be_told(
    client: httpx.AsyncClient, decisions: FakeDecisions
) -> None:
    path = f"/api/v1/contacts/{contact_id(1)}/decisions"
    problem(await client.get(f"/api/v1/contacts/{contact_id(99)}/decisions"), 404, "not-known")
    problem(await client.get("/api/v1/contacts/9/decisions"), 422, "unprocessable")
    problem(await client.get(f"{path}?language=fr"), 422, "unprocessable")
    decisions.error = StoreError("decisions: disk gone")
    problem(await client.get(path), 503, "unavailable")


async def test_who_can_be_offered_a_contact(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"/api/v1/contacts/{contact_id(1)}/eligibility")).json()
    assert answer["agents"] == [
        {
            "agent_id": "alice",
            "eligible": True,
            "obstacle": None,
            "cost": 12.0,
            "words": "Alice can be offered this contact at a cost of 12 points.",
        },
        {
            "agent_id": "bob",
            "eligible": False,
            "obstacle": "shift",
            "cost": None,
            "words": "Bob cannot be offered this contact: outside working hours.",
        },
    ]
    gone = await client.get(f"/api/v1/contacts/{contact_id(2)}/eligibility")
    problem(gone, 404, "not-known")


@pytest.mark.parametrize("what", ["decisions", "eligibility"])
async def test_a_node_without_them_and_a_client_without_a_token(what: str) -> None:
    path = f"/api/v1/contacts/{contact_id(1)}/{what}"
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    async with connected(app) as client:
        problem(await client.get(path), 503, "unavailable")
        problem(await client.get(path, headers={"Authorization": ""}), 401, "unauthorized")
