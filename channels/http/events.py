"""Events over HTTP: page by page, or as they happen over a WebSocket."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, WebSocket
from pydantic import Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.feed import EventFeed
from channels.http.gate import SUBPROTOCOL, SUBPROTOCOL_TOKEN
from channels.http.models import Answer
from channels.http.problem import ProblemFound
from domain.event_codec import EVENT_CODEC_VERSION, encode
from domain.events import EVENT_TYPES, Event

router = APIRouter(tags=["events"], dependencies=[BEARER])
socket_router = APIRouter()
"""Apart, because OpenAPI knows no WebSockets and HTTPBearer cannot read one."""

PAGE_EVENTS_MAX = 1_000

After = Annotated[
    int | None,
    Query(
        ge=0,
        le=2**63 - 1,
        description="`seq` of the last event that the reader has; 0: all that are stored.",
        examples=[1204],
    ),
]
Types = Annotated[
    str | None,
    Query(
        max_length=1_000,
        description="Names of events, with commas between them; nothing: all.",
        examples=["ContactQueued,ContactConnected,ContactClosed"],
    ),
]

_EXAMPLE: dict[str, Any] = {
    "v": EVENT_CODEC_VERSION,
    "seq": 1205,
    "at": "2027-03-01T09:14:40.120000+00:00",
    "type": "DisclosurePlayed",
    "event": {"contact_id": "0192f0c1a6b87d3e9c41d2a35b6e7f80"},
}


class EventOut(Answer):
    """An event with its place in the stream; the messages of the WebSocket look the same."""

    v: int = Field(
        description="Version of this form; it grows when old readers would misread it.",
        examples=[EVENT_CODEC_VERSION],
    )
    seq: int = Field(description="Grows from event to event, over restarts too.", examples=[1205])
    at: datetime = Field(
        description="Wall time, UTC.", examples=["2027-03-01T09:14:40.120000+00:00"]
    )
    type: str = Field(
        description="What happened; readers pass over types that they do not know.",
        examples=["DisclosurePlayed"],
        json_schema_extra={"enum": [*sorted(EVENT_TYPES)]},
    )
    event: Event = Field(
        description="The fields of that type.",
        examples=[{"contact_id": "0192f0c1a6b87d3e9c41d2a35b6e7f80"}],
    )


class EventPage(Answer):
    """Stored events in order."""

    events: list[EventOut] = Field(description="In order of `seq`.", examples=[[_EXAMPLE]])
    next_after: int = Field(
        description="Give it as `after` for the next page; it grows past events that the "
        "filter left out.",
        examples=[1205],
    )


@router.get(
    "/api/v1/events",
    summary="Read stored events, or follow them over a WebSocket",
    response_description="A page of events in order.",
    response_class=Response,
    responses={
        200: {"model": EventPage, "description": "A page of events in order."},
        **api_problems("events-gone", "unavailable"),
    },
)
async def list_events(
    ports: Ports,
    after: After = 0,
    types: Types = None,
    limit: Annotated[
        int, Query(ge=1, le=PAGE_EVENTS_MAX, description="Events looked at.", examples=[500])
    ] = 500,
) -> Response:
    """Stored events page by page, for those who would rather ask than hold a connection.

    Opened as a WebSocket (RFC 6455) the same address sends every event as one text message
    of the form of `EventOut`: with `after` first the stored ones, then live ones without a
    gap; without it only what happens from now on. A browser offers the subprotocols
    `warmline.events.v1` and `bearer.TOKEN`. After `http.event_heartbeat_s` of silence comes
    `{"v":1,"seq":SEQ,"at":TIME,"type":"Heartbeat"}`, whose `seq` is good for `after`. Close
    codes: 1001 the node stops, 1008 the reader sent something, 1011 internal, 1013 try
    again, 4008 the reader took nothing for `http.event_send_s_max` seconds, 4010 the events
    after that `seq` are gone.
    """
    wanted = wanted_types(types)
    start = after or 0
    first, _ = await ports.journal.bounds()
    if 0 < start < first - 1:
        raise _gone(start, first)
    envelopes = await ports.journal.after(start, limit=limit)
    next_after = envelopes[-1].sequence if envelopes else start
    lines = [
        encode(envelope)
        for envelope in envelopes
        if not wanted or type(envelope.event).__name__ in wanted
    ]
    return Response(
        f'{{"events":[{",".join(lines)}],"next_after":{next_after}}}',
        media_type="application/json",
    )


@socket_router.websocket("/api/v1/events")
async def follow_events(
    websocket: WebSocket, ports: Ports, after: After = None, types: Types = None
) -> None:
    """Send every event from a known place on."""
    feed: EventFeed = websocket.app.state.feed
    wanted = wanted_types(types)
    if feed.stopping:
        raise ProblemFound("unavailable", "the node stops", headers={"Retry-After": "5"})
    feed.check_room()
    if after:
        first, _ = await ports.journal.bounds()
        if after < first - 1:
            raise _gone(after, first)
    await feed.serve(
        websocket,
        subprotocol=_subprotocol(websocket.scope.get("subprotocols", [])),
        after=after,
        types=wanted,
    )


def wanted_types(types: str | None) -> frozenset[str]:
    """Return the names of events in a filter; empty: all.

    Raises:
        ProblemFound: There is no event of that name.
    """
    names = frozenset(name.strip() for name in (types or "").split(",")) - {""}
    for name in sorted(names - EVENT_TYPES.keys()):
        what = f"no event type {name!r}; there are {', '.join(sorted(EVENT_TYPES))}"
        raise ProblemFound(
            "unprocessable", what, more={"errors": [{"where": "query.types", "what": what}]}
        )
    return names


def _gone(after: int, first: int) -> ProblemFound:
    return ProblemFound(
        "events-gone",
        f"events after {after} are asked for; the oldest stored is {first}",
        more={"first_sequence": first},
    )


def _subprotocol(offered: list[str]) -> str | None:
    """Choose what the handshake answers with.

    A browser fails the connection when it offered some and none is chosen; the one with the
    token is only chosen when there is nothing else.
    """
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    return next((name for name in offered if name.startswith(SUBPROTOCOL_TOKEN)), None)
