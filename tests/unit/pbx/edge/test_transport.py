"""Streams cut into messages, and the local address towards a peer."""

import pytest

from domain.errors import SipError
from pbx.edge.transport import HEADER_BYTES_MAX, Framer, address_facing
from tests.edge_support import OFFER, message

INVITE = message("INVITE", "sip:800@h", branch="z9hG4bK1", body=OFFER)


def test_messages_end_where_content_length_says():
    assert Framer(65_535).feed(INVITE + INVITE) == [INVITE, INVITE]


def test_a_message_may_come_byte_by_byte():
    framer = Framer(65_535)
    found = [each for byte in INVITE for each in framer.feed(bytes([byte]))]
    assert found == [INVITE]


def test_compact_and_spaced_lengths_are_read():
    data = b"INFO sip:x SIP/2.0\r\nl : 2\r\n\r\nab"
    assert Framer(65_535).feed(data) == [data]


def test_a_ping_is_a_message_and_a_pong_is_nothing():
    framer = Framer(65_535)
    assert framer.feed(b"\r\n") == []
    assert framer.feed(b"\r\n") == [b"\r\n\r\n"]
    assert framer.feed(b"\r\n" + INVITE) == [INVITE]


@pytest.mark.parametrize(
    "data",
    [
        b"INFO sip:x SIP/2.0\r\nVia: h\r\n\r\n",
        b"INFO sip:x SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
        b"INFO sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"A" * (HEADER_BYTES_MAX + 1),
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(data):
    with pytest.raises(SipError):
        Framer(65_535).feed(data)


def test_the_loopback_faces_itself():
    assert address_facing("127.0.0.1") == "127.0.0.1"
