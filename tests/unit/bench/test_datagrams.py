"""Datagrams in batches over real sockets."""

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from bench.datagrams import Batch, bound, dropped

BYTES = np.dtype([("first", "u1"), ("number", ">u2")])


@pytest.fixture
def here() -> Iterator[socket.socket]:
    made, _ = bound("127.0.0.1", 0, 1 << 20)
    with made:
        yield made


def test_a_batch_goes_and_comes_with_its_names_and_times(here: socket.socket) -> None:
    address, port = here.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((address, 0))
        out = Batch(4, BYTES)
        out.packets["first"] = 0x80
        out.packets["number"] = [1, 2, 65_535, 4]
        out.names["family"] = socket.AF_INET
        out.names["port"] = port
        out.names["address"] = int.from_bytes(socket.inet_aton(address), "big")
        before_ns = time.time_ns()
        assert out.send(sender.fileno(), 3) == 3
        sent_from = sender.getsockname()[1]
    taken = Batch(8, BYTES).stamp()
    assert taken.receive(here.fileno()) == 3
    assert taken.packets["number"][:3].tolist() == [1, 2, 65_535]
    assert taken.names["port"][:3].tolist() == [sent_from] * 3
    came_ns = taken.control["seconds"][:3] * 1_000_000_000 + taken.control["nanoseconds"][:3]
    assert all(before_ns <= at <= time.time_ns() for at in came_ns.tolist())
    assert taken.receive(here.fileno()) == 0


def test_the_buffer_that_was_granted_is_told() -> None:
    made, granted = bound("127.0.0.1", 0, 1 << 20)
    made.close()
    assert 0 < granted <= 1 << 20


def test_what_found_no_room_is_counted() -> None:
    made, _ = bound("127.0.0.1", 0, 1)
    with made, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        assert dropped(made) == 0
        for _ in range(100):
            sender.sendto(bytes(172), made.getsockname())
        assert 0 < dropped(made) < 100
