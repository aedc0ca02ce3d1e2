"""What each event counts as, and where."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.agent import AgentState
from domain.contact import Disposition
from domain.events import (
    AgentStateChanged,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    ContactTransferred,
    DisclosurePlayed,
    Envelope,
    Event,
)
from domain.intervals import AgentCounters, AgentInterval, QueueCounters, QueueInterval
from domain.offer import DeclineReason
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from domain.skill import SkillRequirement
from router import intervals
from router.intervals import IntervalReducer, rows_of_agents, rows_of_queues

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class Bench:
    """A reducer, fed with events at seconds since the start."""

    def __init__(self) -> None:
        self.reducer = IntervalReducer(lambda queue_id: 20.0 if queue_id == "sales" else 5.0)
        self.sequence = 0

    def tell(self, at_s: float, *events: Event) -> None:
        for event in events:
            self.sequence += 1
            at = START + timedelta(seconds=at_s)
            self.reducer.take([Envelope(sequence=self.sequence, at=at, event=event)])

    def rows(self) -> dict[tuple[int, str], QueueCounters | AgentCounters]:
        found: dict[tuple[int, str], QueueCounters | AgentCounters] = {}
        for row in self.reducer.changed():
            whose = row.queue_id if isinstance(row, QueueInterval) else row.agent_id
            found[(row.begin - START) // QUARTER, whose] = row.counters
        return found


@pytest.fixture
def bench() -> Bench:
    return Bench()


def queued(contact_id: str = "c1", queue_id: str = "sales") -> ContactQueued:
    return ContactQueued(contact_id=contact_id, queue_id=queue_id, language="en", priority=0)


def names(contact_id: str = "c1", agent_id: str = "ann", queue_id: str = "sales") -> dict[str, str]:
    return {
        "offer_id": f"o-{contact_id}-{agent_id}",
        "contact_id": contact_id,
        "agent_id": agent_id,
        "queue_id": queue_id,
    }


def made(**more: str) -> OfferMade:
    return OfferMade(**names(**more), ring_s=20.0, cost=0)


def accepted(waited_s: float, **more: str) -> OfferAccepted:
    return OfferAccepted(**names(**more), waited_s=waited_s)


def connected(contact_id: str = "c1", agent_id: str = "ann") -> ContactConnected:
    return ContactConnected(contact_id=contact_id, queue_id="sales", agent_id=agent_id, wait_s=4.0)


def closed(
    disposition: Disposition,
    contact_id: str = "c1",
    wait_s: float | None = None,
    talk_s: float = 0.0,
    queue_id: str = "sales",
) -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id,
        queue_id=queue_id,
        disposition=disposition,
        agent_id=None,
        wait_s=wait_s,
        talk_s=talk_s,
    )


def state(before: AgentState, after: AgentState) -> AgentStateChanged:
    return AgentStateChanged(agent_id="ann", before=before, after=after, reason="")


def test_a_call_counts_where_each_part_of_it_happened(bench):
    bench.tell(0, state(AgentState.LOGGED_OUT, AgentState.READY))
    bench.tell(890, queued())
    bench.tell(895, made(), state(AgentState.READY, AgentState.BUSY))
    bench.tell(905, accepted(15.0), connected())
    bench.tell(1_900, closed(Disposition.CALLER_ENDED, talk_s=995.0))
    bench.tell(1_900, state(AgentState.BUSY, AgentState.WRAP_UP))
    bench.tell(1_960, state(AgentState.WRAP_UP, AgentState.READY))
    bench.reducer.settle(START + timedelta(seconds=2_000))
    assert bench.rows() == {
        (0, "ann"): AgentCounters(offers=1, ready_s=895.0, busy_s=5.0),
        (0, "sales"): QueueCounters(arrived=1, offers=1),
        (1, "ann"): AgentCounters(accepted=1, busy_s=900.0),
        (1, "sales"): QueueCounters(
            accepted=1, answered=1, answered_in_target=1, answer_wait_s=15.0, longest_wait_s=15.0
        ),
        (2, "ann"): AgentCounters(
            handled=1, talk_s=995.0, busy_s=100.0, wrap_up_s=60.0, ready_s=40.0
        ),
        (2, "sales"): QueueCounters(handled=1, talk_s=995.0, wrap_up_s=60.0),
    }


@pytest.mark.parametrize(
    ("disposition", "figure"),
    [
        (Disposition.ABANDONED, "abandoned"),
        (Disposition.CALLER_ENDED, "abandoned"),
        (Disposition.WAIT_EXCEEDED, "released"),
        (Disposition.CELL_DIED, "lost"),
        (Disposition.NODE_DIED, "lost"),
        (Disposition.HUNG_UP, "lost"),
    ],
)
def test_who_waits_ends_in_one_of_four_ways(bench, disposition, figure):
    bench.tell(0, queued())
    bench.tell(9, closed(disposition, wait_s=9.0))
    bench.tell(10, closed(disposition, wait_s=9.0))
    counters = bench.rows()[0, "sales"]
    expected = QueueCounters(arrived=1, **{figure: 1})
    if figure == "abandoned":
        expected.abandoned_in_target = 1
        expected.abandon_wait_s = expected.longest_wait_s = 9.0
    assert counters == expected


def test_each_queue_has_its_own_target(bench):
    bench.tell(0, queued("c1", "help"), queued("c2", "help"))
    bench.tell(9, accepted(9.0, queue_id="help"))
    bench.tell(9, closed(Disposition.ABANDONED, "c2", wait_s=9.0, queue_id="help"))
    counters = bench.rows()[0, "help"]
    assert (counters.answered, counters.answered_in_target) == (1, 0)
    assert (counters.abandoned, counters.abandoned_in_target) == (1, 0)


def test_what_never_arrived_is_no_arrival(bench):
    bench.tell(0, closed(Disposition.QUEUE_FULL), closed(Disposition.ABANDONED_EARLY, "c2"))
    assert bench.rows() == {(0, "sales"): QueueCounters(refused=1)}


def test_offers_that_came_to_nothing(bench):
    bench.tell(0, queued())
    for settled in (
        OfferExpired(**names(), rang_s=20.0),
        OfferDeclined(**names(), reason=DeclineReason.BUSY),
        OfferWithdrawn(**names()),
    ):
        bench.tell(1, made(), settled, queued())
    rows = bench.rows()
    assert rows[0, "sales"] == QueueCounters(arrived=1, offers=3, missed=1, declined=1, withdrawn=1)
    assert rows[0, "ann"] == AgentCounters(offers=3, missed=1, declined=1, withdrawn=1)


def test_a_contact_that_overflows_arrives_in_the_other_queue(bench):
    bench.tell(0, queued())
    bench.tell(60, queued(queue_id="help"))
    bench.tell(70, closed(Disposition.ABANDONED, wait_s=70.0))
    rows = bench.rows()
    assert rows[0, "sales"] == QueueCounters(arrived=1, overflowed=1)
    assert rows[0, "help"].abandoned == rows[0, "help"].arrived == 1


@pytest.mark.parametrize("queued_first", [False, True])
def test_a_transfer_ends_one_conversation_and_begins_a_wait(bench, queued_first):
    transferred = ContactTransferred(
        contact_id="c1",
        queue_id="sales",
        agent_id="ann",
        requirement=SkillRequirement(skill="billing"),
        talk_s=30.0,
    )
    bench.tell(0, queued())
    bench.tell(4, accepted(4.0), connected())
    bench.tell(34, *([queued(), transferred] if queued_first else [transferred, queued()]))
    bench.tell(40, accepted(6.0, agent_id="bob"), connected(agent_id="bob"))
    bench.tell(50, closed(Disposition.AGENT_ENDED, talk_s=10.0))
    rows = bench.rows()
    assert rows[0, "ann"] == AgentCounters(accepted=1, transferred=1, handled=1, talk_s=30.0)
    assert rows[0, "bob"] == AgentCounters(accepted=1, handled=1, talk_s=10.0)
    sales = rows[0, "sales"]
    assert (sales.arrived, sales.answered, sales.transferred, sales.handled) == (2, 2, 1, 2)
    assert sales.talk_s == 40.0


def test_a_telephone_lost_in_mid_call_ends_a_conversation(bench):
    bench.tell(0, queued())
    bench.tell(4, accepted(4.0), connected())
    bench.tell(24, queued())
    rows = bench.rows()
    assert (rows[0, "sales"].arrived, rows[0, "sales"].handled) == (2, 1)
    assert rows[0, "ann"].talk_s == 20.0


def test_time_that_is_set_back_stands_still(bench):
    bench.tell(1_000, state(AgentState.LOGGED_OUT, AgentState.READY))
    bench.tell(100, queued())
    bench.tell(1_010, state(AgentState.READY, AgentState.NOT_READY))
    rows = bench.rows()
    assert rows == {
        (1, "ann"): AgentCounters(ready_s=10.0),
        (1, "sales"): QueueCounters(arrived=1),
    }


def test_an_event_that_is_known_counts_once(bench):
    envelope = Envelope(sequence=5, at=START, event=queued())
    older = Envelope(sequence=4, at=START, event=queued("c2"))
    bench.reducer.take([envelope, older, envelope])
    bench.reducer.take([older])
    assert bench.rows() == {(0, "sales"): QueueCounters(arrived=2)}
    assert bench.reducer.repeated == 2
    assert bench.reducer.sequence == 5


def test_an_event_without_figures_only_carries_the_number_on(bench):
    bench.tell(0, DisclosurePlayed(contact_id="c1"))
    assert bench.rows() == {}
    assert bench.reducer.sequence == 1


def test_who_is_logged_out_works_no_longer(bench):
    bench.tell(0, state(AgentState.LOGGED_OUT, AgentState.NOT_READY))
    bench.tell(10, state(AgentState.NOT_READY, AgentState.LOGGED_OUT))
    bench.reducer.settle(START + timedelta(seconds=500))
    assert bench.rows() == {(0, "ann"): AgentCounters(not_ready_s=10.0)}


def test_a_new_run_ends_every_state_when_the_one_before_ended(bench):
    bench.tell(0, state(AgentState.LOGGED_OUT, AgentState.READY), queued())
    bench.tell(30, DisclosurePlayed(contact_id="c1"))
    bench.reducer.begin_run()
    bench.tell(500, state(AgentState.LOGGED_OUT, AgentState.READY))
    bench.tell(510, state(AgentState.READY, AgentState.NOT_READY))
    bench.tell(510, closed(Disposition.NODE_DIED, wait_s=30.0))
    rows = bench.rows()
    assert rows[0, "ann"] == AgentCounters(ready_s=40.0)
    assert rows[0, "sales"] == QueueCounters(arrived=1, lost=1)


def test_rows_that_could_not_be_stored_come_again(bench):
    bench.tell(0, queued("c1"))
    bench.tell(1_000, queued("c2"))
    rows = bench.reducer.changed()
    bench.tell(1_001, queued("c3"))
    bench.reducer.give_back(rows)
    assert {place: row.arrived for place, row in bench.rows().items()} == {
        (0, "sales"): 1,
        (1, "sales"): 2,
    }
    assert bench.rows() == {}


def test_a_store_that_fails_for_too_long_loses_the_oldest(bench, monkeypatch):
    monkeypatch.setattr(intervals, "ROWS_MAX", 2)
    for quarter in range(4):
        bench.tell(quarter * 900, queued(f"c{quarter}"))
    bench.reducer.settle(START + timedelta(seconds=2_700))
    assert bench.reducer.dropped == 2
    assert {quarter for quarter, _ in bench.rows()} == {2, 3}


def test_too_many_open_contacts_forget_the_oldest(bench, monkeypatch):
    monkeypatch.setattr(intervals, "OPEN_MAX", 1)
    bench.tell(0, queued("c1"), queued("c2"))
    bench.tell(
        1, closed(Disposition.ABANDONED, "c1", 1.0), closed(Disposition.ABANDONED, "c2", 1.0)
    )
    assert bench.rows()[0, "sales"].abandoned == 1


def test_the_open_quarter_is_shown_as_it_stands(bench):
    assert bench.reducer.open_rows() == []
    bench.tell(0, queued("c1"))
    bench.tell(901, queued("c2"), made(contact_id="c2"))
    rows = bench.reducer.open_rows()
    (queue,) = rows_of_queues(rows)
    (agent,) = rows_of_agents(rows)
    assert queue.begin == START + QUARTER
    assert (queue.counters.arrived, agent.counters.offers) == (1, 1)
    assert isinstance(agent, AgentInterval)
    # It is a copy: nobody else's figures change.
    queue.counters.arrived = 9
    assert rows_of_queues(bench.reducer.open_rows())[0].counters.arrived == 1


def test_what_is_no_mark_is_refused(bench):
    with pytest.raises(ValueError, match=r"malformed|truncated|Expected"):
        bench.reducer.resume("nonsense", ())
