"""Cells call each other with real SIP and RTP on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.errors import CellError, CellGone
from pbx.cell import wire
from pbx.cell_process import Refused
from tests.integration.cells_rig import Rig, rig, uri_of, write_tone


@pytest.fixture
async def cells() -> AsyncIterator[Rig]:
    async with rig(port_min=41_000) as opened:
        yield opened


async def test_call_with_sound_ends_with_figures_on_both_sides(cells: Rig, tmp_path: Path) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    out_leg, in_leg = await cells.call(a, b)
    tone = write_tone(tmp_path / "tone.wav", 0.4)
    b.cell.play(in_leg, [tone, tone])
    await b.events.next(wire.PlayFinished)
    so_far = await a.cell.stats(out_leg)
    assert so_far.received >= 35
    a.cell.hangup(out_leg)
    ours, theirs = await a.events.next(wire.LegEnded), await b.events.next(wire.LegEnded)
    assert not ours.by_remote
    assert theirs.by_remote
    assert ours.status == theirs.status == 200
    for ended in (ours, theirs):
        assert ended.figures.received >= 35
        assert ended.figures.sent >= 35
        assert ended.figures.lost == 0
    assert a.events.of(wire.MediaChanged) == [
        wire.MediaChanged(leg=out_leg, active=True, codec="PCMU")
    ]


async def test_invite_carries_identity_and_headers(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    leg = await a.cell.connect(
        uri_of(b.cell),
        headers={"X-Warmline-Contact": "c1", "P-Asserted-Identity": "<sip:+4930@x>"},
        display='Käthe "K"',
        caller="+49 30",
    )
    incoming = await b.events.next(wire.IncomingCall)
    assert incoming.from_uri == '"Käthe \\"K\\"" <sip:+49%2030@127.0.0.1>'
    assert incoming.to_uri == "<sip:callee@127.0.0.1>"
    assert (await a.events.next(wire.LegRinging)).status == 180
    a.cell.hangup(leg)
    ended = await b.events.next(wire.LegEnded)
    assert (ended.status, ended.by_remote) == (487, True)
    assert (await a.events.next(wire.LegEnded)).by_remote is False


async def test_header_that_would_smuggle_another_is_refused(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    with pytest.raises(CellError, match="control character"):
        await a.cell.connect(uri_of(b.cell), headers={"X-A": "1\r\nX-B: 2"}, display="", caller="x")


async def test_refused_call_reports_status(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    await a.cell.connect(uri_of(b.cell), headers={}, display="", caller="x")
    incoming = await b.events.next(wire.IncomingCall)
    b.cell.hangup(incoming.leg, 480)
    ended = await a.events.next(wire.LegEnded)
    assert (ended.status, ended.by_remote) == (480, True)


async def test_cell_without_contact_and_second_caller_are_refused(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    await a.cell.connect(uri_of(await cells.warm_cell()), headers={}, display="", caller="x")
    assert (await a.events.next(wire.LegEnded)).status == 503
    await cells.call(a, b)
    await a.cell.connect(uri_of(b.cell), headers={}, display="", caller="x")
    assert (await a.events.next(wire.LegEnded)).status == 486


async def test_keys_are_heard_once_each(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    out_leg, in_leg = await cells.call(a, b)
    await a.cell.send_dtmf(out_leg, "1*#1")
    digits = [(await b.events.next(wire.DigitPressed)).digit for _ in range(4)]
    assert digits == ["1", "*", "#", "1"]
    # The last event is still being repeated when the stream changes.
    await a.cell.hold(out_leg)
    assert (await b.events.next(wire.LegHeld)).held
    await a.events.next(wire.MediaChanged)
    await a.cell.unhold(out_leg)
    assert not (await b.events.next(wire.LegHeld)).held
    await a.events.next(wire.MediaChanged)
    await a.cell.send_dtmf(out_leg, "5")
    assert (await b.events.next(wire.DigitPressed)).digit == "5"
    assert in_leg == 1


async def test_bridge_survives_hold_and_stops_music(cells: Rig, tmp_path: Path) -> None:
    a, b, c = [await cells.party(name) for name in "abc"]
    music = write_tone(tmp_path / "music.wav", 0.5)
    a_leg, in_leg = await cells.call(a, b)
    b.cell.play(in_leg, [music], loop=True)
    agent_leg, c_leg = await cells.call(b, c)
    b.cell.bridge(in_leg, agent_leg)
    b.cell.stop_play(in_leg)
    await c.cell.hold(c_leg)
    assert (await b.events.next(wire.LegHeld)) == wire.LegHeld(leg=agent_leg, held=True)
    await c.events.next(wire.MediaChanged)
    await c.cell.unhold(c_leg)
    assert (await b.events.next(wire.LegHeld)) == wire.LegHeld(leg=agent_leg, held=False)
    await c.events.next(wire.MediaChanged)
    await c.cell.send_dtmf(c_leg, "9")
    assert (await b.events.next(wire.DigitPressed)).leg == agent_leg
    await b.cell.unbridge(in_leg, agent_leg)
    with pytest.raises(CellError, match="no bridge"):
        await b.cell.unbridge(in_leg, agent_leg)
    b.cell.hangup(agent_leg)
    assert (await c.events.next(wire.LegEnded)).by_remote
    a.cell.hangup(a_leg)


async def test_refer_is_refused_and_reported(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    out_leg, in_leg = await cells.call(a, b)
    await a.cell.transfer(out_leg, "sip:elsewhere@example.com")
    asked = await b.events.next(wire.TransferAsked)
    assert asked == wire.TransferAsked(leg=in_leg, to_uri="sip:elsewhere@example.com")
    told = await a.events.next(wire.TransferProgressed)
    assert (told.status, told.final) == (603, True)


async def test_commands_to_what_is_not_there_fail_with_the_reason(
    cells: Rig, tmp_path: Path
) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    out_leg, _ = await cells.call(a, b)
    a.cell.hangup(7)
    assert (await a.events.next(Refused)).reason == "no leg '7'"
    a.cell.bridge(out_leg, out_leg)
    assert "itself" in (await a.events.next(Refused)).reason
    a.cell.play(out_leg, [])
    assert "files to play" in (await a.events.next(Refused)).reason
    play = a.cell.play(out_leg, [tmp_path / "missing.wav"])
    assert (await a.events.next(Refused)).command.id == play
    a.cell.hangup(out_leg)
    a.cell.answer(out_leg)
    assert (await a.events.next(Refused)).reason == "no leg '1'"
    a.cell.release()
    with pytest.raises(CellGone):
        await a.cell.hold(out_leg)


async def test_release_hangs_up_what_remains(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    await cells.call(a, b)
    a.cell.release()
    assert (await b.events.next(wire.LegEnded)).by_remote
    c = await cells.party("c")
    await c.cell.connect(uri_of((await cells.party("d")).cell), headers={}, display="", caller="x")
    await c.events.next(wire.LegRinging)
    c.cell.release()
    assert cells.gone.told == []


async def test_files_of_different_formats_play_one_after_the_other(
    cells: Rig, tmp_path: Path
) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    _, in_leg = await cells.call(a, b)
    narrow = write_tone(tmp_path / "narrow.wav", 0.2)
    wide = write_tone(tmp_path / "wide.wav", 0.2, rate_hz=16_000)
    b.cell.play(in_leg, [narrow, wide, narrow])
    assert (await b.events.next(wire.PlayFinished)).leg == in_leg
    b.cell.play(in_leg, [wide, narrow])
    b.cell.play(in_leg, [narrow])
    await b.events.next(wire.PlayFinished)
    (tmp_path / "short.wav").write_bytes(b"RIFF")
    b.cell.play(in_leg, [narrow, tmp_path / "short.wav"])
    assert (await b.events.next(wire.PlayFailed)).leg == in_leg
    assert len(b.events.of(wire.PlayFinished)) == 2


async def test_uri_that_is_none_fails_without_a_leg(cells: Rig) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    for uri in ("", "nonsense", "sip:a\r\nb@c", "sip:" + "x" * 2_000 + "@127.0.0.1"):
        with pytest.raises(CellError):
            await a.cell.connect(uri, headers={}, display="", caller="x")
    await cells.call(a, b)
    assert a.events.of(wire.LegEnded) == []


async def test_fifth_leg_is_refused(cells: Rig) -> None:
    a = await cells.party("a")
    for _ in range(4):
        await a.cell.connect("sip:x@127.0.0.1:9", headers={}, display="", caller="x")
    with pytest.raises(CellError, match="legs of a cell: 5 is over the limit of 4"):
        await a.cell.connect("sip:x@127.0.0.1:9", headers={}, display="", caller="x")


async def test_requests_go_through_the_outbound_proxy() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as proxy:
        proxy.setblocking(False)
        proxy.bind(("127.0.0.1", 0))
        port = proxy.getsockname()[1]
        async with rig(port_min=41_500, warm=1, outbound_proxy=("127.0.0.1", port)) as cells:
            a = await cells.party("a")
            await a.cell.connect(
                "sip:anna@office.example", headers={"X-Long": "x" * 1_000}, display="", caller="c"
            )
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(20):
                invite = (await loop.sock_recv(proxy, 65_536)).decode()
    lines = invite.split("\r\n")
    assert lines[0] == "INVITE sip:anna@office.example SIP/2.0"
    assert f"Route: <sip:127.0.0.1:{port};lr>" in lines
    assert "From: <sip:c@127.0.0.1>" in [line.split(";tag=")[0] for line in lines]
    assert "m=audio" in invite


@pytest.mark.parametrize("status", [180, 183])
async def test_provisional_answer_is_heard_by_the_caller(cells: Rig, status: int) -> None:
    a, b = await cells.party("a"), await cells.party("b")
    await a.cell.connect(uri_of(b.cell), headers={}, display="", caller="x")
    incoming = await b.events.next(wire.IncomingCall)
    assert (await a.events.next(wire.LegRinging)).status == 180
    b.cell.answer(incoming.leg, status)
    if status == 183:
        assert (await a.events.next(wire.LegRinging)).status == 183
    b.cell.answer(incoming.leg)
    await a.events.next(wire.LegAnswered)
