"""Attempts to call customers back: each takes a cell, in which first the agent is rung."""

import asyncio
from collections.abc import Callable

import structlog

from domain.contact import Contact
from domain.errors import NoCellFree
from domain.offer import Offer
from domain.ports import Hearing
from pbx.call_task import CallTask
from pbx.callback_book import Callback
from pbx.callback_desk import CallbackDesk
from pbx.cells import Cell, CellPool
from pbx.edge.call import CallsOut

log = structlog.get_logger(__name__)


class CallbackAttempts:
    """Those for which a cell is being taken; a call that runs is call control's own."""

    def __init__(
        self,
        desk: CallbackDesk,
        *,
        pool: CellPool,
        hearing: Hearing,
        calls_out: CallsOut,
        sip_domain: str,
        make_task: Callable[[Callback], CallTask],
        on_begun: Callable[[CallTask], None],
    ) -> None:
        """Take what an attempt needs.

        Args:
            desk: Who waits.
            pool: Gives the cells.
            hearing: Where tapped audio goes.
            calls_out: The edge.
            sip_domain: Host part of the address that a cell calls.
            make_task: Makes the task of an attempt.
            on_begun: Told of a task just before it begins.
        """
        self._desk = desk
        self._pool = pool
        self._hearing = hearing
        self._calls_out = calls_out
        self._sip_domain = sip_domain
        self._make_task = make_task
        self._on_begun = on_begun
        self._offers: dict[str, Offer] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, offer: Offer) -> bool:
        """Begin to ring the agent of an offer; False: the contact waits for no callback."""
        callback = self._desk.begin(offer.contact_id)
        if callback is None:
            return False
        if not self._desk.may_dial(callback.contact):
            self._desk.postpone(callback.contact)
            return True
        self._offers[offer.contact_id] = offer
        beginning = asyncio.get_running_loop().create_task(
            self._begin(self._make_task(callback), callback.contact, offer)
        )
        self._tasks.add(beginning)
        beginning.add_done_callback(self._tasks.discard)
        return True

    def withdraw(self, offer: Offer) -> None:
        """Ring nobody for an offer that is over; harmless when he rings already."""
        self._wanted(offer)

    async def settle(self) -> None:
        """Wait until every attempt has begun or was given up; none takes longer than a cell."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def dial(self, cell: Cell, contact: Contact) -> int:
        """Dial a customer; return the leg. The edge knows where his trunk is.

        Raises:
            NotKnown: His number may not be called, or his trunk cannot dial out.
            LimitExceeded: Too many calls are announced to the edge.
            CellError: The cell could not dial.
        """
        number = self._desk.number_of(contact)
        caller = self._desk.outbound_caller(contact)
        word = self._calls_out.expect_call(cell.address, contact.trunk_id, number)
        uri = f"sip:{word}@{self._sip_domain}"
        return await cell.connect(uri, headers={}, display="", caller=caller or "")

    async def _begin(self, task: CallTask, contact: Contact, offer: Offer) -> None:
        try:
            cell = await self._pool.take(
                contact_id=contact.contact_id,
                on_event=task.tell,
                tap_path=self._hearing.tap_path(contact.contact_id),
            )
        except NoCellFree as error:
            log.warning("callback postponed, no cell is free", reason=str(error))
            if self._wanted(offer):
                self._desk.postpone(contact)
            else:
                self._desk.hand_over(contact, in_line=True, outcome=None)
            return
        if not self._wanted(offer) or self._desk.draining:
            cell.release()
            self._desk.hand_over(contact, in_line=True, outcome=None)
            return
        self._calls_out.cell_known(cell.address)
        self._on_begun(task)
        task.call_back(cell, offer)

    def _wanted(self, offer: Offer) -> bool:
        """Return whether an offer still stands, and forget it."""
        known = self._offers.get(offer.contact_id)
        if known is None or known.offer_id != offer.offer_id:
            return False
        del self._offers[offer.contact_id]
        return True
