"""What was learnt, and what is suggested, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from channels.http.app import build_app
from domain.errors import NotKnown
from domain.learning import KnownAgent, LearningView, TopicView, Uplift, Verdict
from domain.need import Need, NeedKind, Prediction, SuggestionReason, SuggestionView
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings

UPLIFT = Uplift(
    learned=900,
    control=100,
    least=50,
    learned_good=0.75,
    control_good=0.625,
    difference=0.125,
    low=0.0625,
    high=0.1875,
    verdict=Verdict.BETTER,
)
BEST = KnownAgent(agent_id="anna", expected=0.875, outcomes=120.5)


class FakeLearning:
    def view(self) -> LearningView:
        return LearningView(
            enabled=True,
            control_share=0.1,
            load_gain_max=0.25,
            half_life_days=90.0,
            outcomes=1000,
            agents=7,
            topics=(
                TopicView(topic="invoice", outcomes=800.5, good=0.75, best=(BEST,)),
                TopicView(topic="delivery", outcomes=100.0, good=0.5),
            ),
            uplift=UPLIFT,
        )


@dataclass
class FakeSuggestions:
    def suggestion(self, contact_id: str) -> SuggestionView | None:
        if contact_id == contact(2):
            return None
        if contact_id != contact(1):
            raise NotKnown("running contact", contact_id)
        return SuggestionView(
            contact_id=contact_id,
            prediction=Prediction(
                need=Need(NeedKind.PRODUCT, "router-x2"),
                probability=0.42,
                baseline_probability=0.11,
                reason=SuggestionReason.AFTER_TWO,
                after=(Need(NeedKind.PRODUCT, "line-50"), Need(NeedKind.TOPIC, "line-drops")),
            ),
            language="zh",
            phrases={"en": "May I tell you about our router?", "zh": "我可以介绍一下路由器吗？"},
            offer="SPRING-10",
            agent_id="anna",
        )


def contact(number: int) -> str:
    return contact_id(number)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), learning=FakeLearning(), suggestions=FakeSuggestions())
    app = build_app(http_settings(), ports, token=TOKEN)
    async with connected(app) as found:
        yield found


def connected(app: object, headers: dict[str, str] = BEARER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://node", headers=headers)


async def test_what_was_learnt_and_what_it_is_worth(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/v1/learning")).json()
    uplift = told.pop("uplift")
    assert told == {
        "enabled": True,
        "control_share": 0.1,
        "load_gain_max": 0.25,
        "half_life_days": 90.0,
        "outcomes": 1000,
        "agents": 7,
        "topics": [
            {
                "topic": "invoice",
                "outcomes": 800.5,
                "good": 0.75,
                "best": [{"agent_id": "anna", "expected": 0.875, "outcomes": 120.5}],
            },
            {"topic": "delivery", "outcomes": 100.0, "good": 0.5, "best": []},
        ],
    }
    assert (uplift["verdict"], uplift["difference"]) == ("better", 0.125)
    assert uplift["words_en"].startswith("Learning improves outcomes by 12.5 points of 100")
    assert uplift["words_zh"].startswith("学习使结果改善了 12.5 个百分点")


async def test_only_so_many_topics(client: httpx.AsyncClient) -> None:
    assert len((await client.get("/api/v1/learning?topics=1")).json()["topics"]) == 1
    assert (await client.get("/api/v1/learning?topics=101")).status_code == 422


async def test_a_suggestion_in_the_language_of_the_customer_or_of_the_agent(
    client: httpx.AsyncClient,
) -> None:
    path = f"/api/v1/contacts/{contact(1)}/suggestion"
    told = (await client.get(path)).json()
    assert told["contact_id"] == contact(1)
    assert told["suggestion"]["phrase"] == "我可以介绍一下路由器吗？"
    assert told["suggestion"]["reason_words"] == (
        "先是购买“line-50”、再是“line-drops”之后，100 位客户中有 42 位接下来需要"
        "购买“router-x2”；全体客户中为 11 位。"
    )
    english = (await client.get(f"{path}?language=en")).json()["suggestion"]
    assert english == {
        "kind": "product",
        "need": "router-x2",
        "probability": 0.42,
        "baseline_probability": 0.11,
        "reason": "after_two",
        "reason_words": "After buying line-50 and then line-drops, buying router-x2 comes next for"
        " 42 of 100 customers; of all, for 11.",
        "phrase": "May I tell you about our router?",
        "offer": "SPRING-10",
        "agent_id": "anna",
    }


async def test_where_there_is_nothing_to_suggest(client: httpx.AsyncClient) -> None:
    told = await client.get(f"/api/v1/contacts/{contact(2)}/suggestion")
    assert told.json() == {"contact_id": contact(2), "suggestion": None}
    missing = await client.get(f"/api/v1/contacts/{contact(3)}/suggestion")
    assert (missing.status_code, missing.json()["type"]) == (404, "/api/v1/problems/not-known")
    assert (await client.get("/api/v1/contacts/3/suggestion")).status_code == 422


ROUTES = ["/api/v1/learning", f"/api/v1/contacts/{contact(1)}/suggestion"]


@pytest.mark.parametrize("path", ROUTES)
async def test_nothing_is_told_without_a_token_or_where_nobody_learns(path: str) -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    async with connected(app, {}) as client:
        assert (await client.get(path)).status_code == 401
    async with connected(app) as client:
        assert (await client.get(path)).status_code == 503
