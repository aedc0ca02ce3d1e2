"""Messages of 1,000 chats at once, both ways: from who writes, through the commit, to who reads.

Customers and the node are two processes on one machine. An agent's message carries the time at
which he has sent it, so its way is measured from the call until the customer has the frame; a
customer's from his frame until `accepted`, which comes after the commit.
"""

import asyncio
import json as json_format
import time
from typing import Any, Final

from bench.chat_rig import Customer, enter, node, open_files
from bench.machine import MachineTime
from bench.tables import print_table

CHATS: Final = 1_000
PER_S: Final = 1_000.0
"""Of both directions together; half of them are the customers'."""
SECONDS: Final = 20.0
AIM_MS: Final = 100.0


def run(json: bool = False) -> None:
    """Measure and print."""
    open_files()
    rows, figures = asyncio.run(_measure())
    print_table(f"Chat messages, {CHATS:,} chats (aim: p99 below {AIM_MS:g} ms)", rows)
    if json:
        print(json_format.dumps({"chat_messages": figures}))


async def _measure() -> tuple[list[dict[str, object]], dict[str, object]]:
    sent_ns: dict[str, int] = {}
    accepted_ms: list[float] = []
    told_ms: list[float] = []

    def take(customer: Customer, message: dict[str, Any]) -> None:
        now_ns = time.monotonic_ns()
        if message["type"] == "accepted":
            begun_ns = sent_ns.pop(message["client_id"], None)
            if begun_ns is not None:
                accepted_ms.append((now_ns - begun_ns) / 1e6)
        elif message["type"] == "message" and message["author"] == "agent":
            told_ms.append((now_ns - int(message["text"].split()[0])) / 1e6)

    with node() as where:
        where.tell("sit")
        customers = await enter(where, range(CHATS), take)
        for number, customer in enumerate(customers):
            customer.send({"type": "message", "client_id": f"first{number}", "text": "Hello"})
            if number % 10 == 0:
                await asyncio.sleep(0.05)
        while await asyncio.to_thread(where.ask, "served") < CHATS:  # noqa: ASYNC110 - a pipe
            await asyncio.sleep(0.2)
        _, _, before_s = where.ask("memory")
        before = where.ask("written")
        machine = MachineTime.now()
        where.tell("agents", PER_S / 2, SECONDS)
        begun_s = time.monotonic()
        count = int(PER_S / 2 * SECONDS)
        for number in range(count):
            wait_s = begun_s + number / (PER_S / 2) - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            client_id = f"m{number}"
            sent_ns[client_id] = time.monotonic_ns()
            customers[number % CHATS].send(
                {"type": "message", "client_id": client_id, "text": "y" * 100}
            )
        took_s = time.monotonic() - begun_s
        await asyncio.sleep(2)
        _, _, after_s = where.ask("memory")
        after = where.ask("written")
        share = MachineTime.now().since(machine)
        for customer in customers:
            customer.transport.abort()
    rows = [
        _row("customer to `accepted`", accepted_ms, count, took_s),
        _row("agent to the customer", told_ms, count, took_s),
    ]
    figures: dict[str, object] = {
        str(row["what"]): {"per_s": row["a second"], "p99_ms": row["p99 ms"]} for row in rows
    }
    cpu_s = after_s - before_s
    each_ms = 1e3 * cpu_s / max(1, len(accepted_ms) + len(told_ms))
    commits = after.commits - before.commits
    print(
        f"node: {cpu_s / took_s:.0%} of a processor, {each_ms:.2f} ms of it a message,"
        f" {(after.written - before.written) / max(1, commits):.1f} writes a commit;"
        f" machine idle {share.idle_percent} %, stolen {share.stolen_percent} %"
    )
    figures["cpu_ms"] = round(each_ms, 3)
    return rows, figures


def _row(what: str, times_ms: list[float], count: int, seconds: float) -> dict[str, object]:
    ordered = sorted(times_ms)
    last = len(ordered) - 1
    return {
        "what": what,
        "sent": count,
        "arrived": len(ordered),
        "a second": round(len(ordered) / seconds, 1),
        "p50 ms": round(ordered[last // 2], 2),
        "p99 ms": round(ordered[last * 99 // 100], 2),
        "worst ms": round(ordered[-1], 2),
    }
