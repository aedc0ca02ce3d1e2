"""Figures by interval over HTTP: which intervals, in which form."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import httpx
import pytest

from channels.http.app import build_app
from channels.http.interval_models import IntervalLength
from channels.http.intervals import INTERVALS_MAX, bounds_of
from channels.http.problem import ProblemFound
from domain.interval_ports import Figures
from domain.intervals import AgentCounters, AgentInterval, QueueCounters, QueueInterval
from tests.unit.channels.http.fakes import START, TOKEN, Node, http_settings
from tests.unit.channels.http.test_care import connected, problem

QUEUE = QueueInterval(
    begin=START,
    seconds=900,
    queue_id="support",
    counters=QueueCounters(
        arrived=5,
        answered=4,
        answered_in_target=3,
        abandoned=1,
        answer_wait_s=40.0,
        handled=2,
        talk_s=100.0,
        wrap_up_s=20.0,
    ),
)
AGENT = AgentInterval(
    begin=START,
    seconds=900,
    agent_id="alice",
    counters=AgentCounters(accepted=4, ready_s=100.0, busy_s=250.0, wrap_up_s=150.0),
)


@dataclass
class FakeFigures:
    asked: list[tuple[Sequence[datetime], str | None]] = field(default_factory=list)

    def live(self) -> Figures:
        return Figures(queues=[QUEUE], agents=[AGENT])

    async def queues(
        self, bounds: Sequence[datetime], queue_id: str | None = None
    ) -> Sequence[QueueInterval]:
        self.asked.append((bounds, queue_id))
        return [QUEUE]

    async def agents(
        self, bounds: Sequence[datetime], agent_id: str | None = None
    ) -> Sequence[AgentInterval]:
        self.asked.append((bounds, agent_id))
        return [AGENT]


@pytest.fixture
def figures() -> FakeFigures:
    return FakeFigures()


@pytest.fixture
async def client(figures: FakeFigures) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), intervals=figures)
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as found:
        yield found


async def test_figures_of_queues(client: httpx.AsyncClient, figures: FakeFigures) -> None:
    answer = (
        await client.get(
            "/api/v1/figures/queues",
            params={
                "from": "2027-03-01T09:10:00+01:00",
                "to": "2027-03-01T10:00:00Z",
                "interval": "hour",
                "queue_id": "support",
            },
        )
    ).json()
    assert figures.asked == [
        ([datetime(2027, 3, 1, hour, tzinfo=UTC) for hour in (8, 9, 10)], "support")
    ]
    assert answer["begin"] == "2027-03-01T08:00:00Z"
    assert answer["end"] == "2027-03-01T10:00:00Z"
    assert (answer["interval"], answer["timezone"]) == ("hour", "UTC")
    (row,) = answer["figures"]
    assert row["average_speed_of_answer_s"] == 10.0
    assert row["service_level"] == 0.75
    assert row["service_level_abandoned"] == 0.6
    assert row["average_handle_s"] == 60.0


async def test_figures_of_agents_as_csv(client: httpx.AsyncClient, figures: FakeFigures) -> None:
    asked = [("?format=csv", {}), ("", {"Accept": "text/csv, application/json;q=0.5"})]
    for query, headers in asked:
        answer = await client.get(f"/api/v1/figures/agents{query}", headers=headers)
        assert answer.headers["content-type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert row["begin"] == "2027-03-01T09:00:00Z"
        assert (row["agent_id"], row["accepted"], row["occupancy"]) == ("alice", "4", "0.5")
    answer = await client.get("/api/v1/figures/agents?format=json", headers={"Accept": "text/csv"})
    assert answer.json()["figures"][0]["busy_s"] == 250.0


async def test_by_default_it_is_today_until_now(
    client: httpx.AsyncClient, figures: FakeFigures
) -> None:
    await client.get("/api/v1/figures/queues?interval=day&timezone=Asia/Shanghai")
    ((bounds, queue_id),) = figures.asked
    assert bounds == [datetime(2027, 2, 28, 16, tzinfo=UTC), datetime(2027, 3, 1, 16, tzinfo=UTC)]
    assert queue_id is None


async def test_live_figures(client: httpx.AsyncClient) -> None:
    live = (await client.get("/api/v1/figures/live")).json()
    assert live["as_of"] == "2027-03-01T09:00:00Z"
    billing, support = live["queues"]
    assert (billing["queue_id"], billing["figures"]) == ("billing", None)
    assert (support["waiting"], support["figures"]["arrived"]) == (2, 5)
    alice, bob = live["agents"]
    assert (alice["state"], alice["figures"]["occupancy"]) == ("ready", 0.5)
    assert (bob["state"], bob["figures"]) == ("busy", None)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("from=2027-03-01T00:00:00", "query.from"),
        ("to=2027-03-01T00:00:00", "query.to"),
        ("from=2027-03-02T00:00:00Z&to=2027-03-01T00:00:00Z", "query.from"),
        ("from=2020-01-01T00:00:00Z", "query.interval"),
        ("timezone=Mars/Olympus", "query.timezone"),
        ("timezone=../etc/passwd", "query.timezone"),
        ("interval=week", "query.interval"),
        ("format=xml", "query.format"),
        ("interval=day&from=9999-12-30T00:00:00Z&to=9999-12-31T23:00:00Z", "query.from"),
    ],
)
async def test_what_cannot_be_asked_for(client: httpx.AsyncClient, query: str, where: str) -> None:
    told = problem(await client.get(f"/api/v1/figures/agents?{query}"), 422, "unprocessable")
    assert told["errors"][0]["where"] == where


async def test_a_node_without_figures_says_so() -> None:
    async with connected(build_app(http_settings(), Node().ports(), token=TOKEN)) as client:
        for what in ("queues", "agents", "live"):
            problem(await client.get(f"/api/v1/figures/{what}"), 503, "unavailable")


def test_a_day_in_which_the_clocks_change_is_an_hour_longer_or_shorter() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for begin, hours in (("2027-03-27", [24, 23, 24]), ("2027-10-30", [24, 25, 24])):
        first = datetime.fromisoformat(begin).replace(tzinfo=berlin)
        bounds = bounds_of(first, first + timedelta(days=3), IntervalLength.DAY, berlin)
        spans = [(b - a).total_seconds() / 3_600 for a, b in pairwise(bounds)]
        assert spans == hours
        assert bounds[0].astimezone(berlin).hour == 0


def test_an_hour_begins_at_the_full_hour_of_the_place() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    begin = datetime(2027, 3, 1, 10, 20, tzinfo=kolkata)
    first, *_ = bounds_of(begin, begin + timedelta(hours=1), IntervalLength.HOUR, kolkata)
    assert first == datetime(2027, 3, 1, 10, 0, tzinfo=kolkata)


def test_the_most_intervals() -> None:
    end = START + INTERVALS_MAX * timedelta(minutes=15)
    assert len(bounds_of(START, end, IntervalLength.QUARTER, UTC)) == INTERVALS_MAX + 1
    with pytest.raises(ProblemFound, match="over 400 intervals"):
        bounds_of(START, end + timedelta(seconds=1), IntervalLength.QUARTER, UTC)
