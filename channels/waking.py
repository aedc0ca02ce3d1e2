"""A pause that somebody may cut short."""

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]


async def pause(woken: asyncio.Event, sleep: Sleep, pause_s: float) -> None:
    """Return when an event is set or the time is up; nothing is left behind either way."""
    waits = [asyncio.ensure_future(woken.wait()), asyncio.ensure_future(sleep(pause_s))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
