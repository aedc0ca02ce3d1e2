"""Figures by interval add up to what happened, however events come and a node is restarted."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agent import AgentState
from domain.contact import Disposition
from domain.events import (
    AgentStateChanged,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    Envelope,
    Event,
)
from domain.intervals import AgentCounters, QueueCounters, QueueInterval, next_quarter, quarter_of
from domain.offer_events import OfferAccepted, OfferExpired, OfferMade
from router.intervals import Counted, IntervalReducer

START = datetime(2027, 3, 1, 23, 50, tzinfo=UTC)
CONTACTS = st.sampled_from(["c1", "c2", "c3"])
AGENTS = st.sampled_from(["ann", "bob"])
QUEUES = st.sampled_from(["sales", "help"])
NAMES = {"offer_id": st.just("o"), "contact_id": CONTACTS, "agent_id": AGENTS, "queue_id": QUEUES}
SECONDS = st.integers(0, 4_000).map(float)
STATES = st.sampled_from(AgentState)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        ContactQueued,
        contact_id=CONTACTS,
        queue_id=QUEUES,
        language=st.just("en"),
        priority=st.just(0),
        requirements=st.just(()),
    ),
    st.builds(OfferMade, **NAMES, ring_s=SECONDS, cost=st.just(0)),
    st.builds(OfferAccepted, **NAMES, waited_s=SECONDS),
    st.builds(OfferExpired, **NAMES, rang_s=SECONDS),
    st.builds(
        ContactConnected, contact_id=CONTACTS, queue_id=QUEUES, agent_id=AGENTS, wait_s=SECONDS
    ),
    st.builds(
        ContactClosed,
        contact_id=CONTACTS,
        queue_id=QUEUES,
        disposition=st.sampled_from(Disposition),
        agent_id=st.none(),
        wait_s=st.none() | SECONDS,
        talk_s=SECONDS,
    ),
    st.builds(AgentStateChanged, agent_id=AGENTS, before=STATES, after=STATES, reason=st.just("")),
)
STREAMS = st.lists(st.tuples(SECONDS, EVENTS), max_size=40).map(
    lambda told: [
        Envelope(
            sequence=3 * number + 1,
            at=START + timedelta(seconds=sum(gap for gap, _ in told[: number + 1])),
            event=event,
        )
        for number, (_, event) in enumerate(told)
    ]
)
Rows = dict[tuple[datetime, str], Counted]


class Recorded:
    """A reducer and the rows that a store would hold."""

    def __init__(self) -> None:
        self.reducer = IntervalReducer(lambda _: 20.0)
        self.rows: Rows = {}

    def store(self) -> None:
        for row in self.reducer.changed():
            whose = row.queue_id if isinstance(row, QueueInterval) else row.agent_id
            self.rows[row.begin, whose] = row

    def restart(self) -> None:
        """As after a kill: what was stored, and nothing else."""
        self.store()
        mark, at = self.reducer.mark(), self.reducer.at
        self.reducer = IntervalReducer(lambda _: 20.0)
        begin = None if at is None else quarter_of(at)
        self.reducer.resume(mark, [row for row in self.rows.values() if row.begin == begin])


def plain(stream: list[Envelope]) -> Recorded:
    recorded = Recorded()
    recorded.reducer.take(stream)
    recorded.store()
    return recorded


@settings(deadline=None, max_examples=200, derandomize=True)
@given(STREAMS, st.data())
def test_batches_their_order_repeats_and_restarts_change_nothing(stream, data):
    recorded = Recorded()
    left = list(stream)
    seen: list[Envelope] = []
    while left:
        size = data.draw(st.integers(1, len(left)))
        batch, left = left[:size], left[size:]
        again = data.draw(st.lists(st.sampled_from(seen), max_size=3)) if seen else []
        recorded.reducer.take(data.draw(st.permutations([*batch, *again])))
        seen += batch
        if data.draw(st.booleans()):
            recorded.restart()
    recorded.store()
    assert recorded.rows == plain(stream).rows


@settings(deadline=None, max_examples=200, derandomize=True)
@given(STREAMS)
def test_intervals_add_up_to_the_whole_whatever_they_are(stream):
    rows = plain(stream).rows.values()
    totals: dict[str, QueueCounters | AgentCounters] = {}
    by_day: dict[tuple[object, str], QueueCounters | AgentCounters] = {}
    for row in rows:
        whose = row.queue_id if isinstance(row, QueueInterval) else row.agent_id
        kind = type(row.counters)
        for group, name in ((totals, whose), (by_day, (row.begin.date(), whose))):
            group.setdefault(name, kind()).add(row.counters)  # type: ignore[arg-type]
    again: dict[str, QueueCounters | AgentCounters] = {}
    for (_, whose), counters in by_day.items():
        again.setdefault(whose, type(counters)()).add(counters)  # type: ignore[arg-type]
    assert again == totals
    counts = Counter(
        (type(one.event).__name__, one.event.queue_id)
        for one in stream
        if isinstance(one.event, OfferMade | OfferAccepted | OfferExpired)
    )
    for queue_id in ("sales", "help"):
        queue = totals.get(queue_id, QueueCounters())
        assert isinstance(queue, QueueCounters)
        assert queue.offers == counts["OfferMade", queue_id]
        assert queue.answered == queue.accepted == counts["OfferAccepted", queue_id]
        assert queue.missed == counts["OfferExpired", queue_id]
        ended = queue.abandoned + queue.released + queue.lost + queue.overflowed
        assert ended <= queue.arrived


@settings(deadline=None, max_examples=200, derandomize=True)
@given(STREAMS, st.lists(SECONDS, max_size=5))
def test_time_in_states_is_all_the_time_and_no_quarter_is_longer_than_itself(stream, pauses):
    recorded = Recorded()
    expected: Counter[str] = Counter()
    standing: dict[str, tuple[AgentState, datetime]] = {}
    for number, envelope in enumerate(stream):
        recorded.reducer.take([envelope])
        if number < len(pauses):
            recorded.reducer.settle(envelope.at)  # At any time: it changes nothing.
        event = envelope.event
        if isinstance(event, AgentStateChanged):
            state, since = standing.get(event.agent_id, (event.before, envelope.at))
            if state is not AgentState.LOGGED_OUT:
                expected[event.agent_id] += round((envelope.at - since).total_seconds())
            standing[event.agent_id] = (event.after, envelope.at)
    end = stream[-1].at if stream else START
    recorded.reducer.settle(end)
    for agent_id, (state, since) in standing.items():
        if state is not AgentState.LOGGED_OUT:
            expected[agent_id] += round((end - since).total_seconds())
    recorded.store()
    spent: Counter[str] = Counter()
    for row in recorded.rows.values():
        if isinstance(row.counters, AgentCounters):
            counters = row.counters
            there_s = counters.not_ready_s + counters.ready_s + counters.busy_s + counters.wrap_up_s
            assert there_s <= (next_quarter(row.begin) - row.begin).total_seconds()
            spent[row.agent_id] += round(there_s)
    assert +spent == +expected
