"""The edge with real sockets: UDP, TCP, TLS, fake cells and fake phones on the loopback."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from config.schema import Sip
from domain.errors import ConfigurationError
from pbx.edge.call import Placement, Refusal
from pbx.edge.edge import Edge
from pbx.edge.message import parse
from tests.certificates import write_certificate
from tests.edge_peers import TcpPeer, UdpPeer
from tests.edge_support import (
    ANSWER,
    DOMAIN,
    OFFER,
    PASSWORDS,
    MemoryBindings,
    Passwords,
    ScriptedPlacer,
    WallClock,
    agents,
    credentials,
    message,
    response,
    trunk,
)

INVITE_URI = "sip:800@127.0.0.1"


def loopback(*transports, **changes):
    """Return settings that listen on free ports of the loopback."""
    return Sip.model_validate(
        {
            "domain": DOMAIN,
            "listen": [
                {"transport": name, "address": "127.0.0.1", "port": 0, **changes.pop(name, {})}
                for name in transports or ("udp", "tcp")
            ],
            **changes,
        }
    )


class Office:
    """An edge with one trunk on the loopback and what it says to the node."""

    def __init__(self, *results, settings=None, trunks=None, stored=()):
        self.placer = ScriptedPlacer(list(results) or [Refusal(status=503, reason="No Cell")])
        self.store = MemoryBindings(stored)
        self.reachable: dict[str, bool] = {}
        self.edge = Edge(
            settings or loopback(),
            trunks=[trunk(addresses=["127.0.0.1/32"])] if trunks is None else trunks,
            agents=agents(),
            numbers=["800"],
            placer=self.placer,
            credentials=Passwords(),
            bindings=self.store,
            clock=WallClock(),
            on_reachability=self.reachable.__setitem__,
        )

    async def __aenter__(self):
        await self.edge.__aenter__()
        return self

    async def __aexit__(self, *exc):
        await self.edge.__aexit__(*exc)

    def place(self, transport):
        return next((each.host, each.port) for each in self.edge.listening if each[0] == transport)

    def counted(self, name):
        return self.edge.figures().core.counted.get(name, 0)

    async def register(self, peer, name="udp", user="ann"):
        uri = f"sip:{DOMAIN}"
        host, port = peer.address
        common: dict[str, Any] = {
            "via": f"SIP/2.0/{name.upper()} {host}:{port}",
            "from_": f"<sip:{user}@{DOMAIN}>;tag=r",
            "to": f"<sip:{user}@{DOMAIN}>",
            "call_id": f"reg-{port}",
            "contact": f"<sip:{user}@{host}:{port};transport={name}>",
        }
        peer.send(message("REGISTER", uri, branch="z9hG4bKr1", **common), self.place(name))
        challenge = await peer.next(status=401)
        line = credentials(
            challenge, method="REGISTER", uri=uri, username=user, password=PASSWORDS[user]
        )
        again = message("REGISTER", uri, branch="z9hG4bKr2", cseq=2, extra=[line], **common)
        peer.send(again, self.place(name))
        await peer.next(status=200)


@contextlib.asynccontextmanager
async def udp_peer() -> AsyncIterator[UdpPeer]:
    peer = await UdpPeer.open()
    try:
        yield peer
    finally:
        peer.close()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def tcp_peer(to, context=None) -> AsyncIterator[TcpPeer]:
    peer = await TcpPeer.connect(to, context)
    try:
        yield peer
    finally:
        await peer.aclose()


def own_via(peer, name="UDP"):
    host, port = peer.address
    return {"via": f"SIP/2.0/{name} {host}:{port}", "contact": f"<sip:me@{host}:{port}>"}


def contact_of(cell):
    return "<sip:{}:{}>".format(*cell.address)


async def bring_call(office, phone, cell, name="udp"):
    """Bring a call from a phone to its cell and acknowledge it; return target and dialog."""
    there, own = office.place(name), own_via(phone, name.upper())
    phone.send(message("INVITE", INVITE_URI, branch="z9hG4bK1", body=OFFER, **own), there)
    await phone.next(status=100)
    invite = await cell.next(method="INVITE")
    answer = response(invite, 200, tag="c", contact=contact_of(cell), body=ANSWER)
    cell.send(answer, office.edge.inside_address)
    ok = await phone.next(status=200)
    target = ok.get("Contact").strip("<>")
    dialog = {**own, "to": "<sip:800@pbx.example.com>;tag=c"}
    phone.send(message("ACK", target, branch="z9hG4bK2", **dialog), there)
    await cell.next(method="ACK")
    return target, dialog


async def test_a_call_over_udp_reaches_the_cell_and_is_ended_by_the_caller():
    async with (
        udp_peer() as cell,
        udp_peer() as phone,
        Office(Placement(address=cell.address)) as office,
    ):
        there = office.place("udp")
        target, dialog = await bring_call(office, phone, cell)
        assert target == f"sip:warmline@127.0.0.1:{there[1]}"
        phone.send(message("BYE", target, branch="z9hG4bK3", cseq=2, **dialog), there)
        bye = await cell.next(method="BYE")
        cell.send(response(bye, 200), office.edge.inside_address)
        done = await phone.next(status=200)
        assert done.method == "BYE"
        assert office.placer.calls[0].dialled == "800"
        assert office.counted("faults") == 0


async def test_a_call_over_tcp_is_ended_by_the_cell_over_the_same_connection():
    async with (
        udp_peer() as cell,
        Office(Placement(address=cell.address)) as office,
        tcp_peer(office.place("tcp")) as phone,
    ):
        _, dialog = await bring_call(office, phone, cell, "tcp")
        bye = message(
            "BYE",
            "sip:peer@127.0.0.1",
            branch="z9hG4bKc",
            cseq=1,
            via="SIP/2.0/UDP {}:{}".format(*cell.address),
            from_=dialog["to"],
            to="<sip:+4930111@carrier.example>;tag=f1",
            contact=None,
        )
        cell.send(bye, office.edge.inside_address)
        at_phone = await phone.next(method="BYE")
        assert at_phone.values("Via")[0].startswith("SIP/2.0/TCP")
        phone.send(response(at_phone, 200))
        await cell.next(status=200)


async def test_a_dead_cell_ends_the_call_at_the_phone():
    async with (
        udp_peer() as cell,
        udp_peer() as phone,
        Office(Placement(address=cell.address)) as office,
    ):
        await bring_call(office, phone, cell)
        assert office.edge.cell_gone(cell.address) == 1
        bye = await phone.next(method="BYE")
        phone.send(response(bye, 200), office.place("udp"))


async def test_without_a_cell_the_caller_is_told():
    async with udp_peer() as phone, Office() as office:
        invite = message("INVITE", INVITE_URI, branch="z9hG4bK1", body=OFFER, **own_via(phone))
        phone.send(invite, office.place("udp"))
        assert (await phone.next(status=503)).reason == "No Cell"
        # Sent again until it is acknowledged (RFC 3261 section 17.2.1).
        final = await phone.next(status=503)
        ack = message("ACK", INVITE_URI, branch="z9hG4bK1", to=final.get("To"), **own_via(phone))
        phone.send(ack, office.place("udp"))


async def test_when_call_control_fails_the_caller_is_told(caplog):
    class Broken:
        async def place(self, call):
            raise RuntimeError("no")

        def declined(self, address):
            raise AssertionError("no cell was given")

    office = Office()
    office.edge._placer = Broken()
    async with udp_peer() as phone, office:
        invite = message("INVITE", INVITE_URI, branch="z9hG4bK1", body=OFFER, **own_via(phone))
        phone.send(invite, office.place("udp"))
        await phone.next(status=500)
        assert office.edge.figures().counted["placements_failed"] == 1
    assert "call was not placed" in caplog.text


@pytest.mark.parametrize("name", ["udp", "tcp"])
async def test_a_registered_telephone_is_rung(name):
    async with udp_peer() as cell, Office() as office:
        peer = udp_peer() if name == "udp" else tcp_peer(office.place(name))
        async with peer as phone:
            await office.register(phone, name)
            assert office.reachable["ann"] is True
            assert [each.agent_id for each in office.store.saved["ann"]] == ["ann"]
            office.edge.cell_known(cell.address)
            via = {"via": "SIP/2.0/UDP {}:{}".format(*cell.address), "contact": contact_of(cell)}
            invite = message("INVITE", f"sip:ann@{DOMAIN}", branch="z9hG4bKc", body=OFFER, **via)
            cell.send(invite, office.edge.inside_address)
            at_phone = await phone.next(method="INVITE")
            assert at_phone.values("Via")[0].startswith(f"SIP/2.0/{name.upper()} 127.0.0.1")
            ok = response(at_phone, 200, tag="p", contact="<sip:ann@127.0.0.1:9>", body=OFFER)
            phone.send(ok, office.place(name))
            assert (await cell.next(status=200)).to_tag == "p"


async def test_a_closed_connection_takes_its_binding_along():
    async with Office() as office:
        gone = asyncio.Event()

        def note(agent_id, reachable):
            if not reachable:
                gone.set()

        office.edge._on_reachability = note
        async with tcp_peer(office.place("tcp")) as phone:
            await office.register(phone, "tcp")
            assert office.edge.figures().connections == 1
        async with asyncio.timeout(10):
            await gone.wait()
        assert office.edge.bindings("ann") == ()


async def test_bindings_outlive_a_restart():
    before = Office()
    async with udp_peer() as phone, before:
        await before.register(phone)
    stored = before.store.saved["ann"]
    async with Office(stored=stored) as after:
        assert after.reachable["ann"] is True
        assert [each.contact_uri for each in after.edge.bindings("ann")] == [
            each.contact_uri for each in stored
        ]


async def test_a_keep_alive_is_answered_over_a_connection():
    async with Office() as office:
        reader, writer = await asyncio.open_connection(*office.place("tcp"))
        writer.write(b"\r\n\r\n")
        async with asyncio.timeout(10):
            assert await reader.readexactly(2) == b"\r\n"
        writer.close()
        await writer.wait_closed()


async def test_what_is_no_sip_closes_its_connection():
    async with Office() as office:
        reader, writer = await asyncio.open_connection(*office.place("tcp"))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert office.edge.figures().counted["streams_unreadable"] == 1


async def test_connections_have_a_limit():
    settings = loopback(admission={"connections_max": 1})
    async with Office(settings=settings) as office, tcp_peer(office.place("tcp")) as phone:
        phone.send(
            message("OPTIONS", "sip:x@y.example", branch="z9hG4bKo", **own_via(phone, "TCP"))
        )
        await phone.next(status=200)
        reader, writer = await asyncio.open_connection(*office.place("tcp"))
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        with contextlib.suppress(ConnectionResetError):
            await writer.wait_closed()
        assert office.edge.figures().counted["streams_refused"] == 1


async def test_draining_refuses_new_calls():
    async with udp_peer() as phone, Office() as office:
        office.edge.draining = True
        invite = message("INVITE", INVITE_URI, branch="z9hG4bK1", body=OFFER, **own_via(phone))
        phone.send(invite, office.place("udp"))
        assert (await phone.next(status=503)).get("Retry-After") == "30"


async def test_an_address_in_use_is_a_mistake_in_the_configuration():
    async with Office() as office:
        port = office.place("udp")[1]
        taken = Office(settings=loopback("udp", udp={"port": port}))
        with pytest.raises(ConfigurationError, match=str(port)):
            await taken.__aenter__()


async def test_leaving_twice_is_harmless():
    office = Office()
    async with office:
        pass
    await office.__aexit__(None, None, None)


async def test_a_large_message_is_not_read():
    settings = loopback(admission={"message_bytes_max": 1_000})
    async with udp_peer() as phone, Office(settings=settings) as office:
        big = message("OPTIONS", "sip:x@y.example", branch="z9hG4bKo", extra=["X: " + "a" * 2000])
        phone.send(big, office.place("udp"))
        phone.send(message("OPTIONS", "sip:x@y.example", branch="z9hG4bKp"), office.place("udp"))
        await phone.next(status=200)
        assert office.edge.figures().counted["too_large"] == 1


async def test_hostile_bytes_leave_the_edge_listening():
    async with udp_peer() as phone, Office() as office:
        for number in range(200):
            phone.send(bytes([number]) * (number + 1), office.place("udp"))
        phone.send(message("OPTIONS", "sip:x@y.example", branch="z9hG4bKp"), office.place("udp"))
        await phone.next(status=200)
        assert office.counted("faults") == 0


async def test_reload_takes_a_new_trunk():
    async with udp_peer() as phone, Office(trunks=[]) as office:
        own = own_via(phone)
        phone.send(
            message("INVITE", INVITE_URI, branch="z9hG4bK1", body=OFFER, **own), office.place("udp")
        )
        await phone.next(status=407)
        office.edge.reload([trunk(addresses=["127.0.0.1/32"])], agents(), ["800"])
        phone.send(
            message("INVITE", INVITE_URI, branch="z9hG4bK2", call_id="two", body=OFFER, **own),
            office.place("udp"),
        )
        await phone.next(status=503)


async def test_a_call_over_tls(tmp_path):
    cert, key = write_certificate(tmp_path, "127.0.0.1")
    settings = loopback("udp", "tls", tls={"certificate": str(cert), "private_key": str(key)})
    client = ssl.create_default_context(cafile=str(cert))
    client.check_hostname = False
    async with (
        udp_peer() as cell,
        Office(Placement(address=cell.address), settings=settings) as office,
        tcp_peer(office.place("tls"), client) as phone,
    ):
        target, dialog = await bring_call(office, phone, cell, "tls")
        assert target.endswith(";transport=tls")
        phone.send(message("BYE", target, branch="z9hG4bK3", cseq=2, **dialog))
        bye = await cell.next(method="BYE")
        cell.send(response(bye, 200), office.edge.inside_address)
        await phone.next(status=200)


async def test_a_certificate_that_cannot_be_read_is_named(tmp_path):
    paths = {"certificate": str(tmp_path / "no.pem"), "private_key": str(tmp_path / "no.key")}
    office = Office(settings=loopback("tls", tls=paths))
    with pytest.raises(ConfigurationError, match=r"no\.pem"):
        await office.__aenter__()


async def test_an_agent_on_another_pbx_is_called_over_a_connection_we_open():
    async with udp_peer() as cell:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def serve(reader, writer):
            heard.set_result(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        office = Office()
        entry = agents()[2].model_copy(
            update={"contact": f"sip:cid@127.0.0.1:{port};transport=tcp"}
        )
        office.edge._agents = (entry,)
        async with server, office:
            assert office.reachable == {"cid": True}
            office.edge.cell_known(cell.address)
            via = {"via": "SIP/2.0/UDP {}:{}".format(*cell.address), "contact": contact_of(cell)}
            invite = message("INVITE", f"sip:cid@{DOMAIN}", branch="z9hG4bKc", body=OFFER, **via)
            cell.send(invite, office.edge.inside_address)
            async with asyncio.timeout(10):
                head = await heard
            assert parse(head.replace(b"Content-Length", b"X-Length")).method == "INVITE"
            # The other side has hung up: the cell is told at once, not after 32 s.
            await cell.next(status=480)
