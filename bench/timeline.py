"""A page of a customer's timeline among a million entries, beside a bare look-up by key.

Both are asked of the same database in turn, so that what the machine does besides meets both.
"""

import asyncio
import json as json_format
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, select

from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Message
from server.clock import SystemClock
from store.conversation_schema import CUSTOMER_MEMBERS, TIMELINE
from store.opening import Store, open_store
from store.statements import Step

ENTRIES: Final = 1_000_000
OF_ONE: Final = 500
"""Of the customer who is asked for; those of the others are spread among his in time."""
MERGED: Final = 3
"""Records of a customer who is asked for as well, merged of so many, each with as many entries."""
PAGE: Final = 50
ROUNDS: Final = 200
WARM_UP: Final = 10
BATCH: Final = 5_000
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ANNA: Final = "a" * 32
_BERTS: Final = tuple(f"b{number:031x}" for number in range(MERGED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table.

    Attributes:
        p50_ms, p99_ms: As the caller waits for it.
        processor_ms: Time of all processors for one, on average: what is left of it on a machine
            that has other work.
        ratio: Of its median to that of the look-up by key; 1.0 for that itself.
    """

    name: str
    p50_ms: float
    p99_ms: float
    processor_ms: float
    ratio: float


def _others() -> Iterator[tuple[dict[str, Any], ...]]:
    """Yield entries of 5,000 other customers, in the order in which they happened."""
    rows: list[dict[str, Any]] = []
    for number in range(ENTRIES):
        rows.append(
            {
                "entry_id": f"e{number:031x}",
                "customer_id": f"c{number * 7919 % 5_000:031x}",
                "at": _START + timedelta(seconds=number),
                "kind": "message",
                "channel": "chat",
                "conversation_id": f"d{number // 10:031x}",
                "proof": "presented",
                "note": "",
            }
        )
        if len(rows) == BATCH:
            yield tuple(rows)
            rows = []
    if rows:
        yield tuple(rows)


async def _fill(store: Store) -> None:
    add, merge = insert(TIMELINE), insert(CUSTOMER_MEMBERS)
    for rows in _others():
        await store.database.write("entries", Step(add, rows))
    for place, whose in enumerate((_ANNA, *_BERTS)):
        await asyncio.gather(*(_written(store, place, whose, n) for n in range(1, OF_ONE + 1)))
    rows = tuple({"member_id": one, "customer_id": _BERTS[0]} for one in _BERTS[1:])
    await store.database.write("members", Step(merge, rows))


async def _written(store: Store, place: int, whose: str, number: int) -> None:
    """Write a message of 200 characters in a conversation of its own."""
    at = _START + timedelta(seconds=number * (ENTRIES // OF_ONE))
    which = f"{place:x}{number:031x}"
    conversation = Conversation(
        conversation_id=which,
        source="chat",
        channel=Channel.CHAT,
        queue_id="sales",
        address=Identifier(IdentifierKind.APP, whose),
        language="en",
        opened_at=at,
        last_at=at,
        customer_id=whose,
        last_sequence=1,
    )
    message = Message(
        message_id=f"f{place:x}{number:030x}",
        conversation_id=which,
        sequence=1,
        channel=Channel.CHAT,
        author=Author.CUSTOMER,
        at=at,
        text="Where is my parcel? " * 10,
    )
    await store.conversations.add(conversation, message, inbound=None, is_new=True)


async def _by_key(store: Store) -> None:
    query = select(TIMELINE).where(TIMELINE.c.entry_id == f"e{ENTRIES // 2:031x}")
    async with store.database.reading("an entry") as connection:
        assert (await connection.execute(query)).first() is not None


async def _page(store: Store, whose: str, entries: int) -> None:
    page = await store.timelines.timeline(whose, limit=entries)
    assert len(page.entries) == entries


async def _whole(store: Store) -> None:
    before: str | None = None
    entries = 0
    while entries == 0 or before is not None:
        page = await store.timelines.timeline(_ANNA, limit=200, before=before)
        before = page.before
        entries += len(page.entries)
    assert entries == OF_ONE


async def _measure() -> list[Figures]:
    with tempfile.TemporaryDirectory() as name:
        async with open_store(Path(name), SystemClock()) as store:
            await _fill(store)
            asked: dict[str, Callable[[], Awaitable[None]]] = {
                "one entry by its key": lambda: _by_key(store),
                f"newest {PAGE} of {OF_ONE}": lambda: _page(store, _ANNA, PAGE),
                f"newest {PAGE}, merged of {MERGED}": lambda: _page(store, _BERTS[0], PAGE),
                "newest 200": lambda: _page(store, _ANNA, 200),
                f"all {OF_ONE}, in pages of 200": lambda: _whole(store),
            }
            waits: dict[str, list[float]] = {each: [] for each in asked}
            costs = dict.fromkeys(asked, 0.0)
            for number in range(WARM_UP + ROUNDS):
                for each, ask in asked.items():
                    begun_s, cpu_s = time.perf_counter(), time.process_time()
                    await ask()
                    if number >= WARM_UP:
                        waits[each].append(time.perf_counter() - begun_s)
                        costs[each] += time.process_time() - cpu_s
    medians = {each: sorted(waits[each])[ROUNDS // 2] for each in asked}
    bare_s = next(iter(medians.values()))
    return [
        Figures(
            name=each,
            p50_ms=medians[each] * 1e3,
            p99_ms=sorted(waits[each])[ROUNDS * 99 // 100] * 1e3,
            processor_ms=costs[each] / ROUNDS * 1e3,
            ratio=medians[each] / bare_s,
        )
        for each in asked
    ]


def run(json: bool = False) -> None:
    """Measure and print.

    Args:
        json: One JSON object in place of the table.
    """
    rows = asyncio.run(_measure())
    if json:
        print(json_format.dumps({"bench": "timeline", "figures": [asdict(row) for row in rows]}))
        return
    table = Table(title=f"Timeline, {ENTRIES:,} entries in the store")
    table.add_column("what")
    for heading in ("p50 ms", "p99 ms", "processor ms", "times the look-up"):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = (row.p50_ms, row.p99_ms, row.processor_ms)
        table.add_row(row.name, *(f"{each:.2f}" for each in figures), f"{row.ratio:.1f}")
    Console().print(table)
