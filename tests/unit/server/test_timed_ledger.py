from typing import Any

import pytest

from domain.errors import StoreError
from domain.ports import ContactLedger
from server.timed_ledger import TimedLedger
from tests.unit.channels.http.fakes import FakeClock, FakeLedger, contact_id, record


class SlowLedger(FakeLedger):
    """Each write takes a second of the clock; one of them fails."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.written: list[str] = []

    async def _write(self, name: str) -> None:
        self.clock.now_s += 1
        self.written.append(name)

    async def open(self, contact: Any) -> None:
        await self._write("open")

    async def forget(self, contact_id: str) -> None:
        await self._write("forget")

    async def update(self, contact: Any) -> None:
        await self._write("update")

    async def close(self, contact: Any, reason: str) -> None:
        await self._write(f"close {reason}")
        raise StoreError("the disk is full")

    async def add_interaction(self, interaction: Any) -> None:
        await self._write("add_interaction")

    async def add_speech(self, contact_id: str, spans: Any) -> None:
        await self._write("add_speech")

    async def add_speech_of(self, spans: Any) -> None:
        await self._write("add_speech_of")


async def test_every_write_is_passed_on_and_measured() -> None:
    clock = FakeClock()
    inner = SlowLedger(clock)
    seen: list[float] = []
    ledger: ContactLedger = TimedLedger(inner, clock, seen.append)
    one = record(1)
    await ledger.open(one.contact)
    await ledger.forget("c9")
    await ledger.update(one.contact)
    with pytest.raises(StoreError):
        await ledger.close(one.contact, "x")
    await ledger.add_interaction(one.interactions[0])
    await ledger.add_speech(contact_id(1), [])
    await ledger.add_speech_of({contact_id(1): []})
    assert inner.written == [
        *("open", "forget", "update", "close x", "add_interaction"),
        *("add_speech", "add_speech_of"),
    ]
    assert seen == [1.0] * 7


async def test_reads_are_passed_on() -> None:
    ledger = TimedLedger(FakeLedger(), FakeClock(), lambda _: None)
    assert await ledger.get(contact_id(1)) == record(1)
    assert len(await ledger.recent(limit=2, before=contact_id(4), queue_id="support")) == 2
    assert len(await ledger.speech(contact_id(1))) == 2
