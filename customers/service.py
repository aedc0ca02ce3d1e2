"""Who has come: loaded when a contact arrives, told to the router, asked of another system.

The store's summary is told at once; what another system knows is written down and told again
whenever it comes. Nothing waits for either: a contact is queued and offered without them.
"""

import asyncio
from collections import OrderedDict
from typing import Final, Self

import structlog

from customers.figures import CustomerFigures
from customers.ports import CustomerMemory
from customers.recognition import Recogniser
from domain.customer_derivation import profile_of
from domain.customer_lessons import Arrival
from domain.customer_ports import CustomerLookup, LookupQuestion, ProfileTaker
from domain.errors import StoreError, WarmlineError
from domain.events import ContactArrived, ContactClosed, ContactQueued, Event
from domain.ports import Clock, EventStream

LOADS_AT_ONCE: Final = 3
"""One fewer than the store has connections that read, so that others get one as well."""
LOADS_WAITING_MAX: Final = 500
"""At 60 contacts a second some 8 s of a store that does not answer; a contact beyond them is
served without a profile."""
ASKS_MAX: Final = 200
"""Contacts whose answer of the other system is waited for or written; it limits itself, this
limits the writing."""
SEEN_MAX: Final = 10_000
"""Contacts whose queue is remembered, ten times the calls of the largest node."""

_log = structlog.get_logger(__name__)


class CustomerService:
    """Async context manager: while it is entered, whoever arrives is looked for."""

    def __init__(
        self,
        memory: CustomerMemory,
        *,
        events: EventStream,
        clock: Clock,
        taker: ProfileTaker,
        lookup: CustomerLookup | None = None,
        recogniser: Recogniser | None = None,
        figures: CustomerFigures | None = None,
    ) -> None:
        """Prepare.

        Args:
            memory: What is known of customers.
            events: Read.
            clock: Gives wall times.
            taker: Is told who it is.
            lookup: Another system that is asked; None: none.
            recogniser: Writes down whose contact it is before he is looked for; None: nobody does.
            figures: Counted in; None: new ones.
        """
        self._memory = memory
        self._events = events
        self._clock = clock
        self._taker = taker
        self._lookup = lookup
        self._recogniser = recogniser
        self.figures: Final = figures or CustomerFigures()
        self._seen: OrderedDict[str, str] = OrderedDict()
        self._arrived: asyncio.Queue[tuple[str, bool]] = asyncio.Queue(LOADS_WAITING_MAX)
        self._asking: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        listening = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read(listening), name="customers-arrive")]
        self._tasks += [
            asyncio.create_task(self._load_each(), name=f"customers-load-{number}")
            for number in range(LOADS_AT_ONCE)
        ]
        await listening.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        # What is not loaded by now decides nothing any more.
        tasks = [*self._tasks, *self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []

    async def _read(self, listening: asyncio.Event) -> None:
        async with self._events.subscribe("customers") as stream:
            listening.set()
            async for envelope in stream:
                self._hear(envelope.event)

    def _hear(self, event: Event) -> None:
        match event:
            case ContactArrived(contact_id=contact_id, queue_id=queue_id):
                self._want(contact_id, queue_id)
            case ContactQueued(contact_id=contact_id, queue_id=queue_id):
                # Of a contact that arrived with this queue everything is on its way.
                if self._seen.get(contact_id) != queue_id:
                    self._want(contact_id, queue_id)
            case ContactClosed(contact_id=contact_id):
                self._seen.pop(contact_id, None)

    def _want(self, contact_id: str, queue_id: str) -> None:
        is_new = contact_id not in self._seen
        self._seen[contact_id] = queue_id
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
        try:
            self._arrived.put_nowait((contact_id, is_new))
        except asyncio.QueueFull:
            self.figures.loads["dropped"] += 1

    async def _load_each(self) -> None:
        while True:
            contact_id, is_new = await self._arrived.get()
            try:
                if is_new and self._recogniser is not None:
                    await self._recognise(self._recogniser, contact_id)
                await self._load(contact_id, ask=is_new and self._lookup is not None)
            except StoreError as error:
                self.figures.loads["failed"] += 1
                _log.warning("customer not loaded", contact_id=contact_id, cause=str(error))
            except Exception:
                # One contact must not end the service for all others.
                self.figures.loads["failed"] += 1
                _log.exception("loading a customer broke", contact_id=contact_id)

    async def _recognise(self, recogniser: Recogniser, contact_id: str) -> None:
        """Have it written down whose contact it is; without, he is served all the same."""
        try:
            await recogniser.arrived(contact_id)
        except WarmlineError as error:
            _log.warning("customer not recognised", contact_id=contact_id, cause=str(error))

    async def _load(self, contact_id: str, *, ask: bool) -> None:
        arrival = await self._memory.arrival(contact_id, open_identifier=ask)
        if arrival is None:
            self.figures.loads["unknown"] += 1
            return
        self.figures.loads["unknown" if arrival.customer is None else "known"] += 1
        self._tell(contact_id, arrival)
        # Who does not want a profile is not asked for one elsewhere either.
        wanted = ask and (arrival.customer is None or arrival.customer.profiling)
        if wanted and arrival.identifier is not None and len(self._asking) < ASKS_MAX:
            question = LookupQuestion(
                contact_id=contact_id,
                channel=arrival.channel,
                queue_id=arrival.queue_id,
                language=arrival.language,
                identifier=arrival.identifier,
            )
            task = asyncio.create_task(self._ask(question), name="customers-asks")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    def _tell(self, contact_id: str, arrival: Arrival) -> None:
        if arrival.customer is None:
            return
        # The queue where he is now, which may be another than when he was looked for.
        queue_id = self._seen.get(contact_id, arrival.queue_id)
        profile = profile_of(
            arrival.summary, arrival.customer, self._clock.utc(), queue_id=queue_id
        )
        self._taker.customer_known(contact_id, profile)

    async def _ask(self, question: LookupQuestion) -> None:
        assert self._lookup is not None
        try:
            change = await self._lookup.ask(question)
            if change is None:
                return
            await self._memory.learn_of(question.contact_id, change)
            if self._recogniser is not None:
                await self._recogniser.told(question.contact_id)
            arrival = await self._memory.arrival(question.contact_id, open_identifier=False)
            if arrival is not None:
                self._tell(question.contact_id, arrival)
        except StoreError as error:
            _log.warning(
                "what another system tells is not written",
                contact_id=question.contact_id,
                cause=str(error),
            )
        except Exception:
            _log.exception("asking another system broke", contact_id=question.contact_id)
