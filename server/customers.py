"""Who contacts us, joined: the store's memory, another system that is asked, who decides by it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bus.local import LocalBus
from bus.resume import Resume
from channels.lookup.figures import LookupFigures
from channels.lookup.lookup import Lookup
from config.schema import Configuration
from customers.figures import CustomerFigures
from customers.learner import CURSOR, Learner
from customers.ports import CustomerMemory
from customers.recognition import Recogniser
from customers.service import CustomerService
from customers.tracker import Tracker
from domain.customer_lessons import Lesson
from domain.customer_ports import ProfileTaker
from domain.ports import Clock
from server.figures import customer_figures
from server.metrics import FigureSource
from server.stream_keeper import StreamKeeper
from server.version import VERSION
from store.opening import Store


@asynccontextmanager
async def customers_at_work(
    settings: Configuration,
    store: Store,
    bus: LocalBus,
    clock: Clock,
    *,
    taker: ProfileTaker,
    figures: CustomerFigures,
    recogniser: Recogniser | None = None,
) -> AsyncIterator[FigureSource]:
    """Look for whoever arrives, and tell `taker`; yields what is counted.

    Raises:
        ConfigurationError: The secret of `customers.lookup` is not there or is no key.
    """
    async with AsyncExitStack() as exits:
        lookup: Lookup | None = None
        if settings.customers.lookup is not None:
            lookup = Lookup(settings.customers.lookup, clock=clock, version=VERSION)
            await exits.enter_async_context(lookup)
        service = CustomerService(
            store.directory.memory,
            events=bus,
            clock=clock,
            taker=taker,
            lookup=lookup,
            recogniser=recogniser,
            figures=figures,
        )
        await exits.enter_async_context(service)
        asked: LookupFigures | None = None if lookup is None else lookup.figures
        yield customer_figures(figures, asked)


def learning_of_customers(
    memory: CustomerMemory, store: Store, bus: LocalBus, figures: CustomerFigures
) -> StreamKeeper[Lesson]:
    """Return what keeps customers' summaries up to date from the events.

    Args:
        memory: Learns.
        store: Keeps the events and how far they were learnt from.
        bus: Of this node.
        figures: Counted in.
    """
    return StreamKeeper(
        CURSOR,
        Tracker(),
        Learner(memory, figures),
        stream=Resume(bus, store.journal),
        cursors=store.cursors,
    )
