"""The resolver against a real name server on a socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from channels.mail.resolver import DnsResolver, LookupFailed

RECORDS = {
    ("example.com.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("example.com.", "MX"): ["10 mx.example.com."],
    ("example.com.", "A"): ["192.0.2.1"],
    ("example.com.", "AAAA"): ["2001:db8::1"],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["mx.example.com."],
}


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name == "broken.example.":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := RECORDS.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        elif name != "example.com.":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), address)


@pytest.fixture
async def resolver() -> AsyncIterator[DnsResolver]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Server, local_addr=("127.0.0.1", 0)
    )
    made = DnsResolver(["127.0.0.1"])
    made._resolver.port = transport.get_extra_info("sockname")[1]
    yield made
    transport.close()


async def test_records_of_each_kind(resolver: DnsResolver) -> None:
    assert sorted(await resolver.records("example.com", "TXT")) == ["other", "v=spf1 -all"]
    assert list(await resolver.records("example.com", "MX")) == ["mx.example.com"]
    assert list(await resolver.records("example.com", "A")) == ["192.0.2.1"]
    assert list(await resolver.records("example.com", "AAAA")) == ["2001:db8::1"]
    assert list(await resolver.records("1.2.0.192.in-addr.arpa", "PTR")) == ["mx.example.com"]


async def test_nothing_is_not_a_failure(resolver: DnsResolver) -> None:
    assert list(await resolver.records("nothing.example", "TXT")) == []
    assert list(await resolver.records("example.com", "CAA")) == []


@pytest.mark.parametrize("name", ["broken.example", "a" * 64 + ".example", "a..example", "\ud800"])
async def test_a_server_or_name_that_is_broken(resolver: DnsResolver, name: str) -> None:
    with pytest.raises(LookupFailed):
        await resolver.records(name, "TXT")
