"""Tickets joined: their store, what the configuration says, the events, the clock."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bus.local import LocalBus
from bus.resume import Resume
from config.schema import Configuration
from domain.ports import Clock
from domain.ticket import TicketReason, TicketState
from domain.ticket_ports import TicketDesk
from server.metrics import Figure, FigureSource
from server.stream_keeper import StreamKeeper
from store.opening import Store
from tickets.attendant import Attendant
from tickets.clerk import CURSOR, GATHER_S, Clerk
from tickets.figures import TicketFigures
from tickets.policy import TicketPolicy
from tickets.ports import MessageReader
from tickets.service import TicketService
from tickets.tracker import Matter, Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketsAtWork:
    """What the rest of a node asks of tickets.

    Attributes:
        desk: For the API.
        figures: For the metrics.
        reload: Puts another configuration in force.
    """

    desk: TicketDesk
    figures: FigureSource
    reload: Callable[[Configuration], None]


@asynccontextmanager
async def tickets_at_work(
    settings: Configuration,
    store: Store,
    bus: LocalBus,
    clock: Clock,
    *,
    messages: MessageReader | None = None,
) -> AsyncIterator[TicketsAtWork]:
    """Open tickets by rule, and move them on, until it is left.

    Enter it after the journal and before what publishes. A switch to on or off is a reload.

    Args:
        settings: Its sections `tickets` and `business_hours`.
        store: Keeps them.
        bus: Read and told.
        clock: Gives wall times.
        messages: Where messages are read; None: nobody writes on this node.
    """
    service = TicketService(store.tickets, TicketPolicy.of(settings), events=bus, clock=clock)
    attendant = Attendant(service, store.tickets, messages=messages, clock=clock)
    clerk = Clerk(attendant, service.figures)
    async with StreamKeeper[Matter](
        CURSOR,
        Tracker(),
        clerk,
        stream=Resume(bus, store.journal),
        cursors=store.cursors,
        gather_s=GATHER_S,
        beside=(clerk.go_round,),
    ):
        yield TicketsAtWork(
            desk=service,
            figures=ticket_figures(service.figures, lambda: service.policy.queues),
            reload=lambda new: service.reload(TicketPolicy.of(new)),
        )


def ticket_figures(figures: TicketFigures, queues: Callable[[], frozenset[str]]) -> FigureSource:
    """Return how tickets stand, and how many were opened why.

    Args:
        figures: Of the service.
        queues: Those of the configuration; tickets of others have no time series.
    """

    def read() -> Iterable[Figure]:
        known = sorted(queues())
        standing = {(one.queue_id, one.state): one for one in figures.standing}
        for queue_id in known:
            overdue = 0
            for state in TicketState:
                if state is TicketState.CLOSED:
                    continue
                count = standing.get((queue_id, state))
                overdue += 0 if count is None else count.overdue
                yield Figure(
                    "warmline_tickets",
                    0 if count is None else count.tickets,
                    (queue_id, state.value),
                )
            yield Figure("warmline_tickets_overdue", overdue, (queue_id,))
        for reason in TicketReason:
            yield Figure("warmline_tickets_opened", figures.opened[reason.value], (reason.value,))
        yield Figure("warmline_tickets_undone", figures.undone)
        yield Figure("warmline_tickets_passed_over", figures.broken, ("mistake",))
        yield Figure("warmline_tickets_passed_over", figures.passed_over, ("gone",))

    return read
