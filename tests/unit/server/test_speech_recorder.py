"""What was heard, told at once and written soon, while the store works and fails."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from structlog.testing import capture_logs

from domain.errors import StoreError
from domain.events import AudioLost, SpeechObserved
from domain.ports import ContactLedger
from domain.speech import Speaker, SpeechKind, SpeechSpan
from server import speech_recorder
from server.speech_recorder import SpeechRecorder
from tests.call_rig import Events, turn


class Ledger:
    def __init__(self) -> None:
        self.rows: list[tuple[str, float]] = []
        self.batches = 0
        self.broken: set[str] = set()
        self.gate: asyncio.Event | None = None

    async def add_speech(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        await self.add_speech_of({contact_id: spans})

    async def add_speech_of(self, spans: Mapping[str, Sequence[SpeechSpan]]) -> None:
        self.batches += 1
        if self.gate is not None:
            await self.gate.wait()
        if not self.broken.isdisjoint(spans):
            raise StoreError("the disk is full")
        self.rows += [(name, span.start_s) for name in spans for span in spans[name]]


class Bench:
    def __init__(self) -> None:
        self.ledger = Ledger()
        self.events = Events()
        self.recorder = SpeechRecorder(cast("ContactLedger", self.ledger), self.events)


def spans(*starts_s: float) -> list[SpeechSpan]:
    return [
        SpeechSpan(
            kind=SpeechKind.SEGMENT, start_s=start_s, end_s=start_s + 1, speaker=Speaker.CUSTOMER
        )
        for start_s in starts_s
    ]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_recorder, "WRITE_EVERY_S", 0)


async def test_events_are_told_at_once_and_rows_written_together(bench: Bench) -> None:
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0, 2))
        recorder.heard("c1", spans(4))
        recorder.heard("c2", spans(1))
        assert bench.events.past == [
            *(SpeechObserved(contact_id="c1", span=span) for span in spans(0, 2, 4)),
            SpeechObserved(contact_id="c2", span=spans(1)[0]),
        ]
        await turn()
        assert bench.ledger.rows == [], "they wait for others"
    assert bench.ledger.rows == [("c1", 0), ("c1", 2), ("c1", 4), ("c2", 1)]
    assert bench.ledger.batches == 1


@pytest.mark.usefixtures("_at_once")
async def test_rows_are_written_while_it_runs(bench: Bench) -> None:
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0))
        await turn()
        assert bench.ledger.rows == [("c1", 0)]
        recorder.heard("c1", spans(2))
        await turn()
        assert bench.ledger.rows == [("c1", 0), ("c1", 2)]


async def test_a_large_backlog_is_written_in_parts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_recorder, "SPANS_PER_WRITE", 3)
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0, 2))
        recorder.heard("c2", spans(1, 3))
        recorder.heard("c3", spans(4))
        recorder.heard("c4", spans(5, 6, 7, 8))
    assert bench.ledger.batches == 3
    assert [start_s for _, start_s in bench.ledger.rows] == [0, 2, 1, 3, 4, 5, 6, 7, 8]


@pytest.mark.usefixtures("_at_once")
async def test_what_could_not_be_written_is_tried_again_before_what_came_after_it(
    bench: Bench,
) -> None:
    bench.ledger.broken = {"c1"}
    with capture_logs() as lines:
        async with bench.recorder as recorder:
            recorder.heard("c1", spans(0))
            recorder.heard("c2", spans(1))
            await turn()
            assert bench.ledger.rows == [("c2", 1)], "one contact does not hold up the other"
            recorder.heard("c1", spans(2))
            bench.ledger.broken = set()
            await turn()
            assert bench.ledger.rows == [("c2", 1), ("c1", 0), ("c1", 2)]
    assert lines[0]["event"] == "speech not stored, will be tried again"
    assert lines[0]["contacts"] == 1
    assert recorder.dropped == 0


async def test_over_the_limit_new_spans_are_dropped_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_recorder, "SPANS_MAX", 3)
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0, 1))
        recorder.heard("c1", spans(2, 3))
        recorder.heard("c1", spans(4))
        assert recorder.dropped == 2
    assert [start_s for _, start_s in bench.ledger.rows] == [0, 1, 4]
    assert len(bench.events.past) == 5, "readers are told all the same"


@pytest.mark.usefixtures("_at_once")
async def test_what_is_being_written_counts_against_the_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_recorder, "SPANS_MAX", 2)
    gate = bench.ledger.gate = asyncio.Event()
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0, 1))
        await turn()
        recorder.heard("c1", spans(2))
        assert recorder.dropped == 1
        gate.set()
        await turn()
        recorder.heard("c1", spans(3))
    assert [start_s for _, start_s in bench.ledger.rows] == [0, 1, 3]


@pytest.mark.usefixtures("_at_once")
async def test_leaving_does_not_cut_off_a_write(bench: Bench) -> None:
    gate = bench.ledger.gate = asyncio.Event()
    async with bench.recorder as recorder:
        recorder.heard("c1", spans(0))
        await turn()
        asyncio.get_running_loop().call_soon(gate.set)
    assert bench.ledger.rows == [("c1", 0)]
    assert bench.ledger.batches == 1


async def test_what_cannot_be_written_at_the_stop_is_told(bench: Bench) -> None:
    bench.ledger.broken = {"c1"}
    with capture_logs() as lines:
        async with bench.recorder as recorder:
            recorder.heard("c1", spans(0, 1))
    assert recorder.dropped == 2
    assert lines[-1]["event"] == "speech lost at stop"
    assert lines[-1]["spans"] == 2


async def test_audio_that_did_not_arrive_is_told(bench: Bench) -> None:
    bench.recorder.lost("c1", 7)
    assert bench.events.past == [AudioLost(contact_id="c1", frames=7)]


async def test_leaving_twice_is_harmless(bench: Bench) -> None:
    async with bench.recorder:
        pass
    await bench.recorder.__aexit__()
