"""Messages of 1,000 chats at once, both ways: from who writes, through the commit, to who reads.

Customers and the node are two processes on one machine. An agent's message carries the time at
which he has sent it, so its way is measured from the call until the customer has the frame; a
customer's from his frame until `accepted`, which comes after the commit. Beside the waits stand
the node's processor time and how late its event loop was: where others keep the machine busy, the
waits tell of them.
"""

import asyncio
import json as json_format
import time
from collections.abc import Sequence
from typing import Any, Final

from bench.chat_rig import ACCEPTED, AGENT_TOLD, Customer, Node, enter, node, open_files
from bench.machine import MachineTime
from bench.tables import print_table

CHATS: Final = 1_000
RATES_PER_S: Final = (100, 250, 500, 1_000)
"""Of both directions together; half of them are the customers'."""
SECONDS: Final = 15.0
SETTLE_S: Final = 2.0
TICK_S: Final = 0.002
SERVED_S_MAX: Final = 120.0
AIM_MS: Final = 100.0


def run(json: bool = False) -> None:
    """Measure and print."""
    open_files()
    first, rows = asyncio.run(_measure())
    print_table(f"{CHATS:,} new chats: from `hello` to an agent", [first])
    print_table(f"Chat messages, {CHATS:,} chats (aim: p99 below {AIM_MS:g} ms)", rows)
    if json:
        print(json_format.dumps({"chat_messages": {"first": first, "rates": rows}}))


class _Waits:
    """What the customers see."""

    def __init__(self) -> None:
        self.sent_ns: dict[bytes, int] = {}
        self.accepted_ms: list[float] = []
        self.told_ms: list[float] = []

    def take(self, customer: Customer, frame: bytes) -> None:
        """Take a frame; it is not parsed, so that customers cost next to nothing."""
        if frame.startswith(ACCEPTED):
            client_id = frame[len(ACCEPTED) : frame.index(b'"', len(ACCEPTED))]
            begun_ns = self.sent_ns.pop(client_id, None)
            if begun_ns is not None:
                self.accepted_ms.append((time.monotonic_ns() - begun_ns) / 1e6)
        elif AGENT_TOLD in frame:
            begin = frame.index(b'"text":"') + 8
            begun_ns = int(frame[begin : frame.index(b" ", begin)])
            self.told_ms.append((time.monotonic_ns() - begun_ns) / 1e6)


async def _measure() -> tuple[dict[str, object], list[dict[str, object]]]:
    waits = _Waits()
    with node() as where:
        where.tell("sit")
        customers = await enter(where, range(CHATS), waits.take)
        first = await _first(where, customers)
        rows = [await _at(rate, where, customers, waits) for rate in RATES_PER_S]
        for customer in customers:
            customer.transport.abort()
    return first, rows


async def _first(where: Node, customers: Sequence[Customer]) -> dict[str, object]:
    """Let everybody write for the first time, 200 a second, and be taken by an agent."""
    before, begun_s = where.ask("spent"), time.monotonic()
    for number, customer in enumerate(customers):
        customer.send({"type": "message", "client_id": f"first{number}", "text": "Hello"})
        if number % 10 == 0:
            await asyncio.sleep(0.05)
    while (served := await asyncio.to_thread(where.ask, "served")) < CHATS:
        if time.monotonic() - begun_s > SERVED_S_MAX:
            raise TimeoutError(f"{served} of {CHATS} chats were served within {SERVED_S_MAX:g} s")
        await asyncio.sleep(0.2)
    took_s, spent = time.monotonic() - begun_s, where.ask("spent")
    return {
        "chats": CHATS,
        "s until all are served": round(took_s, 1),
        "node ms each": round(1e3 * (spent.cpu_s - before.cpu_s) / CHATS, 2),
        "of its loop": round(1e3 * (spent.loop_s - before.loop_s) / CHATS, 2),
        "node %": round(100 * (spent.cpu_s - before.cpu_s) / took_s),
        "writes each": round((spent.written - before.written) / CHATS, 1),
        "loop late p99 ms": spent.late_p99_ms,
    }


async def _at(
    rate: int, where: Node, customers: Sequence[Customer], waits: _Waits
) -> dict[str, object]:
    """Let both sides write at a rate."""
    waits.sent_ns.clear()
    waits.accepted_ms, waits.told_ms = [], []
    before, machine = where.ask("spent"), MachineTime.now()
    ours_s, begun_s = time.process_time(), time.monotonic()
    where.tell("agents", rate / 2, SECONDS)
    count, number = int(rate / 2 * SECONDS), 0
    while number < count:
        due = min(count, int((time.monotonic() - begun_s) * rate / 2) + 1)
        for number in range(number, due):  # noqa: B020 - goes on where it was
            client_id = f"m{rate}-{number}"
            waits.sent_ns[client_id.encode()] = time.monotonic_ns()
            customers[number % CHATS].send(
                {"type": "message", "client_id": client_id, "text": "y" * 100}
            )
        number = due
        await asyncio.sleep(TICK_S)
    took_s = time.monotonic() - begun_s
    await asyncio.sleep(SETTLE_S)
    spent, share = where.ask("spent"), MachineTime.now().since(machine)
    cpu_s = spent.cpu_s - before.cpu_s
    arrived = len(waits.accepted_ms) + len(waits.told_ms)
    return {
        "a second": rate,
        "sent": 2 * count,
        "arrived": arrived,
        "accepted p50": _percentile(waits.accepted_ms, 50),
        "p99 ms": _percentile(waits.accepted_ms, 99),
        "told p50": _percentile(waits.told_ms, 50),
        "p99 ms ": _percentile(waits.told_ms, 99),
        "worst": _percentile([*waits.accepted_ms, *waits.told_ms], 100),
        "node %": round(100 * cpu_s / took_s),
        "ms each": round(1e3 * cpu_s / max(1, arrived), 2),
        "loop late p99": spent.late_p99_ms,
        "writes a commit": round(
            (spent.written - before.written) / max(1, spent.commits - before.commits), 1
        ),
        "customers %": round(100 * (time.process_time() - ours_s) / took_s),
        "idle %": share.idle_percent,
    }


def _percentile(times_ms: Sequence[float], percent: int) -> Any:
    ordered = sorted(times_ms)
    return round(ordered[(len(ordered) - 1) * percent // 100], 1) if ordered else None
