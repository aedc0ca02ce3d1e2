import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.alert import Audience, ClearReason
from domain.consent import Answer, Purpose
from domain.contact import Disposition
from domain.errors import FollowError
from domain.event_codec import encode
from domain.events import (
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ConsentChanged,
    ContactClosed,
    EmotionObserved,
    Envelope,
    Event,
    MoodChanged,
)
from domain.mood import Mood
from server.analyse.follow import TYPES, Node, follow, line, look_up, place_before
from tests.emotion_support import PITCH, window

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
ME = "0192f0c1a6b87d3e9c41d2a35b6e7f80"
OTHER = "0192f0c1a6b87d3e9c41d2a35b6e7f81"


def at(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat()


def told(happened: Event, second: float = 0.0) -> dict[str, Any]:
    """Return an event as the node sends it."""
    sent: dict[str, Any] = json.loads(
        encode(Envelope(sequence=1, at=START + timedelta(seconds=second), event=happened))
    )
    return sent


def mood(contact_id: str = ME) -> MoodChanged:
    return MoodChanged(
        contact_id=contact_id,
        at_s=7.0,
        before=Mood.CALM,
        after=Mood.ANGRY,
        intensity=0.7,
        trend_per_min=0.5,
        confidence=0.6,
    )


def closed(contact_id: str = ME) -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id,
        queue_id="sales",
        disposition=Disposition.CALLER_ENDED,
        agent_id=None,
        wait_s=None,
        talk_s=0.0,
    )


HEARTBEAT = {"v": 1, "seq": 4, "at": at(4), "type": "Heartbeat"}


class Journal:
    """Stored events, one a second, numbered from `first` to `last`."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.asked = 0

    async def get(self, path: str) -> tuple[int, Any]:
        assert path.startswith("/events?after=")
        self.asked += 1
        after = int(path.removeprefix("/events?after=").partition("&")[0])
        if 0 < after < self.first - 1:
            return 410, {"detail": "gone"}
        number = max(after + 1, self.first)
        events = [{"at": at(number)}] if number <= self.last else []
        return 200, {"events": events}


class PlayedNode(Node):
    """A node that says what the test tells it to."""

    def __init__(self, events: list[dict[str, Any]], *, closed_at: str | None = None) -> None:
        super().__init__("http://127.0.0.1:1", "token")
        self.sends = events
        self.contact = 200, {"contact_id": ME, "arrived_at": at(0), "closed_at": closed_at}
        self.after: int | None = None

    async def get(self, path: str) -> tuple[int, Any]:
        return self.contact if path.startswith("/contacts/") else (200, {"events": []})

    async def events(self, after: int):
        self.after = after
        for each in self.sends:
            yield each
        raise FollowError("the node stops")


@pytest.mark.parametrize("seconds", [0.0, 1.0, 7.5, 4_999.0, 5_000.0, 1e6])
@pytest.mark.parametrize("first", [1, 3_000])
async def test_the_place_where_a_call_began(seconds, first):
    journal = Journal(first, 5_000)
    place = await place_before(journal.get, START + timedelta(seconds=seconds))
    if seconds <= first:
        assert place in {0, first - 1}
    else:
        # The last event before that time, or the last of all.
        assert place == min(-(-int(seconds * 10) // 10) - 1, 5_000)
    assert journal.asked < 40


async def test_an_empty_journal_and_one_that_refuses():
    assert await place_before(Journal(1, 0).get, START) == 0

    async def refuse(_path: str) -> tuple[int, Any]:
        return 401, {"detail": "wrong token"}

    with pytest.raises(FollowError, match="the node answers 401: wrong token"):
        await place_before(refuse, START)


async def test_the_events_of_one_contact_until_it_closes():
    node = PlayedNode(
        [
            told(mood(), 1.0),
            told(mood(OTHER), 2.0),
            told(closed(OTHER), 3.0),
            HEARTBEAT,
            told(closed(), 9.0),
            told(mood(), 10.0),
        ]
    )
    assert [each async for each in follow(node, await look_up(node, ME))] == [
        told(mood(), 1.0),
        told(closed(), 9.0),
    ]
    assert node.after == 0


async def test_a_contact_that_is_long_over_ends_with_the_first_heartbeat():
    node = PlayedNode([HEARTBEAT], closed_at=at(0))
    assert [each async for each in follow(node, await look_up(node, ME))] == []


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (
            EmotionObserved(contact_id=ME, score=window(3.5, 0.75, evidence=(PITCH,))),
            "window 0:01.5 to 0:03.5  anger 0.75  arousal +0.00  confidence 0.80  "
            "pitch 4.12 semitones above the caller's own",
        ),
        (mood(), "mood calm -> angry  intensity 0.70  trend +0.50"),
        (
            AlertRaised(
                alert_id="a",
                contact_id=ME,
                queue_id="sales",
                rule_id="angry",
                agent_id=None,
                tell=(Audience.SUPERVISOR, Audience.AGENT),
                mood=Mood.ANGRY,
                intensity=0.7,
                trend_per_min=0.5,
                confidence=0.6,
                evidence=(),
                heard_until_s=7.0,
            ),
            "alert angry rises: tells supervisor, agent",
        ),
        (
            AlertAcknowledged(
                alert_id="a", contact_id=ME, rule_id="angry", by="anna", after_s=2.25
            ),
            "alert angry is taken up by anna after 2.2 s",
        ),
        (
            AlertCleared(
                alert_id="a",
                contact_id=ME,
                rule_id="angry",
                reason=ClearReason.LEVEL_GONE,
                open_s=21.0,
            ),
            "alert angry clears after 21 s: level_gone",
        ),
        (
            ConsentChanged(contact_id=ME, purpose=Purpose.EMOTION, answer=Answer.REFUSED),
            "consent to emotion: refused",
        ),
        (closed(), "the contact is over: caller_ended"),
    ],
    ids=TYPES,
)
def test_every_event_has_words(happened, words):
    assert line(told(happened, 61.5), START).plain == f"1:01.5  {words}"


async def test_a_node_that_stops_is_no_end_of_the_call():
    node = PlayedNode([])
    with pytest.raises(FollowError, match="the node stops"):
        [each async for each in follow(node, await look_up(node, ME))]


async def test_a_contact_that_is_not_known():
    node = PlayedNode([])
    node.contact = 404, {"detail": "no contact 'x'"}
    with pytest.raises(FollowError, match="x: the node answers 404: no contact 'x'"):
        await look_up(node, "x")


async def test_nobody_answers():
    with pytest.raises(FollowError, match=r"http://127\.0\.0\.1:1: no answer of the API"):
        await Node("http://127.0.0.1:1", "token").get("/contacts/x")
    with pytest.raises(FollowError, match="no more events"):
        [each async for each in Node("http://127.0.0.1:1", "token").events(0)]


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://", ""])
def test_a_url_that_is_none(url):
    with pytest.raises(FollowError, match="no URL that begins with http"):
        Node(url, "token")
