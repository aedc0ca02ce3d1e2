"""Follow: the emotional events of one call of a running node, from the call's beginning on.

The node keeps its events in one row. The place where the call began is looked for by halves, so
that a node with a million stored events need not send them all.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import quote, urlsplit

from rich.text import Text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from domain.errors import FollowError
from domain.mood import Mood
from server.analyse.show import STYLES, clock

TYPES: Final = (
    "EmotionObserved",
    "MoodChanged",
    "AlertRaised",
    "AlertAcknowledged",
    "AlertCleared",
    "ConsentChanged",
    "ContactClosed",
)
ANSWER_S_MAX: Final = 10.0
PLACE_MAX: Final = 1 << 53
"""No node has counted so many events; the search by halves ends below."""

Get = Callable[[str], Awaitable[tuple[int, Any]]]
"""Returns status and JSON at a path below /api/v1."""


class Node:
    """A running node's API."""

    def __init__(self, url: str, token: str) -> None:
        """Take where it is and what it asks for.

        Raises:
            FollowError: The URL is none of HTTP.
        """
        self._where = urlsplit(url)
        if self._where.scheme not in {"http", "https"} or not self._where.hostname:
            raise FollowError(f"{url!r} is no URL that begins with http:// or https://")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON at a path below /api/v1.

        Raises:
            FollowError: There is no answer, or none in JSON.
        """
        return await asyncio.to_thread(self._get, path)

    def _get(self, path: str) -> tuple[int, Any]:
        kind = HTTPSConnection if self._where.scheme == "https" else HTTPConnection
        try:
            connection = kind(self._where.hostname or "", self._where.port, timeout=ANSWER_S_MAX)
            try:
                connection.request("GET", f"/api/v1{path}", headers=self._headers)
                response = connection.getresponse()
                return response.status, json.loads(response.read() or b"null")
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            raise FollowError(f"{self._where.geturl()}: no answer of the API: {error}") from error

    async def events(self, after: int) -> AsyncIterator[dict[str, Any]]:
        """Yield events of TYPES after a place, and heartbeats, without end.

        Raises:
            FollowError: The connection cannot be made, or has ended.
        """
        scheme = "wss" if self._where.scheme == "https" else "ws"
        url = f"{scheme}://{self._where.netloc}/api/v1/events?after={after}&types={','.join(TYPES)}"
        try:
            async with connect(
                url, additional_headers=self._headers, proxy=None, open_timeout=ANSWER_S_MAX
            ) as socket:
                async for message in socket:
                    yield json.loads(message)
        except (OSError, InvalidHandshake, ConnectionClosed, ValueError) as error:
            raise FollowError(f"{self._where.geturl()}: no more events: {error}") from error
        raise FollowError(f"{self._where.geturl()}: the node stops")


async def look_up(node: Node, contact_id: str) -> dict[str, Any]:
    """Return a contact as the node describes it.

    Raises:
        FollowError: The node does not know the contact, refuses the token, or is gone.
    """
    status, contact = await node.get(f"/contacts/{quote(contact_id, safe='')}")
    if status != 200:
        raise FollowError(_refusal(status, contact, contact_id))
    found: dict[str, Any] = contact
    return found


async def follow(node: Node, contact: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield what has become known of a contact's emotion, then what becomes known, to its end.

    Raises:
        FollowError: The node is gone before that.
    """
    place = await place_before(node.get, arrival(contact))
    async for told in node.events(place):
        if told["type"] == "Heartbeat":
            if contact["closed_at"] is not None:
                # Over before it was asked for, and its end is no longer stored.
                return
            continue
        if told["event"]["contact_id"] != contact["contact_id"]:
            continue
        yield told
        if told["type"] == "ContactClosed":
            return


def arrival(contact: dict[str, Any]) -> datetime:
    """Return when a contact arrived, UTC."""
    return datetime.fromisoformat(contact["arrived_at"])


async def place_before(get: Get, at: datetime) -> int:
    """Return a place in the row of events after which everything since a time comes.

    Raises:
        FollowError: The node refuses.
    """

    async def is_past(place: int) -> bool:
        """Whether whatever comes after a place happened at that time or later."""
        status, page = await get(f"/events?after={place}&limit=1")
        if status == 410:
            return False
        if status != 200:
            raise FollowError(_refusal(status, page, "events"))
        events = page["events"]
        return not events or datetime.fromisoformat(events[0]["at"]) >= at

    if await is_past(0):
        return 0
    low, high = 0, 1_024
    while not await is_past(high):
        low, high = high, high * 2
        if high > PLACE_MAX:
            raise FollowError("the node's events have no end")
    while high - low > 1:
        middle = (low + high) // 2
        if await is_past(middle):
            high = middle
        else:
            low = middle
    return high


def line(told: dict[str, Any], begun: datetime) -> Text:
    """Return an event for people, with the seconds since the contact began."""
    happened, event = told["type"], told["event"]
    words = _WORDS[happened](event)
    at_s = (datetime.fromisoformat(told["at"]) - begun).total_seconds()
    return Text.assemble((f"{clock(max(at_s, 0.0))}  ", "dim"), words)


def _observed(event: dict[str, Any]) -> Text:
    score = event["score"]
    reasons = ", ".join(
        f"{each['name']} {each['value']:.3g} {each['unit']}" for each in score["evidence"]
    )
    return Text.assemble(
        f"window {clock(score['window_start_s'])} to {clock(score['window_end_s'])}  "
        f"anger {score['anger']:.2f}  arousal {score['arousal']:+.2f}  "
        f"confidence {score['confidence']:.2f}  ",
        (reasons, "dim"),
    )


def _mood(event: dict[str, Any]) -> Text:
    after = Mood(event["after"])
    return Text.assemble(
        f"mood {event['before']} -> ",
        (after, STYLES[after]),
        f"  intensity {event['intensity']:.2f}  trend {event['trend_per_min']:+.2f}",
    )


_WORDS: Final[dict[str, Callable[[dict[str, Any]], Text]]] = {
    "EmotionObserved": _observed,
    "MoodChanged": _mood,
    "AlertRaised": lambda event: Text(
        f"alert {event['rule_id']} rises: tells {', '.join(event['tell']) or 'nobody'}", "bold red"
    ),
    "AlertAcknowledged": lambda event: Text(
        f"alert {event['rule_id']} is taken up by {event['by']} after {event['after_s']:.1f} s",
        "bold",
    ),
    "AlertCleared": lambda event: Text(
        f"alert {event['rule_id']} clears after {event['open_s']:.0f} s: {event['reason']}",
        "bold green",
    ),
    "ConsentChanged": lambda event: Text(f"consent to {event['purpose']}: {event['answer']}"),
    "ContactClosed": lambda event: Text(f"the contact is over: {event['disposition']}", "dim"),
}


def _refusal(status: int, body: Any, name: str) -> str:
    detail = body.get("detail") if isinstance(body, dict) else None
    return f"{name}: the node answers {status}: {detail or 'without a reason'}"


assert _WORDS.keys() == set(TYPES)
