"""The edge with real sockets: UDP, TCP, TLS, a fake cell and fake phones on the loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from config.schema import Sip
from pbx.edge.call import Placement, Refusal
from pbx.edge.edge import Edge
from tests.edge_support import (
    ANSWER,
    DOMAIN,
    OFFER,
    WallClock,
    MemoryBindings,
    Passwords,
    ScriptedPlacer,
    TcpPeer,
    UdpPeer,
    agents,
    credentials,
    message,
    response,
    trunk,
)


@contextlib.asynccontextmanager
async def running_edge(placer: ScriptedPlacer, *, trunks=None, settings=None):
    settings = settings or Sip.model_validate(
        {
            "domain": DOMAIN,
            "listen": [
                {"transport": "udp", "address": "127.0.0.1", "port": 0},
                {"transport": "tcp", "address": "127.0.0.1", "port": 0},
            ],
        }
    )
    edge = Edge(
        settings,
        trunks=[trunk(addresses=["127.0.0.1/32"])] if trunks is None else trunks,
        agents=agents(),
        numbers=["800"],
        placer=placer,
        credentials=Passwords(),
        bindings=MemoryBindings(),
        clock=WallClock(),
        on_reachability=lambda agent_id, reachable: None,
    )
    async with edge:
        yield edge


@contextlib.asynccontextmanager
async def udp_peer() -> AsyncIterator[UdpPeer]:
    peer = await UdpPeer.open()
    try:
        yield peer
    finally:
        peer.close()
        await asyncio.sleep(0)


async def test_a_call_over_udp_reaches_the_cell_and_is_ended_by_the_caller():
    async with udp_peer() as cell, udp_peer() as phone:
        placer = ScriptedPlacer([Placement(address=cell.address)])
        async with running_edge(placer) as edge:
            there = tuple(edge.listening[0][1:])
            via = "SIP/2.0/UDP {}:{}".format(*phone.address)
            common = {"via": via, "contact": "<sip:me@{}:{}>".format(*phone.address)}
            phone.send(
                message("INVITE", "sip:800@x", branch="z9hG4bK1", body=OFFER, **common), there
            )
            await phone.next(status=100)
            invite = await cell.next(method="INVITE")
            assert b"127.0.0.1" in invite.body or b"203.0.113.20" in invite.body
            contact = "<sip:{}:{}>".format(*cell.address)
            cell.send(
                response(invite, 200, tag="c", contact=contact, body=ANSWER), edge.inside_address
            )
            ok = await phone.next(status=200)
            target = ok.get("Contact").strip("<>")
            assert target == "sip:warmline@127.0.0.1:{}".format(there[1])
            dialog = {**common, "to": "<sip:800@pbx.example.com>;tag=c"}
            phone.send(message("ACK", target, branch="z9hG4bK2", **dialog), there)
            await cell.next(method="ACK")
            phone.send(message("BYE", target, branch="z9hG4bK3", cseq=2, **dialog), there)
            bye = await cell.next(method="BYE")
            cell.send(response(bye, 200), edge.inside_address)
            done = await phone.next(status=200)
            assert done.method == "BYE"
            assert placer.calls[0].dialled == "800"
            assert edge.figures().core.counted.get("faults", 0) == 0
