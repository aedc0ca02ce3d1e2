"""What it costs to write a call down: contacts, events, and the file under both.

Each figure stands beside plain `sqlite3` doing one row a transaction on the same disk, so
that figures of two machines can be compared by their ratios.
"""

import asyncio
import itertools
import json as json_format
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bus.local import LocalBus
from domain.contact import Channel, Contact, ContactTrigger, Disposition, Interaction
from domain.event_codec import decode, encode
from domain.events import Envelope, SpeechObserved
from domain.speech import Speaker, SpeechKind, SpeechSpan
from store.opening import Store, open_store

CALLERS_MANY: Final = 100
OPENINGS: Final = 3_000
CALLS_PER_S: Final = 60
"""The rate at which calls are to be set up in the end."""
CALLS_S: Final = 5
EVENTS: Final = 50_000
BATCH_EVENTS: Final = 500


class SystemClock:
    """The clock of the machine."""

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table.

    Attributes:
        per_s: Of what is counted, finished in a second.
        p50_ms, p99_ms: Time of one, as its caller waits for it; None where none waits.
        cpu_us: Time of all processors for one, microseconds.
    """

    name: str
    per_s: float
    p50_ms: float | None
    p99_ms: float | None
    cpu_us: float


@contextmanager
def _measured(name: str, count: int, waits_s: list[float], rows: list[Figures]) -> Iterator[None]:
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    yield
    took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    waits = sorted(waits_s)
    rows.append(
        Figures(
            name=name,
            per_s=count / took_s,
            p50_ms=waits[len(waits) // 2] * 1e3 if waits else None,
            p99_ms=waits[len(waits) * 99 // 100] * 1e3 if waits else None,
            cpu_us=cpu_s / count * 1e6,
        )
    )


def _contact(number: int) -> Contact:
    return Contact(
        contact_id=f"{number:032x}",
        channel=Channel.VOICE,
        queue_id="sales",
        language="en",
        arrived_at=datetime.now(UTC),
        arrived_s=time.monotonic(),
        caller="+4930123456",
        dialled="800",
        trunk_id="carrier",
        sip_call_id=f"{number}@192.0.2.1",
    )


async def _timed(waits_s: list[float], work: Callable[[], Awaitable[None]]) -> None:
    begun_s = time.perf_counter()
    await work()
    waits_s.append(time.perf_counter() - begun_s)


async def _whole_call(store: Store, number: int) -> None:
    """Write what a call of the flow writes: four times its row, one interaction."""
    contact = _contact(number)
    await store.contacts.open(contact)
    contact.step(ContactTrigger.ENQUEUE)
    contact.queued_s = contact.arrived_s
    await store.contacts.update(contact)
    contact.step(ContactTrigger.OFFER)
    contact.step(ContactTrigger.CONNECT)
    contact.connected_s, contact.agent_id = contact.arrived_s, "anna"
    await store.contacts.update(contact)
    contact.step(ContactTrigger.CLOSE)
    contact.closed_s, contact.disposition = contact.arrived_s, Disposition.CALLER_ENDED
    interaction = Interaction(
        interaction_id=contact.contact_id,
        contact_id=contact.contact_id,
        agent_id="anna",
        started_at=contact.arrived_at,
        ended_at=contact.arrived_at,
        outcome="answered",
        ring_s=1.0,
        talk_s=1.0,
    )
    await store.contacts.add_interaction(interaction)
    await store.contacts.close(contact, "")


async def _speech_of_call(store: Store, number: int) -> None:
    """Write what the analysis hears of it, beside the flow as in the node."""
    span = SpeechSpan(kind=SpeechKind.TURN, start_s=0, end_s=1, speaker=Speaker.AGENT)
    for _ in range(3):
        await store.contacts.add_speech(f"{number:032x}", [span, span])


async def _contacts(store: Store, rows: list[Figures]) -> None:
    numbers = itertools.count(1)
    for callers in (1, CALLERS_MANY):
        waits_s: list[float] = []

        async def open_some(times: int, waits_s: list[float] = waits_s) -> None:
            for _ in range(times):
                contact = _contact(next(numbers))
                await _timed(waits_s, partial(store.contacts.open, contact))

        share = OPENINGS // callers
        with _measured(f"contact opened, {callers} at once", share * callers, waits_s, rows):
            await asyncio.gather(*(open_some(share) for _ in range(callers)))
    waits_s = []
    calls = CALLS_PER_S * CALLS_S
    with _measured(f"whole call, {CALLS_PER_S} a second", calls, waits_s, rows):
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                number = next(numbers)
                group.create_task(_timed(waits_s, partial(_whole_call, store, number)))
                group.create_task(_speech_of_call(store, number))
                await asyncio.sleep(1 / CALLS_PER_S)
    waits_s = []
    with _measured("page of 50 contacts read", 100, waits_s, rows):
        for _ in range(100):
            await _timed(waits_s, partial(_read_page, store))


async def _read_page(store: Store) -> None:
    await store.contacts.recent(limit=50)


def _event(sequence: int) -> Envelope:
    span = SpeechSpan(
        kind=SpeechKind.SEGMENT,
        start_s=1.5,
        end_s=3.25,
        speaker=Speaker.CUSTOMER,
        level_dbov=-23.5,
        pitch_hz=181.25,
        pitch_range_semitones=7.5,
    )
    event = SpeechObserved(contact_id=f"{sequence:032x}", span=span)
    return Envelope(sequence=sequence, at=datetime.now(UTC), event=event)


async def _events(store: Store, rows: list[Figures]) -> None:
    envelopes = [_event(number) for number in range(1, EVENTS + 1)]
    lines: list[str] = []
    with _measured("event to JSON", EVENTS, [], rows):
        lines += [encode(envelope) for envelope in envelopes]
    with _measured("event from JSON", EVENTS, [], rows):
        for line in lines:
            decode(line)
    bus = LocalBus(SystemClock())
    readers = [bus.subscribe(f"reader {number}") for number in range(5)]
    with _measured("event published to 5 readers", EVENTS, [], rows):
        for envelope in envelopes:
            bus.publish(envelope.event)
    for reader in readers:
        reader.close()
    waits_s: list[float] = []
    with _measured(f"event journaled, {BATCH_EVENTS} at once", EVENTS, waits_s, rows):
        for first in range(0, EVENTS, BATCH_EVENTS):
            batch = envelopes[first : first + BATCH_EVENTS]
            await _timed(waits_s, partial(store.journal.append, batch))
    with _measured("event read from the journal", EVENTS, [], rows):
        after = 0
        while page := await store.journal.after(after):
            after = page[-1].sequence


def _plain(folder: Path, rows: list[Figures]) -> None:
    """Measure what we are compared with."""
    connection = sqlite3.connect(folder / "plain.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE plain (id TEXT PRIMARY KEY, value TEXT)")
    waits_s: list[float] = []
    with _measured("plain sqlite3, one row a transaction", OPENINGS, waits_s, rows):
        for number in range(OPENINGS):
            begun_s = time.perf_counter()
            connection.execute("INSERT INTO plain VALUES (?, ?)", (f"{number:032x}", "x" * 300))
            waits_s.append(time.perf_counter() - begun_s)
    connection.close()


async def _measure() -> list[Figures]:
    rows: list[Figures] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _plain(folder, rows)
        async with open_store(folder, SystemClock()) as store:
            await _contacts(store, rows)
            await _events(store, rows)
    return rows


def run(json: bool = False) -> None:
    """Measure and print.

    Args:
        json: One JSON object in place of the table.
    """
    rows = asyncio.run(_measure())
    if json:
        print(json_format.dumps({"bench": "records", "figures": [asdict(row) for row in rows]}))
        return
    table = Table(title="Records")
    table.add_column("what")
    for heading in ("a second", "p50 ms", "p99 ms", "processor us"):
        table.add_column(heading, justify="right")
    for row in rows:
        waits = [f"{ms:.2f}" if ms is not None else "" for ms in (row.p50_ms, row.p99_ms)]
        table.add_row(row.name, f"{row.per_s:,.0f}", *waits, f"{row.cpu_us:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    run(json="--json" in sys.argv)
