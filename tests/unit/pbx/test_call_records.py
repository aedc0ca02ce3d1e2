"""How calls are written down while the store works, fails and works again."""

import asyncio

import pytest
from structlog.testing import capture_logs

from domain.contact import Contact, ContactTrigger, Disposition
from domain.errors import StoreError
from pbx import call_records
from pbx.agent_ring import AgentRing
from pbx.call_records import CallRecords
from tests.call_rig import FakeLedger, turn
from tests.flow_scene import Scene


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_records, "RETRY_S", 0)


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


def contact(name: str = "c1") -> Contact:
    made = Scene().contact
    made.contact_id = name
    return made


def closed(name: str = "c1") -> Contact:
    made = contact(name)
    made.step(ContactTrigger.CLOSE)
    made.disposition = Disposition.ABANDONED
    return made


async def test_open_returns_when_it_is_written(ledger: FakeLedger) -> None:
    async with CallRecords(ledger.port) as records:
        await records.open(contact())
        assert ledger.written == ["open c1"]


async def test_open_that_fails_is_told_and_not_tried_again(ledger: FakeLedger) -> None:
    ledger.broken = {"open"}
    async with CallRecords(ledger.port) as records:
        with pytest.raises(StoreError, match="the disk is full"):
            await records.open(contact())
    assert ledger.tries["open"] == 1


async def test_writes_of_a_contact_come_in_the_order_they_were_asked_for(
    ledger: FakeLedger,
) -> None:
    async with CallRecords(ledger.port) as records:
        made = contact()
        for trigger in (ContactTrigger.ENQUEUE, ContactTrigger.OFFER, ContactTrigger.CONNECT):
            made.step(trigger)
            records.update(made)
            await asyncio.sleep(0)
        scene = Scene()
        ring = AgentRing(scene.offer(), scene.clock.utc(), scene.clock.now_s)
        part = ring.interaction("answered", now_s=120.0)
        records.interaction(part)
        made.step(ContactTrigger.CLOSE)
        made.disposition = Disposition.CALLER_ENDED
        await records.close(made, "")
    assert ledger.written == [
        "update c1 queued",
        "update c1 offered",
        "update c1 connected",
        f"interaction {part.interaction_id} answered",
        "close c1 caller_ended",
    ]


async def test_a_close_in_the_same_turn_comes_after_the_update(ledger: FakeLedger) -> None:
    async with CallRecords(ledger.port) as records:
        made = closed()
        records.update(made)
        await records.close(made, "")
    assert ledger.written == ["update c1 closed", "close c1 abandoned"]


async def test_an_update_that_fails_is_left_to_the_final_record(ledger: FakeLedger) -> None:
    ledger.broken = {"update"}
    with capture_logs() as lines:
        async with CallRecords(ledger.port) as records:
            records.update(contact())
            await turn()
    assert ledger.tries["update"] == 1
    assert lines[0]["event"] == "contact not updated"


async def test_a_close_that_fails_is_kept_and_tried_until_it_succeeds(ledger: FakeLedger) -> None:
    ledger.broken = {"close"}
    async with CallRecords(ledger.port) as records:
        await records.close(closed(), "")
        await turn()
        assert ledger.written == []
        assert ledger.tries["close"] > 3
        ledger.broken = set()
        await turn()
        assert ledger.written == ["close c1 abandoned"]
    assert ledger.written == ["close c1 abandoned"], "once"
    assert records.dropped == 0


async def test_the_backlog_is_written_in_order(ledger: FakeLedger) -> None:
    ledger.broken = {"close"}
    async with CallRecords(ledger.port) as records:
        for name in ("c1", "c2", "c3"):
            await records.close(closed(name), "")
        ledger.broken = set()
        await turn()
    assert ledger.written == [f"close {name} abandoned" for name in ("c1", "c2", "c3")]


async def test_a_full_backlog_drops_its_oldest_and_counts_it(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_records, "BACKLOG_MAX", 2)
    ledger.broken = {"close"}
    records = CallRecords(ledger.port)  # not entered: nothing is tried again before the end
    for name in ("c1", "c2", "c3"):
        await records.close(closed(name), "")
    assert records.dropped == 1
    ledger.broken = set()
    await records.__aexit__()
    assert ledger.written == ["close c2 abandoned", "close c3 abandoned"]


async def test_a_record_dropped_while_another_is_written_is_the_only_one_lost(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_records, "BACKLOG_MAX", 2)
    async with CallRecords(ledger.port) as records:
        ledger.broken = {"close"}
        await records.close(closed("c1"), "")
        gate = ledger.gates["c1 abandoned"] = asyncio.Event()
        await turn()  # c1 is tried again and waits at the gate
        for name in ("c2", "c3", "c4"):
            await records.close(closed(name), "")
        ledger.broken = set()
        gate.set()
        await turn()
    assert ledger.written == [f"close {name} abandoned" for name in ("c1", "c3", "c4")]
    assert records.dropped == 1


async def test_leaving_waits_for_what_is_being_written(ledger: FakeLedger) -> None:
    gate = ledger.gates["update"] = asyncio.Event()
    records = CallRecords(ledger.port)
    async with records:
        records.update(contact())
        await turn()
        asyncio.get_running_loop().call_soon(gate.set)
    assert ledger.written == ["update c1 arrived"]


async def test_leaving_writes_the_backlog(ledger: FakeLedger) -> None:
    ledger.broken = {"close"}
    async with CallRecords(ledger.port) as records:
        await records.close(closed(), "")
        ledger.broken = set()
    assert ledger.written == ["close c1 abandoned"]


async def test_what_cannot_be_written_at_the_stop_is_told(ledger: FakeLedger) -> None:
    ledger.broken = {"close"}
    with capture_logs() as lines:
        async with CallRecords(ledger.port) as records:
            await records.close(closed("c1"), "")
            await records.close(closed("c2"), "")
    assert lines[-1]["event"] == "records lost at stop"
    assert lines[-1]["count"] == 2
