"""A cell meets a telephone that behaves as telephones and strangers do."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from pbx.cell import wire
from tests.integration.cells_phone import ULAW_LOUD, RawPhone
from tests.integration.cells_rig import Party, Rig, rig


@pytest.fixture
async def cells() -> AsyncIterator[Rig]:
    async with rig(port_min=48_000, warm=1, rtp_silence_s=1.0) as opened:
        yield opened


async def answered(phone: RawPhone, party: Party) -> int:
    phone.send("INVITE", body=phone.sdp())
    incoming = await party.events.next(wire.IncomingCall)
    party.cell.answer(incoming.leg)
    assert "200 OK" in await phone.final()
    await party.events.next(wire.LegAnswered)
    return incoming.leg


async def test_invite_without_offer_can_be_refused_and_answered(cells: Rig) -> None:
    refused = await cells.party("refused")
    with RawPhone(refused.cell) as phone:
        phone.send("INVITE")
        incoming = await refused.events.next(wire.IncomingCall)
        refused.cell.hangup(incoming.leg, 488)
        assert "488" in await phone.final()
    party = await cells.party("answered")
    with RawPhone(party.cell) as phone:
        phone.send("INVITE")
        incoming = await party.events.next(wire.IncomingCall)
        party.cell.answer(incoming.leg)
        offer = await phone.message(r"SIP/2\.0 200")
        assert "m=audio" in offer
        phone.remote_tag = offer.split("\r\nTo:")[1].split(";tag=")[1].split("\r\n")[0]
        phone.send("ACK", body=phone.sdp(), cseq=phone.cseq)
        await party.events.next(wire.MediaChanged)
    assert cells.gone.told == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("v=0\r\nnonsense", "application/sdp", "400"), ("hello", "text/plain", "415")],
)
async def test_body_that_is_no_sdp_never_reaches_the_node(
    cells: Rig, body: str, content_type: str, status: str
) -> None:
    party = await cells.party("a")
    with RawPhone(party.cell) as phone:
        phone.send("INVITE", body=body, content_type=content_type)
        assert status in await phone.final()
        phone.call_id = "raw-2"
        phone.remote_tag = ""
        await answered(phone, party)
    assert len(party.events.of(wire.IncomingCall)) == 1


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
async def test_hold_in_either_form_is_seen(cells: Rig, direction: str) -> None:
    party = await cells.party("a")
    with RawPhone(party.cell) as phone:
        leg = await answered(phone, party)
        for wanted, held in ((direction, True), ("sendrecv", False)):
            phone.send("INVITE", body=phone.sdp(wanted))
            await phone.final()
            assert await party.events.next(wire.LegHeld) == wire.LegHeld(leg=leg, held=held)


async def test_telephone_that_falls_silent_is_reported_once_a_silence(cells: Rig) -> None:
    party = await cells.party("a")
    with RawPhone(party.cell) as phone:
        leg = await answered(phone, party)
        assert (await party.events.next(wire.RtpSilent)).leg == leg
        phone.speak()
        assert (await party.events.next(wire.RtpSilent)).leg == leg
        phone.send("BYE")
        assert (await party.events.next(wire.LegEnded)).figures.received >= 1


async def test_cancel_ends_a_ringing_leg(cells: Rig) -> None:
    party = await cells.party("a")
    with RawPhone(party.cell) as phone:
        phone.send("INVITE", body=phone.sdp())
        incoming = await party.events.next(wire.IncomingCall)
        phone.cancel()
        ended = await party.events.next(wire.LegEnded)
        assert (ended.leg, ended.status, ended.by_remote) == (incoming.leg, 487, True)


async def test_flood_from_another_host_is_not_heard_and_not_followed(cells: Rig) -> None:
    party = await cells.party("a")
    with RawPhone(party.cell) as phone, socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        stranger.bind(("127.0.0.2", 0))
        leg = await answered(phone, party)
        phone.speak()
        # The look that finds the phone silent has found its address first.
        await party.events.next(wire.RtpSilent)
        before = await party.cell.stats(leg)
        for _ in range(500):
            phone.speak(ULAW_LOUD, source=stranger, ssrc=666)
        phone.speak()
        after = before
        while after.received == before.received:
            after = await party.cell.stats(leg)
        assert after.received == before.received + 1
        for _ in range(20):
            async with asyncio.timeout(20):
                assert await asyncio.get_running_loop().sock_recv(phone.rtp, 2_048)
        with pytest.raises(BlockingIOError):
            stranger.recv(2_048)
