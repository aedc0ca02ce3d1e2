import socket
from collections.abc import Iterator

import pytest

from pbx.cell import source
from pbx.cell.source import SourceLatch, host_of


def test_announced_host_is_held_at_once() -> None:
    latch = SourceLatch()
    assert latch.look("", "192.0.2.1") is None
    assert latch.look("192.0.2.1", "192.0.2.1") == "192.0.2.1"
    assert latch.look("192.0.2.9", "192.0.2.1") is None
    assert latch.held_to == "192.0.2.1"


def test_host_behind_nat_must_be_steady() -> None:
    latch = SourceLatch()
    looks = ["203.0.113.1", "203.0.113.2", "203.0.113.1", "203.0.113.1", "203.0.113.1"]
    held = [latch.look(host, "10.0.0.5") for host in looks]
    assert held == [None, None, None, None, "203.0.113.1"]


def test_new_media_undoes_the_hold_unless_the_host_is_the_same() -> None:
    latch = SourceLatch()
    assert not latch.media_changed("192.0.2.1")
    latch.look("192.0.2.1", "192.0.2.1")
    assert not latch.media_changed("192.0.2.1")
    assert latch.held_to == "192.0.2.1"
    assert latch.media_changed("192.0.2.2")
    assert latch.look("192.0.2.2", "192.0.2.2") == "192.0.2.2"


@pytest.mark.parametrize(
    ("name", "host"),
    [("192.0.2.1:4000", "192.0.2.1"), ("", ""), ("0.0.0.0:0", ""), ("[::1]:4000", ""), ("x:1", "")],
)
def test_host_of(name: str, host: str) -> None:
    assert host_of(name) == host


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as rtp,
        socket.socket(type=socket.SOCK_DGRAM) as far,
    ):
        rtp.bind(("127.0.0.1", 0))
        rtp.setblocking(False)
        yield rtp, far


def test_kernel_drops_what_comes_from_elsewhere(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    rtp, far = pair
    far.bind(("127.0.0.2", 0))
    port = rtp.getsockname()[1]
    source.let_go(port)
    source.hold(port, "127.0.0.1")
    far.sendto(b"stranger", rtp.getsockname())
    rtp.sendto(b"friend", rtp.getsockname())
    assert rtp.recv(100) == b"friend"
    with pytest.raises(BlockingIOError):
        rtp.recv(100)
    source.hold(port, "127.0.0.2")
    far.sendto(b"moved", rtp.getsockname())
    assert rtp.recv(100) == b"moved"
    source.let_go(port)
    rtp.sendto(b"anyone", rtp.getsockname())
    assert rtp.recv(100) == b"anyone"
