"""Taps: what a telephone says arrives at the analysis worker, gaps are countable."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from domain.tap import TAP_FRAME_MS, TAP_FRAME_SAMPLES, TapKind
from pbx.cell import wire
from tests.integration.cells_rig import Rig, TapEar, rig, write_tone

LOUD = 5_000.0
"""The tone's RMS is 7,071."""


@pytest.fixture
async def cells() -> AsyncIterator[Rig]:
    async with rig(port_min=42_000) as opened:
        yield opened


async def test_tapped_speech_arrives_in_order_and_loud(cells: Rig, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 1.0)
    async with TapEar(tmp_path / "tap") as ear:
        a, b = await cells.party("a"), await cells.party("contact-b", str(tmp_path / "tap"))
        out_leg, in_leg = await cells.call(a, b)
        b.cell.tap(in_leg, "customer")
        (opened,) = await ear.until(TapKind.OPEN, 1)
        assert json.loads(opened.payload) == {"contact_id": "contact-b", "speaker": "customer"}
        await ear.until(TapKind.AUDIO, 2)
        a.cell.play(out_leg, [tone], loop=True)
        await ear.until_loud(in_leg, LOUD)
        # A re-INVITE gives the leg another port; the tap goes on in the same sequence.
        await a.cell.hold(out_leg)
        await b.events.next(wire.LegHeld)
        await a.events.next(wire.MediaChanged)
        await a.cell.unhold(out_leg)
        await b.events.next(wire.LegHeld)
        heard = len(ear.of(TapKind.AUDIO))
        after = (await ear.until(TapKind.AUDIO, heard + 12))[heard:]
        assert max(packet.rms for packet in after) > LOUD
        frames = ear.of(TapKind.AUDIO)
        assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1))
        assert all(len(frame.payload) == 2 * TAP_FRAME_SAMPLES for frame in frames)
        span_us = frames[-1].time_us - frames[0].time_us
        assert span_us == pytest.approx((len(frames) - 1) * TAP_FRAME_MS * 1_000, rel=0.2)
        assert all(later.time_us > earlier.time_us for earlier, later in pairwise(frames))
        await b.cell.untap(in_leg)
        await ear.until(TapKind.CLOSE, 1)
        b.cell.release()
        await ear.closed.wait()
    assert cells.pool.figures().taps_dropped == 0


async def test_two_legs_are_tapped_apart(cells: Rig, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 1.0)
    async with TapEar(tmp_path / "tap") as ear:
        a, c = await cells.party("a"), await cells.party("c")
        b = await cells.party("b", str(tmp_path / "tap"))
        _, customer = await cells.call(a, b)
        agent, agent_leg = await cells.call(b, c)
        b.cell.bridge(customer, agent)
        b.cell.tap(customer, "customer")
        b.cell.tap(agent, "agent")
        c.cell.play(agent_leg, [tone], loop=True)
        await ear.until_loud(agent, LOUD)
        assert max(p.rms for p in ear.of(TapKind.AUDIO, customer)) < LOUD / 10
        c.cell.hangup(agent_leg)
        (closed,) = await ear.until(TapKind.CLOSE, 1)
        assert closed.leg == agent


async def test_call_goes_on_without_a_worker_and_its_successor_is_found(
    cells: Rig, tmp_path: Path
) -> None:
    a, b = await cells.party("a"), await cells.party("b", str(tmp_path / "tap"))
    _, in_leg = await cells.call(a, b)
    b.cell.tap(in_leg, "customer")
    await b.cell.stats(in_leg)  # obeyed after the tap
    for _ in range(2):
        async with TapEar(tmp_path / "tap") as ear:
            (opened,) = await ear.until(TapKind.OPEN, 1)
            assert opened.leg == in_leg
            first = (await ear.until(TapKind.AUDIO, 3))[0]
            assert first.sequence > 1
    assert (await b.cell.stats(in_leg)).received > 0


async def test_tap_without_analysis_is_no_error(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    _, in_leg = await cells.call(a, b)
    b.cell.tap(in_leg, "customer")
    await b.cell.untap(in_leg)
    await b.cell.untap(in_leg)
    assert b.cell.taps_dropped == 0
