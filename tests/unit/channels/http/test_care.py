"""Alerts, moods, consent and the model at work over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from domain.alert import Audience, ClearReason
from domain.care_ports import ModelView
from domain.consent import WORDS, Answer, EmotionPolicy, Ground, Purpose
from domain.events import AlertCleared, AlertRaised, ConsentChanged, EmotionObserved
from domain.mood import Mood
from tests.emotion_support import PITCH, window
from tests.unit.channels.http.care_fakes import FakeCare, alert_id
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings


@pytest.fixture
def care() -> FakeCare:
    return FakeCare()


@pytest.fixture
async def client(care: FakeCare) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(http_settings(), replace(Node().ports(), care=care), token=TOKEN)
    async with connected(app) as found:
        yield found


def connected(app: Any, headers: dict[str, str] = BEARER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://node", headers=headers)


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"/api/v1/problems/{kind}"
    return told


async def test_open_alerts_the_oldest_first(client: httpx.AsyncClient) -> None:
    first, second = (await client.get("/api/v1/alerts")).json()["alerts"]
    assert first == {
        "alert_id": alert_id(1),
        "contact_id": contact_id(1),
        "queue_id": "support",
        "rule_id": "angry",
        "agent_id": "alice",
        "state": "risen",
        "risen_at": "2027-03-01T09:00:01Z",
        "acknowledged_by": None,
        "acknowledged_after_s": None,
        "mood": "angry",
        "intensity": 0.75,
        "evidence": [{"name": "pitch", "value": 4.12, "unit": "semitones above the caller's own"}],
    }
    assert (second["acknowledged_by"], second["acknowledged_after_s"]) == ("bob", 4.5)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("queue_id=support", [1]),
        ("state=acknowledged", [2]),
        ("queue_id=support&state=acknowledged", []),
        ("queue_id=sales", []),
    ],
)
async def test_alerts_of_a_queue_or_a_state(
    client: httpx.AsyncClient, query: str, numbers: list[int]
) -> None:
    alerts = (await client.get(f"/api/v1/alerts?{query}")).json()["alerts"]
    assert [alert["alert_id"] for alert in alerts] == [alert_id(number) for number in numbers]


@pytest.mark.parametrize("query", ["state=cleared", "state=x", "queue_id=" + "q" * 64])
async def test_alerts_that_cannot_be_asked_for(client: httpx.AsyncClient, query: str) -> None:
    told = problem(await client.get(f"/api/v1/alerts?{query}"), 422, "unprocessable")
    assert told["errors"][0]["where"] == "query." + query.partition("=")[0]


async def test_an_alert_is_taken_up_once(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/alerts/{alert_id(1)}/acknowledge"
    with capture_logs() as lines:
        answer = await client.post(path, json={"by": "carol"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "acknowledged"
    assert answer.json()["acknowledged_by"] == "carol"
    assert [line["by"] for line in lines if line["event"] == "alert acknowledged over HTTP"] == [
        "carol"
    ]
    told = problem(await client.post(path, json={"by": "dave"}), 409, "conflict")
    assert "acknowledge" in told["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        (alert_id(9), {"by": "carol"}, 404, "not-known"),
        ("9", {"by": "carol"}, 422, "unprocessable"),
        (alert_id(1), {}, 422, "unprocessable"),
        (alert_id(1), {"by": ""}, 422, "unprocessable"),
        (alert_id(1), {"by": "Carol Berg"}, 422, "unprocessable"),
        (alert_id(1), {"by": "carol", "note": "x"}, 422, "unprocessable"),
    ],
)
async def test_an_alert_that_cannot_be_taken_up(
    client: httpx.AsyncClient, path: str, body: dict[str, str], status: int, kind: str
) -> None:
    problem(await client.post(f"/api/v1/alerts/{path}/acknowledge", json=body), status, kind)


async def test_a_mood_and_why_it_is_read(client: httpx.AsyncClient) -> None:
    mood = (await client.get(f"/api/v1/contacts/{contact_id(1)}/mood")).json()
    assert mood == {
        "contact_id": contact_id(1),
        "mood": "uneasy",
        "intensity": 0.5,
        "trend_per_min": 0.25,
        "confidence": 0.625,
        "evidence": [{"name": "pitch", "value": 4.12, "unit": "semitones above the caller's own"}],
        "read": True,
        "ground": "told",
        "ground_words": WORDS["en"][Ground.TOLD],
        "model": "prosody-open@1",
    }


async def test_why_a_mood_is_not_read_in_chinese(client: httpx.AsyncClient) -> None:
    mood = (await client.get(f"/api/v1/contacts/{contact_id(2)}/mood?language=zh")).json()
    assert (mood["read"], mood["ground"]) == (False, "refused")
    assert mood["ground_words"] == WORDS["zh"][Ground.REFUSED]


async def test_a_mood_that_nobody_has(client: httpx.AsyncClient) -> None:
    there = f"/api/v1/contacts/{contact_id(1)}/mood"
    problem(await client.get(f"/api/v1/contacts/{contact_id(9)}/mood"), 404, "not-known")
    problem(await client.get("/api/v1/contacts/9/mood"), 422, "unprocessable")
    problem(await client.get(f"{there}?language=fr"), 422, "unprocessable")


async def test_consent_is_given_and_taken_back(client: httpx.AsyncClient, care: FakeCare) -> None:
    path = f"/api/v1/contacts/{contact_id(1)}/consent"
    for answer in ("granted", "refused"):
        told = await client.post(path, json={"purpose": "emotion", "answer": answer})
        assert (told.status_code, told.content) == (204, b"")
    assert care.answers == [
        (contact_id(1), Purpose.EMOTION, Answer.GRANTED),
        (contact_id(1), Purpose.EMOTION, Answer.REFUSED),
    ]


@pytest.mark.parametrize(
    ("number", "body", "status", "kind"),
    [
        (9, {"purpose": "emotion", "answer": "refused"}, 404, "not-known"),
        (1, {"purpose": "emotion", "answer": "unknown"}, 422, "unprocessable"),
        (1, {"purpose": "selling", "answer": "granted"}, 422, "unprocessable"),
        (1, {"purpose": "emotion"}, 422, "unprocessable"),
        (1, {"purpose": "emotion", "answer": "granted", "by": "x"}, 422, "unprocessable"),
    ],
)
async def test_consent_that_cannot_be_noted(
    client: httpx.AsyncClient,
    care: FakeCare,
    number: int,
    body: dict[str, str],
    status: int,
    kind: str,
) -> None:
    answer = await client.post(f"/api/v1/contacts/{contact_id(number)}/consent", json=body)
    problem(answer, status, kind)
    assert care.answers == []


async def test_what_reads_emotion(client: httpx.AsyncClient, care: FakeCare) -> None:
    assert (await client.get("/api/v1/emotion")).json() == {
        "enabled": True,
        "policy": "notice",
        "weights": {
            "name": "prosody-open",
            "version": 1,
            "model": "prosody-open@1",
            "business_use": True,
            "licence": "GPL-3.0-or-later.",
            "scores": ["anger", "arousal"],
            "not_for": ["Judging staff."],
        },
    }
    care.at_work = ModelView(enabled=False, policy=EmotionPolicy.OFF)
    off = (await client.get("/api/v1/emotion")).json()
    assert off == {"enabled": False, "policy": "off", "weights": None}


@pytest.mark.parametrize(
    "off",
    [
        ModelView(enabled=False, policy=EmotionPolicy.NOTICE),
        ModelView(enabled=True, policy=EmotionPolicy.OFF),
    ],
)
async def test_where_emotion_is_off_that_is_the_answer(
    client: httpx.AsyncClient, care: FakeCare, off: ModelView
) -> None:
    care.at_work = off
    path = f"/api/v1/contacts/{contact_id(1)}"
    told = problem(await client.get(f"{path}/mood"), 409, "conflict")
    assert "switched off here" in told["detail"]
    given = {"purpose": "emotion", "answer": "granted"}
    problem(await client.post(f"{path}/consent", json=given), 409, "conflict")
    assert care.answers == []
    # What has nothing to do with emotion may be said all the same.
    given = {"purpose": "offers", "answer": "refused"}
    assert (await client.post(f"{path}/consent", json=given)).status_code == 204
    assert care.answers == [(contact_id(1), Purpose.OFFERS, Answer.REFUSED)]


async def test_stored_events_tell_of_alerts_and_moods() -> None:
    node = Node()
    raised = AlertRaised(
        alert_id=alert_id(1),
        contact_id=contact_id(1),
        queue_id="support",
        rule_id="angry",
        agent_id=None,
        tell=(Audience.SUPERVISOR,),
        mood=Mood.ANGRY,
        intensity=0.75,
        trend_per_min=0.5,
        confidence=0.625,
        evidence=(PITCH,),
        heard_until_s=12.5,
    )
    node.stream.publish(raised)
    node.stream.publish(EmotionObserved(contact_id=contact_id(1), score=window(12.5, 0.75)))
    node.stream.publish(
        ConsentChanged(contact_id=contact_id(1), purpose=Purpose.EMOTION, answer=Answer.REFUSED)
    )
    node.stream.publish(
        AlertCleared(
            alert_id=alert_id(1),
            contact_id=contact_id(1),
            rule_id="angry",
            reason=ClearReason.CONSENT_REFUSED,
            open_s=3.5,
        )
    )
    async with connected(build_app(http_settings(), node.ports(), token=TOKEN)) as client:
        page = (await client.get("/api/v1/events")).json()["events"]
        assert [event["type"] for event in page] == [
            "AlertRaised",
            "EmotionObserved",
            "ConsentChanged",
            "AlertCleared",
        ]
        assert page[0]["event"]["tell"] == ["supervisor"]
        assert page[0]["event"]["evidence"][0]["value"] == 4.12
        assert page[1]["event"]["score"]["anger"] == 0.75
        asked = "/api/v1/events?types=AlertCleared,ConsentChanged"
        page = (await client.get(asked)).json()["events"]
        assert [event["event"].get("reason") for event in page] == [None, "consent_refused"]


ROUTES = [
    ("GET", "/api/v1/alerts", None),
    ("POST", f"/api/v1/alerts/{alert_id(1)}/acknowledge", {"by": "carol"}),
    ("GET", f"/api/v1/contacts/{contact_id(1)}/mood", None),
    (
        "POST",
        f"/api/v1/contacts/{contact_id(1)}/consent",
        {"purpose": "emotion", "answer": "granted"},
    ),
    ("GET", "/api/v1/emotion", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nothing_is_told_without_a_token(
    care: FakeCare, method: str, path: str, body: dict[str, str] | None
) -> None:
    app = build_app(http_settings(), replace(Node().ports(), care=care), token=TOKEN)
    async with connected(app, {}) as client:
        problem(await client.request(method, path, json=body), 401, "unauthorized")
    assert care.answers == []
    assert "risen" in json.dumps([view.state for view in care.alerts()])


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_node_without_care_says_so(
    method: str, path: str, body: dict[str, str] | None
) -> None:
    async with connected(build_app(http_settings(), Node().ports(), token=TOKEN)) as client:
        problem(await client.request(method, path, json=body), 503, "unavailable")
