"""Figures over HTTP: queues and agents by quarter of an hour, hour or day, and live."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Query, Response

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.interval_models import (
    AgentFigureList,
    AgentFiguresOut,
    AgentNow,
    IntervalLength,
    IntervalOut,
    LiveFigures,
    QueueFigureList,
    QueueFiguresOut,
    QueueNow,
)
from channels.http.interval_models import as_csv as csv_of
from channels.http.problem import ProblemFound
from domain.interval_ports import IntervalFigures
from domain.intervals import quarter_of

router = APIRouter(tags=["figures"], dependencies=[BEARER])

INTERVALS_MAX: Final = 400
"""Intervals of one answer: a year of days, two weeks of hours, four days of quarters. Each is one
query of a millisecond."""
CSV_TYPE: Final = "text/csv"
_CSV: Final = {CSV_TYPE: {"schema": {"type": "string"}}}
_STEPS: Final = {
    IntervalLength.QUARTER: timedelta(minutes=15),
    IntervalLength.HOUR: timedelta(hours=1),
}


class Form(StrEnum):
    """In which form figures are told."""

    JSON = "json"
    CSV = "csv"


class Asked(NamedTuple):
    """Which intervals, and in which form."""

    bounds: Sequence[datetime]
    interval: IntervalLength
    zone: str
    as_csv: bool


def bounds_of(
    begin: datetime, end: datetime, interval: IntervalLength, zone: tzinfo
) -> list[datetime]:
    """Return the begin of each interval from `begin` on, and the end of the last, in UTC.

    The first is the one that `begin` lies in, the last the one in which time before `end` lies.
    Days begin at midnight and hours at the full hour of the time zone.

    Raises:
        ProblemFound: There are none, or over 400.
    """
    if end <= begin:
        raise _mistake("from", f"from {begin.isoformat()} is not before to {end.isoformat()}")
    if interval is IntervalLength.DAY:
        local = _midnight(begin.astimezone(zone))
        # In wall time of the zone: a day in which the clocks change is not 24 hours long.
        bounds = [(local + timedelta(days=n)).astimezone(UTC) for n in range(INTERVALS_MAX + 2)]
    else:
        step = _STEPS[interval]
        first = quarter_of(begin)
        if interval is IntervalLength.HOUR:
            first -= timedelta(minutes=first.astimezone(zone).minute)
        bounds = [first + n * step for n in range(INTERVALS_MAX + 2)]
    count = next((n for n, bound in enumerate(bounds) if bound >= end), None)
    if count is None or count > INTERVALS_MAX:
        raise _mistake(
            "interval",
            f"over {INTERVALS_MAX} intervals of a {interval.value} lie between"
            f" {begin.isoformat()} and {end.isoformat()}; ask for fewer or longer ones",
        )
    return bounds[: count + 1]


def asked(
    ports: Ports,
    begin: Annotated[
        datetime | None,
        Query(
            alias="from",
            description="With its UTC offset; nothing: the begin of this day.",
            examples=["2027-03-01T00:00:00Z"],
        ),
    ] = None,
    end: Annotated[
        datetime | None,
        Query(
            alias="to",
            description="With its UTC offset; nothing: now.",
            examples=["2027-03-02T00:00:00Z"],
        ),
    ] = None,
    interval: Annotated[
        IntervalLength, Query(description="Length of each interval.", examples=["hour"])
    ] = IntervalLength.QUARTER,
    timezone: Annotated[
        str,
        Query(
            max_length=64,
            description="IANA name of the time zone in which days and hours begin.",
            examples=["Asia/Shanghai"],
        ),
    ] = "UTC",
    form: Annotated[
        Form | None,
        Query(alias="format", description="Nothing: see `Accept`.", examples=["csv"]),
    ] = None,
    accept: Annotated[
        str, Header(description="`text/csv` asks for CSV.", examples=["text/csv"])
    ] = "",
) -> Asked:
    """Return which figures a request asks for.

    Raises:
        ProblemFound: A time has no offset, there is no such time zone, or no or too many
            intervals lie between the two times.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        raise _mistake("timezone", f"no time zone {timezone!r}") from None
    now = ports.clock.utc()
    for name, at in (("from", begin), ("to", end)):
        if at is not None and at.tzinfo is None:
            raise _mistake(name, f"{at.isoformat()} has no UTC offset")
    if begin is None:
        begin = _midnight(now.astimezone(zone))
    try:
        bounds = bounds_of(begin, end or now, interval, zone)
    except OverflowError:
        raise _mistake("from", f"{begin.isoformat()} is too far away") from None
    wants_csv = form is Form.CSV or (form is None and CSV_TYPE in accept.lower())
    return Asked(bounds, interval, timezone, wants_csv)


