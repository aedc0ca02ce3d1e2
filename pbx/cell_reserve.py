"""The reserve: cells that are ready for a contact, and the calls that wait for one."""

import asyncio
from collections import deque

from domain.errors import NoCellFree
from pbx.cell_process import Cell, CellState


class CellReserve:
    """Cells that wait for calls, or calls that wait for cells; never both.

    Attributes:
        full: Set when the reserve has held `wanted` cells.
    """

    def __init__(self, *, wanted: int, takers_max: int) -> None:
        """Begin empty.

        Args:
            wanted: Cells that make it full.
            takers_max: Calls that may wait.
        """
        self.full = asyncio.Event()
        self._wanted = wanted
        self._takers_max = takers_max
        self._warm: deque[Cell] = deque()
        self._takers: deque[asyncio.Future[Cell]] = deque()

    def __len__(self) -> int:
        return len(self._warm)

    @property
    def takers(self) -> int:
        """Calls that wait."""
        return len(self._takers)

    def put(self, cell: Cell) -> None:
        """Give the cell to the call that waits longest, or keep it."""
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(cell)
                return
        self._warm.append(cell)
        if len(self._warm) >= self._wanted:
            self.full.set()

    def pop(self) -> Cell | None:
        """Return a cell, the one that came last: its memory and caches are warm; None: empty."""
        while self._warm:
            cell = self._warm.pop()
            if cell.state is CellState.WARM and not cell.closed:
                return cell
        return None

    async def wait(self) -> Cell:
        """Return the next cell that becomes ready.

        Raises:
            NoCellFree: Too many wait already, or the reserve is closed.
        """
        if len(self._takers) >= self._takers_max:
            raise NoCellFree(f"cells: {len(self._takers)} calls wait for a cell already")
        taker: asyncio.Future[Cell] = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            while (cell := await taker).state is not CellState.WARM:
                # It ended while it was on its way to us.
                taker = asyncio.get_running_loop().create_future()
                self._takers.appendleft(taker)
            return cell
        except asyncio.CancelledError:
            # Handed over in the same moment as the time was up: back into the reserve.
            if taker.done() and not taker.cancelled() and taker.exception() is None:
                self.put(taker.result())
            raise
        finally:
            if taker in self._takers:
                self._takers.remove(taker)

    def remove(self, cell: Cell) -> None:
        """Forget a cell; harmless if it is not here."""
        if cell in self._warm:
            self._warm.remove(cell)

    def close(self) -> None:
        """Turn away who waits, and forget the cells."""
        for taker in self._takers:
            if not taker.done():
                taker.set_exception(NoCellFree("cells: the pool is closing"))
        self._takers.clear()
        self._warm.clear()
