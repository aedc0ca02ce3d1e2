"""What it costs to know who calls: profiles loaded at arrival, lessons taken, tables imported.

In a store of 100,000 customers with a telephone number, a mail address, a purchase and
a summary each. The load is measured beside plain `sqlite3` reading one row by its key from the
same file, so that figures of two machines can be compared by their ratios.
"""

import asyncio
import json as json_format
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from bench.watch import Figures, Watch, show
from domain.contact import Channel, Contact, Disposition
from domain.customer import CustomerChange
from domain.customer_derivation import profile_of
from domain.customer_form import read_change
from domain.customer_lessons import ContactEnded
from domain.customer_table import lines_of, read_csv
from domain.mood import Mood
from server.clock import SystemClock
from store.opening import DATABASE_FILE, Store, open_store

CUSTOMERS: Final = 100_000
BATCH: Final = 200
LOADS: Final = 3_000
ARRIVALS_PER_S: Final = 60
"""The rate at which calls are to be set up in the end."""
ARRIVALS_S: Final = 20
LOADS_AT_ONCE: Final = 3
"""As `customers.service.LOADS_AT_ONCE`: benches measure the store, not the service's queue."""


def _phone(number: int) -> str:
    return f"+4930{number:07}"


def _table() -> Iterator[bytes]:
    yield b"number,name,address,phones,mails,value,language,product,version,purchases\n"
    for number in range(CUSTOMERS):
        yield (
            f"C-{number},Name {number},Street {number},{_phone(number)},c{number}@example.org,"
            f"{number % 5 + 1},en,router,7.{number % 10},2026-01-02 router 49.90\n"
        ).encode()


def _contact(number: int, caller: int) -> Contact:
    return Contact(
        contact_id=f"{number:032x}",
        channel=Channel.VOICE,
        queue_id="billing",
        language="en",
        arrived_at=datetime.now(UTC),
        arrived_s=time.monotonic(),
        caller=_phone(caller),
        dialled="800",
        trunk_id="carrier",
        sip_call_id=f"{number}@192.0.2.1",
    )


def _ended(number: int) -> ContactEnded:
    return ContactEnded(
        contact_id=f"{number:032x}",
        at=datetime.now(UTC),
        queue_id="billing",
        disposition=Disposition.AGENT_ENDED,
        agent_id=f"agent-{number % 50}",
        mood=Mood.CALM,
    )


async def _import(store: Store, rows: list[Figures]) -> None:
    with Watch("row of a table read and checked", rows) as watch:
        read = [what for _, what in read_csv(lines_of(_table()))]
        watch.done(len(read))
    changes = [what for what in read if isinstance(what, CustomerChange)]
    with Watch(f"customer entered, {BATCH} at once", rows) as watch:
        for first in range(0, len(changes), BATCH):
            await store.directory.put(changes[first : first + BATCH])
        watch.done(len(changes))
    again = [read_change({"number": f"C-{number}", "value": 3}) for number in range(10_000)]
    with Watch(f"customer changed, {BATCH} at once", rows) as watch:
        for first in range(0, len(again), BATCH):
            await store.directory.put(again[first : first + BATCH])
        watch.done(len(again))


async def _learn(store: Store, rows: list[Figures]) -> None:
    """Give every customer a contact, and with it a summary."""
    for first in range(0, CUSTOMERS, 5_000):
        part = range(first, min(first + 5_000, CUSTOMERS))
        await asyncio.gather(*(store.contacts.open(_contact(one, one)) for one in part))
    with Watch(f"contact learnt from, {BATCH} at once", rows) as watch:
        for first in range(0, CUSTOMERS, BATCH):
            lessons = [_ended(number) for number in range(first, first + BATCH)]
            await store.directory.memory.take(lessons)
        watch.done(CUSTOMERS)


async def _load(store: Store, contact_id: str) -> None:
    """Do what the service does when a contact arrives."""
    arrival = await store.directory.memory.arrival(contact_id, open_identifier=False)
    assert arrival is not None
    assert arrival.customer is not None
    profile = profile_of(arrival.summary, arrival.customer, datetime.now(UTC), queue_id="billing")
    assert profile.repeat


async def _arrive(store: Store, rows: list[Figures]) -> None:
    chance = random.Random(7)
    new = range(CUSTOMERS, CUSTOMERS + LOADS)
    await asyncio.gather(
        *(store.contacts.open(_contact(one, chance.randrange(CUSTOMERS))) for one in new)
    )
    with Watch("profile loaded, one after the other", rows) as watch:
        for number in new:
            await watch.timed(partial(_load, store, f"{number:032x}"))
        watch.done(LOADS)
    free = asyncio.Semaphore(LOADS_AT_ONCE)

    async def load(number: int) -> None:
        await store.contacts.open(_contact(number, chance.randrange(CUSTOMERS)))

        async def wait_and_load() -> None:
            async with free:
                await _load(store, f"{number:032x}")

        await watch.timed(wait_and_load)

    arrivals = ARRIVALS_PER_S * ARRIVALS_S
    with Watch(f"profile loaded, {ARRIVALS_PER_S} arrivals a second", rows) as watch:
        async with asyncio.TaskGroup() as group:
            for number in range(CUSTOMERS + LOADS, CUSTOMERS + LOADS + arrivals):
                group.create_task(load(number))
                await asyncio.sleep(1 / ARRIVALS_PER_S)
        watch.done(arrivals)
    with Watch("customer shown, with his last contacts", rows) as watch:
        for number in list(new)[:500]:
            await watch.timed(partial(store.directory.of_contact, f"{number:032x}"))
        watch.done(500)


def _plain(folder: Path, rows: list[Figures]) -> None:
    """Measure what we are compared with."""
    connection = sqlite3.connect(folder / DATABASE_FILE)
    ids = [row[0] for row in connection.execute("SELECT customer_id FROM customer_summaries")]
    chance = random.Random(7)
    with Watch("plain sqlite3, one summary by its key", rows) as watch:
        for _ in range(LOADS):
            begun_s = time.perf_counter()
            connection.execute(
                "SELECT summary FROM customer_summaries WHERE customer_id = ?",
                (chance.choice(ids),),
            ).fetchone()
            watch.waits_s.append(time.perf_counter() - begun_s)
        watch.done(LOADS)
    connection.close()


async def _measure() -> tuple[list[Figures], float]:
    rows: list[Figures] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_store(folder, SystemClock(), history_days=365) as store:
            await _import(store, rows)
            await _learn(store, rows)
            await _arrive(store, rows)
        _plain(folder, rows)
        mib = (folder / DATABASE_FILE).stat().st_size / 1024 / 1024
    return rows, mib


def run(json: bool = False) -> None:
    """Measure and print.

    Args:
        json: One JSON object in place of the table.
    """
    rows, mib = asyncio.run(_measure())
    if json:
        told = {
            "bench": "profiles",
            "customers": CUSTOMERS,
            "database_mib": round(mib, 1),
            "figures": [asdict(row) for row in rows],
        }
        print(json_format.dumps(told))
        return
    show(f"Profiles of {CUSTOMERS:,} customers, {mib:.0f} MiB", rows)


if __name__ == "__main__":
    run(json="--json" in sys.argv)
