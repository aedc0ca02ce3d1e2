import json
import socket

import pytest

from domain.speech import Speaker
from domain.tap import TAP_HEADER, TAP_VERSION, TapKind
from media.ear import TapFrame
from media.pcm import FRAME_BYTES
from media.taps import (
    PACKETS_PER_READ,
    REFUSED_PACKETS_MAX,
    Close,
    Open,
    TapConnection,
    parse,
)


def packet(kind: int, payload: bytes = b"", *, version: int = TAP_VERSION) -> bytes:
    return TAP_HEADER.pack(version, kind, 3, 42, 1_234_567) + payload


def test_what_packets_say() -> None:
    said = json.dumps({"contact_id": "c1", "speaker": "customer"}).encode()
    assert parse(packet(TapKind.OPEN, said)) == Open(3, "c1", Speaker.CUSTOMER)
    pcm = bytes(range(240)) * (FRAME_BYTES // 240)
    assert parse(packet(TapKind.AUDIO, pcm)) == (3, TapFrame(42, 1_234_567, pcm))
    assert parse(packet(TapKind.CLOSE)) == Close(3)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (b"", "0 bytes"),
        (b"\x01\x02\x03", "3 bytes"),
        (packet(TapKind.AUDIO, bytes(FRAME_BYTES), version=2), "version 2"),
        (packet(TapKind.AUDIO, bytes(FRAME_BYTES - 1)), f"{FRAME_BYTES - 1} bytes"),
        (packet(TapKind.AUDIO, bytes(FRAME_BYTES + 1)), f"{FRAME_BYTES + 1} bytes"),
        (packet(9), "kind 9"),
        (packet(TapKind.OPEN, b"\xff\xfe"), "OPEN of leg 3"),
        (packet(TapKind.OPEN, b"{}"), "contact_id"),
        (packet(TapKind.OPEN, b'{"contact_id":"","speaker":"agent"}'), "contact_id"),
        (packet(TapKind.OPEN, b'{"contact_id":"c1","speaker":"parrot"}'), "parrot"),
        (
            packet(
                TapKind.OPEN, json.dumps({"contact_id": "x" * 129, "speaker": "agent"}).encode()
            ),
            "contact_id",
        ),
    ],
)
def test_what_is_no_packet(bad: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse(bad)


def connected() -> tuple[socket.socket, TapConnection]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return ours, TapConnection(theirs)


def test_packets_keep_their_borders() -> None:
    cell, connection = connected()
    with cell:
        assert connection.read() == ([], False)
        cell.send(b"one")
        cell.send(b"two")
        assert connection.read() == ([b"one", b"two"], False)
        assert not connection.ended
    connection.close()


def test_a_cell_that_leaves_is_read_to_its_end() -> None:
    cell, connection = connected()
    cell.send(b"one")
    cell.close()
    assert connection.read() == ([b"one"], False)
    assert connection.ended
    connection.close()
    connection.close()


def test_one_cell_does_not_take_all_the_time() -> None:
    cell, connection = connected()
    with cell:
        for _ in range(PACKETS_PER_READ + 1):
            cell.send(b"x")
        packets, more = connection.read()
        assert len(packets) == PACKETS_PER_READ
        assert more
    connection.close()


def test_a_packet_that_is_too_long_shows() -> None:
    cell, connection = connected()
    with cell:
        cell.send(packet(TapKind.AUDIO, bytes(60_000)))
        ((cut,), _) = connection.read()
        with pytest.raises(ValueError, match=f"{FRAME_BYTES + 1} bytes"):
            parse(cut)
    connection.close()


def test_a_cell_that_talks_nonsense_is_cut_off() -> None:
    cell, connection = connected()
    with cell:
        for _ in range(REFUSED_PACKETS_MAX):
            connection.refuse()
        assert not connection.ended
        connection.refuse()
        assert connection.ended
    connection.close()
