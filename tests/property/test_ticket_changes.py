"""Whatever happens to tickets, in whatever order, they stay what a ticket is."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import ticket_changes
from domain.business_hours import BusinessHours, OpenSpan
from domain.errors import IllegalTransition
from domain.ticket import LinkKind, Ticket, TicketLink, TicketReason, TicketState, TicketTrigger
from domain.ticket_changes import ARROW, LIVE, RUNNING, Changed, DuePolicy
from domain.ticket_ports import TicketWish, TrailEntry
from tests.property.examples import EXAMPLES

HOURS = BusinessHours(
    ZoneInfo("Europe/Berlin"), ((OpenSpan(540, 1_020),),) * 5 + ((), ()), frozenset()
)
POLICY = DuePolicy(HOURS, {2: 57_600.0, 3: 28_800.0, 4: 7_200.0})
"""Priority 1 is never due."""
LINKS = st.builds(
    TicketLink, st.sampled_from(LinkKind), st.sampled_from([f"{n:032x}" for n in range(6)])
)
PICK = st.integers(0, 99)


@dataclass
class Kept:
    ticket: Ticket
    trail: list[TrailEntry]
    ever: set[TicketLink] = field(default_factory=set)


class Tickets(RuleBasedStateMachine):
    """Some tickets, and everything that may be done to them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 3, 27, 8, tzinfo=UTC)
        self.kept: list[Kept] = []
        self.given: set[TicketLink] = set()

    def keep(self, kept: Kept, changed: Changed) -> None:
        assert changed.ticket.changed_at >= kept.ticket.changed_at
        kept.ticket = changed.ticket
        kept.trail.append(changed.entry)

    @rule(priority=st.integers(1, 4), links=st.lists(LINKS, max_size=3))
    def open(self, priority: int, links: list[TicketLink]) -> None:
        if len(self.kept) >= 5:
            return
        wish = TicketWish(
            queue_id="q",
            reason=TicketReason.BY_HAND,
            subject="x",
            by="a",
            priority=priority,
            links=tuple(links),
        )
        made = ticket_changes.opened(wish, POLICY, self.now, ticket_id=f"t{len(self.kept)}")
        self.kept.append(Kept(made.ticket, [made.entry]))
        self.given |= set(links)

    @rule(minutes=st.integers(0, 10_000))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.kept)
    @rule(pick=PICK, trigger=st.sampled_from(TicketTrigger))
    def step(self, pick: int, trigger: TicketTrigger) -> None:
        kept = self.kept[pick % len(self.kept)]
        before = kept.ticket
        with contextlib.suppress(IllegalTransition):
            self.keep(
                kept, ticket_changes.stepped(before, trigger, POLICY, self.now, "a", taker="a")
            )
            if before.state is TicketState.PENDING and kept.ticket.state is TicketState.OPEN:
                # What was left is left.
                if before.left_s is None:
                    assert kept.ticket.due_at is None
                else:
                    assert kept.ticket.due_at is not None
                    left_s = HOURS.between(self.now, kept.ticket.due_at)
                    assert abs(left_s - before.left_s) < 1e-3

    @precondition(lambda self: self.kept)
    @rule(pick=PICK, priority=st.integers(1, 4))
    def prioritise(self, pick: int, priority: int) -> None:
        kept = self.kept[pick % len(self.kept)]
        before = kept.ticket
        with contextlib.suppress(IllegalTransition):
            self.keep(kept, ticket_changes.prioritised(before, priority, POLICY, self.now, "a"))
            if priority >= before.priority and None not in (before.due_at, kept.ticket.due_at):
                assert kept.ticket.due_at <= before.due_at  # type: ignore[operator]

    @precondition(lambda self: self.kept)
    @rule(pick=PICK, owner=st.sampled_from(["a", "b", None]))
    def assign(self, pick: int, owner: str | None) -> None:
        kept = self.kept[pick % len(self.kept)]
        with contextlib.suppress(IllegalTransition):
            self.keep(kept, ticket_changes.assigned(kept.ticket, owner, self.now, "a"))

    @precondition(lambda self: self.kept)
    @rule(pick=PICK, link=LINKS)
    def link(self, pick: int, link: TicketLink) -> None:
        kept = self.kept[pick % len(self.kept)]
        with contextlib.suppress(IllegalTransition):
            made = ticket_changes.linked(kept.ticket, link, self.now, "a")
            self.given.add(link)
            if made is not None:
                self.keep(kept, made)

    @precondition(lambda self: self.kept)
    @rule(first=PICK, second=PICK)
    def merge(self, first: int, second: int) -> None:
        source, target = self.kept[first % len(self.kept)], self.kept[second % len(self.kept)]
        links = {*source.ticket.links, *target.ticket.links}
        live = source.ticket.state in LIVE or target.ticket.state in LIVE
        with contextlib.suppress(IllegalTransition):
            both = ticket_changes.merged(source.ticket, target.ticket, POLICY, self.now, "a")
            self.keep(source, both.source)
            self.keep(target, both.target)
            assert links <= {*target.ticket.links}
            assert (target.ticket.state in LIVE) == live

    @invariant()
    def a_due_time_runs_or_rests(self) -> None:
        for kept in self.kept:
            ticket = kept.ticket
            assert ticket.due_at is None or ticket.state in RUNNING
            assert ticket.left_s is None or ticket.state is TicketState.PENDING
            assert (ticket.solved_at is not None) <= (ticket.state not in LIVE)
            if ticket.state is TicketState.SOLVED:
                assert ticket.solved_at is not None

    @invariant()
    def what_is_merged_is_closed_and_empty(self) -> None:
        for kept in self.kept:
            if kept.ticket.merged_into is not None:
                assert kept.ticket.state is TicketState.CLOSED
                assert kept.ticket.links == ()

    @invariant()
    def no_link_is_lost(self) -> None:
        there = {link for kept in self.kept for link in kept.ticket.links}
        assert self.given == there

    @invariant()
    def the_trail_explains_the_state(self) -> None:
        for kept in self.kept:
            state, last = "new", None
            for entry in kept.trail:
                assert last is None or entry.at >= last
                last = entry.at
                if entry.change == "state":
                    before, _, after = entry.text.partition(ARROW)
                elif entry.change == "merged":
                    before, _, after = entry.text.partition(", ")[2].partition(ARROW)
                else:
                    continue
                assert before == state
                state = after
            assert state == kept.ticket.state
            assert last == kept.ticket.changed_at


TestTickets = Tickets.TestCase
TestTickets.settings = settings(deadline=None, max_examples=EXAMPLES * 2, stateful_step_count=30)
