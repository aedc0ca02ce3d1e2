"""The SDP guard under arbitrary and mutated descriptions."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.errors import SipError
from pbx.sip.description import AudioDescription
from pbx.sip.sdp import MEDIA_MAX, PORT_MIN, guard_sdp, parse_sdp

SETTINGS = settings(deadline=None, derandomize=True, max_examples=400)
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
LINES = (
    "v=0",
    "o=- 1 2 IN IP4 192.0.2.7",
    "o=alice 18446744073709551615 0 IN IP6 host.example.com",
    "s=-",
    "c=IN IP4 192.0.2.7",
    "c=IN IP4 0.0.0.0",
    "c=IN IP6 2001:db8::7",
    "c=IN IP4 224.0.0.1/127",
    "c=IN IP4 " + "a" * 254,
    "t=0 0",
    "m=audio 4000 RTP/AVP 0 8 9 101",
    "m=audio 4002 RTP/SAVP 0 101",
    "m=audio 0 RTP/AVP 0",
    "m=video 5000 RTP/AVP 96",
    "m=image 5002 udptl t38",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=rtpmap:101 telephone-event/8000",
    "a=rtpmap:0 PCMA/8000",
    "a=fmtp:101 0-15,16",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31",
    "a=ptime:30",
    "a=maxptime:120",
    "a=rtcp:4009",
    "a=sendonly",
    "a=inactive",
    "",
)


@st.composite
def shuffled(draw: st.DrawFn) -> bytes:
    """Lines of real descriptions in an order that begins as it must."""
    lines = [*LINES[:2], *draw(st.lists(st.sampled_from(LINES), max_size=30))]
    return draw(st.sampled_from(["\r\n", "\n"])).join(lines).encode("ascii")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A description with a few bytes replaced, removed or added."""
    body = bytearray(draw(shuffled()))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(body)))
        body[start : start + draw(st.integers(0, 4))] = draw(st.binary(max_size=6))
    return bytes(body)


def check(body: bytes) -> None:
    try:
        guarded = guard_sdp(body)
    except SipError:
        return
    assert guard_sdp(guarded) == guarded
    session = parse_sdp(guarded)
    assert bytes(session) == guarded
    assert guarded.isascii()
    assert len(guarded) < 2_000
    assert 1 <= len(session.media) <= MEDIA_MAX
    live = [each for each in session.media if isinstance(each, AudioDescription)]
    assert len(live) <= 1
    for audio in live:
        assert PORT_MIN <= audio.port <= 65_535
        assert any(each.is_audio for each in audio.formats)
        assert audio.address.version == 4
        assert not audio.address.is_multicast
        assert not audio.address.is_unspecified
        assert all(0 <= each.payload_type <= 127 for each in audio.formats)
    elsewhere = guard_sdp(body, connection_address="203.0.113.9")
    assert guard_sdp(elsewhere) == elsewhere
    assert elsewhere.count(b"IN IP4 203.0.113.9\r\n") == 2


@SETTINGS
@given(st.binary(max_size=300))
@example(b"")
@example(b"v=0\r\n")
@example(b"\n" * 1_000)
def test_arbitrary_bytes_are_written_anew_or_refused(body: bytes) -> None:
    check(body)


@SETTINGS
@given(shuffled())
def test_lines_in_any_order_are_written_anew_or_refused(body: bytes) -> None:
    check(body)


@SETTINGS
@given(mutated())
def test_a_mutated_description_is_written_anew_or_refused(body: bytes) -> None:
    check(body)


@SETTINGS
@given(shuffled())
def test_the_number_of_media_lines_stays(body: bytes) -> None:
    try:
        guarded = guard_sdp(body)
    except SipError:
        return
    assert guarded.count(b"\r\nm=") == body.count(b"\nm=")
