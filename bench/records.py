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
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from bench.watch import Figures, Watch, show
from bus.local import LocalBus
from domain.contact import Channel, Contact, ContactTrigger, Disposition, Interaction
from domain.event_codec import decode, encode
from domain.events import Envelope, SpeechObserved
from domain.speech import Speaker, SpeechKind, SpeechSpan
from server.clock import SystemClock
from store.opening import Store, open_store

CALLERS_MANY: Final = 100
OPENINGS: Final = 3_000
CALLS_PER_S: Final = 60
"""The rate at which calls are to be set up in the end."""
CALLS_S: Final = 5
EVENTS: Final = 50_000
BATCH_EVENTS: Final = 500


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
        share = OPENINGS // callers
        with Watch(f"contact opened, {callers} at once", rows) as watch:

            async def open_some(watch: Watch = watch, times: int = share) -> None:
                for _ in range(times):
                    await watch.timed(partial(store.contacts.open, _contact(next(numbers))))

            await asyncio.gather(*(open_some() for _ in range(callers)))
            watch.done(share * callers)
    calls = CALLS_PER_S * CALLS_S
    with Watch(f"whole call, {CALLS_PER_S} a second", rows) as watch:
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                number = next(numbers)
                group.create_task(watch.timed(partial(_whole_call, store, number)))
                group.create_task(_speech_of_call(store, number))
                await asyncio.sleep(1 / CALLS_PER_S)
        watch.done(calls)
    with Watch("page of 50 contacts read", rows) as watch:
        for _ in range(100):
            await watch.timed(partial(_read_page, store))
        watch.done(100)


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
    with Watch("event to JSON", rows) as watch:
        lines = [encode(envelope) for envelope in envelopes]
        watch.done(EVENTS)
    with Watch("event from JSON", rows) as watch:
        for line in lines:
            decode(line)
        watch.done(EVENTS)
    bus = LocalBus(SystemClock())
    readers = [bus.subscribe(f"reader {number}") for number in range(5)]
    with Watch("event published to 5 readers", rows) as watch:
        for envelope in envelopes:
            bus.publish(envelope.event)
        watch.done(EVENTS)
    for reader in readers:
        reader.close()
    with Watch(f"event journaled, {BATCH_EVENTS} at once", rows) as watch:
        for first in range(0, EVENTS, BATCH_EVENTS):
            batch = envelopes[first : first + BATCH_EVENTS]
            await watch.timed(partial(store.journal.append, batch))
        watch.done(EVENTS)
    with Watch("event read from the journal", rows) as watch:
        after = 0
        while page := await store.journal.after(after):
            after = page[-1].sequence
        watch.done(EVENTS)


def _plain(folder: Path, rows: list[Figures]) -> None:
    """Measure what we are compared with."""
    connection = sqlite3.connect(folder / "plain.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE plain (id TEXT PRIMARY KEY, value TEXT)")
    with Watch("plain sqlite3, one row a transaction", rows) as watch:
        for number in range(OPENINGS):
            begun_s = time.perf_counter()
            connection.execute("INSERT INTO plain VALUES (?, ?)", (f"{number:032x}", "x" * 300))
            watch.waits_s.append(time.perf_counter() - begun_s)
        watch.done(OPENINGS)
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
    show("Records", rows)


if __name__ == "__main__":
    run(json="--json" in sys.argv)
