"""Watching cells: what starts, quits or is silent for too long is killed."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from pbx.cell_process import Cell, CellState

START_S_MAX: Final = 10.0
QUIT_S_MAX: Final = 10.0
"""A cell lingers up to 4 s after its last leg, whether it quits then or not."""
HEARTBEATS_MISSED_MAX: Final = 3


def verdict_on(cell: Cell, now_s: float, heartbeat_s: float) -> str | None:
    """Return why a cell must be killed; None while it is sound.

    Args:
        cell: The cell.
        now_s: `time.monotonic()`.
        heartbeat_s: Time between two heartbeats.
    """
    if cell.state is CellState.STARTING:
        return "start" if now_s - cell.begun_s > START_S_MAX else None
    if cell.state in (CellState.RESTING, CellState.LEAVING) and now_s - cell.left_s > QUIT_S_MAX:
        return "quit"
    if now_s - cell.heard_s > HEARTBEATS_MISSED_MAX * heartbeat_s:
        return "heartbeat"
    return None


async def watch(heartbeat_s: float, cells: Callable[[], Iterable[Cell]]) -> None:
    """Look at every cell once a heartbeat, until cancelled."""
    due_s = time.monotonic() + heartbeat_s
    while True:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        now_s = time.monotonic()
        # If this process itself was stopped, heartbeats wait in the sockets unread.
        stalled = now_s - due_s > heartbeat_s
        due_s = now_s + heartbeat_s
        if stalled:
            continue
        for cell in cells():
            verdict = verdict_on(cell, now_s, heartbeat_s)
            if verdict is not None:
                cell.kill(verdict)
