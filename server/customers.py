"""Who contacts us, joined: the store's memory, another system that is asked, who decides by it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bus.local import LocalBus
from channels.lookup.figures import LookupFigures
from channels.lookup.lookup import Lookup
from config.schema import Configuration
from customers.figures import CustomerFigures
from customers.recognition import Recogniser
from customers.service import CustomerService
from domain.customer_ports import ProfileTaker
from domain.ports import Clock
from server.figures import customer_figures
from server.metrics import FigureSource
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