Which = Annotated[Asked, Depends(asked)]
Only = Annotated[
    str | None, Query(max_length=63, description="Only of this one.", examples=["support"])
]


@router.get(
    "/api/v1/figures/queues",
    summary="Figures of queues by interval",
    response_description="Figures of each queue in each interval.",
    response_model=QueueFigureList,
    responses={200: {"content": _CSV}, **api_problems("limit", "unavailable")},
)
async def list_queue_figures(ports: Ports, which: Which, queue_id: Only = None) -> object:
    """What happened in each queue: contacts, waits, service levels, offers, conversations.

    An event counts in the interval in which it happened: an answer where it was given, a
    conversation where it ended. The last interval goes up to this moment.
    """
    rows = await _figures(ports).queues(which.bounds, queue_id)
    told = [QueueFiguresOut.of(row) for row in rows]
    if which.as_csv:
        return _csv(QueueFiguresOut, told)
    return QueueFigureList(figures=told, **_span(which))


@router.get(
    "/api/v1/figures/agents",
    summary="Figures of agents by interval",
    response_description="Figures of each agent in each interval.",
    response_model=AgentFigureList,
    responses={200: {"content": _CSV}, **api_problems("limit", "unavailable")},
)
async def list_agent_figures(ports: Ports, which: Which, agent_id: Only = None) -> object:
    """What each agent did: offers, conversations, time in each state, occupancy.

    Time in a state is divided among the intervals that it spans; it ends when the node stops.
    """
    rows = await _figures(ports).agents(which.bounds, agent_id)
    told = [AgentFiguresOut.of(row) for row in rows]
    if which.as_csv:
        return _csv(AgentFiguresOut, told)
    return AgentFigureList(figures=told, **_span(which))


@router.get(
    "/api/v1/figures/live",
    summary="Figures of this moment",
    response_description="Every queue and agent, with the figures of this quarter of an hour.",
    responses=api_problems("unavailable"),
)
async def get_live_figures(ports: Ports) -> LiveFigures:
    """What a wallboard shows: who waits and who is ready at this moment, and the figures.

    These are of the quarter of an hour that is not over. The answer comes from memory: ask once a
    second if you like.
    """
    live = _figures(ports).live()
    queues = {row.queue_id: row for row in live.queues}
    agents = {row.agent_id: row for row in live.agents}
    return LiveFigures(
        as_of=ports.clock.utc(),
        queues=[
            QueueNow.of(view, queues.get(view.queue_id))
            for view in sorted(ports.agents.queues(), key=lambda view: view.queue_id)
        ],
        agents=[
            AgentNow.of(view, agents.get(view.agent.agent_id))
            for view in sorted(ports.agents.agents(), key=lambda view: view.agent.agent_id)
        ],
    )


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _figures(ports: ApiPorts) -> IntervalFigures:
    if ports.intervals is None:
        raise ProblemFound("unavailable", "no part of this node keeps figures by interval")
    return ports.intervals


def _span(which: Asked) -> dict[str, Any]:
    return {
        "begin": which.bounds[0],
        "end": which.bounds[-1],
        "interval": which.interval,
        "timezone": which.zone,
    }


def _csv(kind: type[IntervalOut], figures: Sequence[IntervalOut]) -> Response:
    return Response(csv_of(kind, figures), media_type=f"{CSV_TYPE}; charset=utf-8; header=present")


def _mistake(parameter: str, what: str) -> ProblemFound:
    return ProblemFound(
        "unprocessable", what, more={"errors": [{"where": f"query.{parameter}", "what": what}]}
    )
