"""A UDP socket that is read in batches and written to at once."""

import asyncio
import contextlib
import errno
import socket
from collections import Counter

import pytest

from pbx.edge import datagrams
from pbx.edge.datagrams import BATCH_MAX, OUTBOX_DATAGRAMS_MAX, Datagrams
from pbx.edge.flow import Flow

LOOPBACK = ("127.0.0.1", 0)


class Served:
    """A socket of the edge, what it has received, and a peer."""

    def __init__(self, address=LOOPBACK):
        self.received = []
        self.more = asyncio.Event()
        self.counted: Counter[str] = Counter()
        self.socket = Datagrams.open(3, address, self.receive, self.count)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.peer = socket.socket(family, socket.SOCK_DGRAM)
        self.peer.bind((address[0], 0))
        self.peer.settimeout(10)

    def receive(self, data, flow):
        self.received.append((data, flow))
        self.more.set()

    def count(self, name):
        self.counted[name] += 1

    def say(self, *datagrams):
        for data in datagrams:
            self.peer.sendto(data, self.socket.address)

    async def heard(self, number):
        async with asyncio.timeout(10):
            while len(self.received) < number:
                self.more.clear()
                await self.more.wait()


@contextlib.contextmanager
def served(**more):
    each = Served(**more)
    try:
        yield each
    finally:
        each.socket.close()
        each.peer.close()


class FullSocket:
    """A socket whose buffer the kernel has no room in, or that fails."""

    def __init__(self, real, *faults):
        self.real = real
        self.faults = list(faults)

    def sendto(self, data, address):
        if self.faults:
            raise self.faults.pop(0)
        return self.real.sendto(data, address)

    def __getattr__(self, name):
        return getattr(self.real, name)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_datagram_comes_with_the_flow_it_came_by(host):
    with served(address=(host, 0)) as each:
        each.say(b"one")
        await each.heard(1)
        port = each.peer.getsockname()[1]
        assert each.received == [(b"one", Flow("udp", host, port, 3))]


async def test_one_turn_takes_all_that_has_come():
    with served() as each:
        each.say(*[b"%d" % number for number in range(5)])
        each.socket._read()
        assert [data for data, _ in each.received] == [b"0", b"1", b"2", b"3", b"4"]


async def test_one_turn_takes_no_more_than_a_batch():
    with served() as each:
        each.say(*[b"x"] * (BATCH_MAX + 2))
        each.socket._read()
        assert len(each.received) == BATCH_MAX
        await each.heard(BATCH_MAX + 2)


async def test_the_largest_datagram_arrives_whole():
    with served() as each:
        each.say(b"y" * 65_507)
        await each.heard(1)
        assert len(each.received[0][0]) == 65_507


async def test_what_a_receiver_closes_is_not_read_on():
    with served() as each:
        each.say(b"one", b"two")
        each.socket._receive = lambda *_: each.socket.close()
        each.socket._read()
        each.socket.close()


async def test_a_fault_of_the_receiver_costs_one_datagram():
    with served() as each:
        each.say(b"one", b"two")
        each.socket._receive = lambda *_: 1 / 0
        with pytest.raises(ZeroDivisionError):
            each.socket._read()
        each.socket._receive = each.receive
        await each.heard(1)
        assert each.received[0][0] == b"two"


async def test_an_icmp_error_while_reading_is_passed_over():
    with served() as each:

        class Unreachable:
            def recvfrom_into(self, buffer):
                raise OSError(errno.ECONNREFUSED, "refused")

        real, each.socket._socket = each.socket._socket, Unreachable()
        each.socket._read()
        each.socket._socket = real
        each.say(b"one")
        await each.heard(1)


async def test_a_datagram_is_sent_at_once():
    with served() as each:
        each.socket.send(b"hello", *each.peer.getsockname()[:2])
        assert each.peer.recv(100) == b"hello"


async def test_what_the_kernel_does_not_take_waits_in_order():
    with served() as each:
        to = each.peer.getsockname()[:2]
        each.socket._socket = FullSocket(each.socket._socket, BlockingIOError(), BlockingIOError())
        for data in (b"one", b"two", b"three"):
            each.socket.send(data, *to)
        each.socket._write()  # The kernel is still full.
        sent = [await asyncio.to_thread(each.peer.recv, 100) for _ in range(3)]
        each.socket.send(b"four", *to)
        assert [*sent, each.peer.recv(100)] == [b"one", b"two", b"three", b"four"]
        assert not each.counted


async def test_a_datagram_that_fails_does_not_hold_the_others():
    with served() as each:
        to = each.peer.getsockname()[:2]
        refused = OSError(errno.EPERM, "no")
        each.socket._socket = FullSocket(each.socket._socket, BlockingIOError(), refused)
        each.socket.send(b"one", *to)
        each.socket.send(b"two", *to)
        each.socket._write()
        assert each.peer.recv(100) == b"two"
        each.socket._socket = FullSocket(each.socket._socket, refused)
        each.socket.send(b"three", *to)
        each.socket.send(b"four", *to)
        assert each.peer.recv(100) == b"four"


async def test_the_outbox_has_a_limit(monkeypatch):
    monkeypatch.setattr(datagrams, "OUTBOX_DATAGRAMS_MAX", 2)
    assert OUTBOX_DATAGRAMS_MAX > 2
    with served() as each:
        to = each.peer.getsockname()[:2]
        each.socket._socket = FullSocket(each.socket._socket, BlockingIOError())
        for data in (b"one", b"two", b"three", b"four"):
            each.socket.send(data, *to)
        assert each.counted["datagrams_unsent"] == 2
        each.socket._write()
        assert [each.peer.recv(100) for _ in range(2)] == [b"one", b"two"]


async def test_nothing_is_sent_after_closing_and_closing_twice_is_harmless():
    with served() as each:
        each.socket.close()
        each.socket.send(b"late", *each.peer.getsockname()[:2])
        each.socket.close()


async def test_an_address_in_use_is_refused_and_leaves_no_socket_open():
    with served() as each, pytest.raises(OSError, match="in use"):
        Datagrams.open(0, each.socket.address, each.receive, each.count)
