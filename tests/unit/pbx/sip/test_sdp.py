import pytest

from domain.errors import SipError
from pbx.sip import sdp
from pbx.sip.description import Direction
from pbx.sip.sdp import guard_sdp, parse_sdp

SOFTPHONE = b"""v=0\r
o=alice 53655765 2353687637 IN IP4 pc33.example.com\r
s=A call\r
i=about nothing\r
c=IN IP4 192.0.2.7\r
b=AS:84\r
t=3034423619 3042462419\r
a=X-nat:0\r
m=audio 49170 RTP/AVP 0 8 9 18 97 101\r
b=TIAS:64000\r
a=rtcp:49180 IN IP4 192.0.2.9\r
a=rtpmap:97 iLBC/8000\r
a=fmtp:97 mode=30\r
a=rtpmap:101 telephone-event/8000/1\r
a=fmtp:101 0-11,16\r
a=ptime:20\r
a=maxptime:60\r
a=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host\r
a=sendrecv\r
"""

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


def offer(*media: str, session: str = "c=IN IP4 192.0.2.7") -> bytes:
    lines = ["v=0", "o=- 1 2 IN IP4 192.0.2.7", "s=-", session, "t=0 0", *media]
    return "\r\n".join(line for line in lines if line).encode("latin-1") + b"\r\n"


def written(*media: str, session: str = "c=IN IP4 192.0.2.7") -> list[str]:
    return guard_sdp(offer(*media, session=session)).decode("ascii").split("\r\n")[:-1]


def test_an_ordinary_offer_is_written_in_canonical_form() -> None:
    assert guard_sdp(SOFTPHONE) == (
        b"v=0\r\n"
        b"o=- 53655765 2353687637 IN IP4 192.0.2.7\r\n"
        b"s=-\r\n"
        b"c=IN IP4 192.0.2.7\r\n"
        b"t=0 0\r\n"
        b"m=audio 49170 RTP/AVP 0 8 9 101\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:8 PCMA/8000\r\n"
        b"a=rtpmap:9 G722/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-11,16\r\n"
        b"a=ptime:20\r\n"
        b"a=maxptime:60\r\n"
        b"a=rtcp:49180\r\n"
        b"a=sendrecv\r\n"
    )


def test_lf_alone_ends_a_line_too() -> None:
    assert guard_sdp(SOFTPHONE.replace(b"\r\n", b"\n")) == guard_sdp(SOFTPHONE)


def test_the_connection_address_replaces_every_address() -> None:
    guarded = guard_sdp(SOFTPHONE, connection_address="203.0.113.9")
    assert b"192.0.2." not in guarded
    assert guarded.count(b"203.0.113.9") == 2
    assert b"IN IP6 2001:db8::9\r\n" in guard_sdp(SOFTPHONE, connection_address="2001:DB8::9")


def test_a_connection_address_that_is_a_name_is_refused() -> None:
    with pytest.raises(SipError, match=r"'pbx\.example\.com' is no literal"):
        guard_sdp(SOFTPHONE, connection_address="pbx.example.com")


def test_other_media_keep_their_place_with_port_0() -> None:
    lines = written(
        "m=video 5000 RTP/AVPF 96 97",
        "a=rtpmap:96 H264/90000",
        "m=audio 4000 RTP/AVP 0",
        "m=image 4002 udptl t38",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "m=message 4004 TCP/MSRP *",
        "m=audio 4006 something/else 0",
    )
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVPF 0",
        "m=audio 4000 RTP/AVP 0",
        "m=image 0 udptl t38",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        "m=message 0 TCP/MSRP *",
        "m=audio 0 RTP/AVP 0",
    ]


def test_of_alternative_audio_lines_the_first_suitable_stays() -> None:
    lines = written(
        "m=audio 4000 RTP/AVP 8",
        "c=IN IP6 2001:db8::7",
        "m=audio 4002 RTP/SAVP 0",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        "m=audio 4004 RTP/AVP 0",
    )
    assert [line for line in lines if line.startswith("m=")] == [
        "m=audio 0 RTP/AVP 0",
        "m=audio 4002 RTP/SAVP 0",
        "m=audio 0 RTP/AVP 0",
    ]


def test_a_session_is_read_into_typed_values() -> None:
    session = parse_sdp(SOFTPHONE)
    assert (session.session_id, session.version) == (53655765, 2353687637)
    audio = session.audio
    assert audio is not None
    assert (audio.port, str(audio.address), audio.ptime_ms) == (49170, "192.0.2.7", 20)
    assert audio.direction is Direction.SENDRECV
    assert [each.is_audio for each in audio.formats] == [True, True, True, False]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sendrecv", "sendonly"),
        ("sendonly", "sendonly"),
        ("recvonly", "inactive"),
        ("inactive", "inactive"),
    ],
)
def test_the_old_form_of_hold_becomes_a_direction(before: str, after: str) -> None:
    lines = written("m=audio 4000 RTP/AVP 0", f"a={before}", session="c=IN IP4 0.0.0.0")
    assert lines[-1] == f"a={after}"
    assert "c=IN IP4 192.0.2.1" in lines


def test_a_direction_of_the_session_holds_where_the_media_names_none() -> None:
    session = "c=IN IP4 192.0.2.7\r\na=inactive"
    assert written("m=audio 4000 RTP/AVP 0", session=session)[-1] == "a=inactive"
    assert written("m=audio 4000 RTP/AVP 0", "a=recvonly", session=session)[-1] == "a=recvonly"


@pytest.mark.parametrize(
    ("fmtp", "events"),
    [
        ("0-15", "0-15"),
        ("0-16", "0-16"),
        ("16,0-11,5-9", "0-11,16"),
        ("0-15,66,70", "0-15"),
        ("0-255", "0-16"),
        ("9-3", "0-15"),
        ("70", "0-15"),
        ("x=1", "0-15"),
        ("0-4294967295", "0-15"),
        ("0-15," * 100, "0-15"),
    ],
)
def test_events_are_written_as_ranges_up_to_16(fmtp: str, events: str) -> None:
    lines = written(
        "m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000", f"a=fmtp:96 {fmtp}"
    )
    assert f"a=fmtp:96 {events}" in lines


def test_events_without_fmtp_are_the_default_ones() -> None:
    lines = written("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 Telephone-Event/8000")
    assert "a=fmtp:96 0-15" in lines


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 4000 RTP/AVP 0 98", "a=rtpmap:98 PCMU/8000"),
        ("m=audio 4000 RTP/AVP 0 98", "a=rtpmap:98 telephone-event/48000"),
        ("m=audio 4000 RTP/AVP 0 98",),
        ("m=audio 4000 RTP/AVP 0 8", "a=rtpmap:8 opus/48000/2"),
        ("m=audio 4000 RTP/AVP 0 72", "a=rtpmap:72 telephone-event/8000"),
        ("m=audio 4000 RTP/AVP 0 0 0",),
    ],
)
def test_a_format_outside_the_whitelist_is_left_out(media: tuple[str, ...]) -> None:
    assert "m=audio 4000 RTP/AVP 0" in written(*media)


@pytest.mark.parametrize(
    ("attribute", "kept"),
    [
        ("ptime:20", True),
        ("ptime:60", True),
        ("ptime:25", False),
        ("ptime:0", False),
        ("ptime:-20", False),
        ("ptime:20.5", False),
        ("ptime:4294967316", False),
        ("ptime:70", False),
        ("maxptime:240", True),
        ("maxptime:241", False),
        ("rtcp:4003", True),
        ("rtcp:4001", False),
        ("rtcp:53", False),
        ("rtcp:65536", False),
        ("unknown:1", False),
        ("candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host", False),
        (f"crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}", False),
    ],
)
def test_an_attribute_is_kept_within_its_limits_or_left_out(attribute: str, kept: bool) -> None:
    assert (f"a={attribute}" in written("m=audio 4000 RTP/AVP 0", f"a={attribute}")) is kept


@pytest.mark.parametrize(
    ("crypto", "kept"),
    [
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}", True),
        (f"123456789 AES_CM_128_HMAC_SHA1_32 inline:{KEY}", True),
        (f"1 AES_256_CM_HMAC_SHA1_80 inline:{'A' * 59}=", False),
        (f"1 AES_256_CM_HMAC_SHA1_80 inline:{'A' * 62}==", True),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-4]}", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-1]}*", False),
    ],
)
def test_a_key_is_kept_when_cells_can_use_it(crypto: str, kept: bool) -> None:
    lines = written(
        "m=audio 4000 RTP/SAVP 0", f"a=crypto:{crypto}", "m=audio 4002 RTP/AVP 0", "a=sendonly"
    )
    assert (f"a=crypto:{crypto}" in lines) is kept


def test_the_lifetime_of_a_key_is_left_out() -> None:
    lines = written(
        "m=audio 4000 RTP/SAVP 0", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20"
    )
    assert f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}" in lines


def test_keys_do_not_show_in_a_representation() -> None:
    body = offer("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")
    assert "key" not in repr(parse_sdp(body))


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 4000 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=audio 4000 UDP/TLS/RTP/SAVPF 0",),
        ("m=image 4000 udptl t38",),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::7"),
        ("m=audio 0 RTP/AVP 0", "m=video 4000 RTP/AVP 96"),
    ],
)
def test_an_offer_of_which_nothing_is_left_is_refused(media: tuple[str, ...]) -> None:
    with pytest.raises(SipError, match="no audio format left"):
        guard_sdp(offer(*media))


def test_media_that_the_peer_himself_switched_off_stays_off() -> None:
    assert written("m=audio 0 RTP/AVP 0", "a=inactive")[-1] == "m=audio 0 RTP/AVP 0"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", r"line 1: ''"),
        (b"v=1\r\n", r"line 1: 'v=1'"),
        (b"v=0\r\n\r\no=- 1 1 IN IP4 1.2.3.4", r"line 2: ''"),
        (b"v=0\r\nm=audio 4000 RTP/AVP 0\r\n", r"no o= line"),
        (b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n", r"no m= line"),
        (b"v=0\r\no=- x 1 IN IP4 a\r\nm=audio 0 RTP/AVP 0", r"o= line: '- x 1 IN IP4 a'"),
        (
            b"v=0\r\no=- 18446744073709551616 1 IN IP4 a\r\nm=audio 0 RTP/AVP 0",
            r"18446744073709551616 is over the limit of 18446744073709551615",
        ),
        (
            b"v=0\r\no=- 1 1 IN IP4 a\r\no=- 1 1 IN IP4 a\r\nm=audio 0 RTP/AVP 0",
            r"2 o= lines",
        ),
        (offer("m=audio 4000 RTP/AVP 0", session=""), r"without c="),
        (offer("m=audio 80 RTP/AVP 0"), r"port 80 is outside 1024 to 65535"),
        (offer("m=audio 65536 RTP/AVP 0"), r"port 65536"),
        (offer("m=audio 4000/2 RTP/AVP 0"), r"2 ports, the limit is 1"),
        (offer("m=audio 4000 RTP/AVP 0 128"), r"'128' is not a payload type"),
        (offer("m=audio 4000 RTP/AVP PCMU"), r"'PCMU' is not a payload type"),
        (offer("m=audio 4000 RTP/AVP \xb2"), r"is not a payload type"),
        (offer("m=audio 4000 RTP/AVP"), r"is not <media> <port>"),
        (offer("m=control 4000 RTP/AVP 0"), r"media 'control' is not known"),
        (offer("m=audio 4000 RTP/AVP 0", "c=IN IP4 1.2.3.4", "c=IN IP4 1.2.3.4"), r"2 c= lines"),
    ],
)
def test_a_broken_structure_is_refused_by_name(body: bytes, says: str) -> None:
    with pytest.raises(SipError, match=says):
        guard_sdp(body)


@pytest.mark.parametrize(
    "connection",
    [
        "IN IP4 pc33.example.com",
        "IN IP4 " + "a" * 254,
        "IN IP4 224.2.1.1/127",
        "IN IP4 224.2.1.1",
        "IN IP6 ff15::101",
        "IN IP4 255.255.255.255",
        "IN IP4 192.0.2.7/24",
        "IN IP4 192.0.2",
        "IN IP4 192.0.2.07",
        "IN IP4 2001:db8::1",
        "IN IP6 192.0.2.7",
        "IN IP6 ::ffff:192.0.2.7",
        "IN IP6 2002:c000:207::1",
        "IN IP6 fe80::1%eth0",
        "ATM NSAP 1234",
        "",
    ],
)
def test_an_address_that_is_no_literal_unicast_address_is_refused(connection: str) -> None:
    with pytest.raises(SipError, match=r"c= line|literal"):
        guard_sdp(offer("m=audio 4000 RTP/AVP 0", session=f"c={connection}"))


def test_a_peer_elsewhere_may_not_point_at_this_machine() -> None:
    body = offer("m=audio 4000 RTP/AVP 0", session="c=IN IP4 127.0.0.1")
    assert guard_sdp(body)
    with pytest.raises(SipError, match="loopback"):
        guard_sdp(body, loopback_allowed=False)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            offer("m=audio 4000 RTP/AVP 0", *["a=x"] * sdp.LINES_MAX),
            rf"lines are over the limit of {sdp.LINES_MAX}",
        ),
        (
            offer("m=audio 4000 RTP/AVP 0", "a=" + "x" * sdp.LINE_BYTES_MAX),
            rf"line 7: \d+ bytes are over the limit of {sdp.LINE_BYTES_MAX}",
        ),
        (
            b"v=0\r\n" + b"x" * sdp.BODY_BYTES_MAX,
            rf"bytes are over the limit of {sdp.BODY_BYTES_MAX}",
        ),
        (
            offer(*["m=audio 4000 RTP/AVP 0"] * (sdp.MEDIA_MAX + 1)),
            rf"{sdp.MEDIA_MAX + 1} m= lines are over the limit of {sdp.MEDIA_MAX}",
        ),
        (
            offer("m=audio 4000 RTP/AVP" + " 0" * (sdp.FORMATS_MAX + 1)),
            rf"{sdp.FORMATS_MAX + 1} formats are over the limit of {sdp.FORMATS_MAX}",
        ),
    ],
)
def test_what_is_over_a_limit_is_refused_by_name(body: bytes, says: str) -> None:
    with pytest.raises(SipError, match=says):
        guard_sdp(body)


def test_what_is_at_its_limit_passes() -> None:
    assert guard_sdp(offer(*["m=audio 4000 RTP/AVP 0"] * sdp.MEDIA_MAX))
    assert guard_sdp(offer("m=audio 65535 RTP/AVP" + " 0" * sdp.FORMATS_MAX))
    assert guard_sdp(offer("m=audio 4000 RTP/AVP 0", "a=" + "x" * (sdp.LINE_BYTES_MAX - 2)))
    assert guard_sdp(offer("m=audio 4000 RTP/AVP 0", *["a=x"] * (sdp.LINES_MAX - 6)))


def test_of_many_keys_only_so_many_are_kept() -> None:
    cryptos = [f"a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{KEY}" for tag in range(1, 20)]
    lines = written("m=audio 4000 RTP/SAVP 0", *cryptos)
    assert sum(line.startswith("a=crypto") for line in lines) == sdp.CRYPTOS_MAX


def test_what_is_remembered_of_formats_does_not_reach_into_another_call() -> None:
    first = written("m=audio 4000 RTP/AVP 0 8", "a=rtcp:4009", "a=ptime:20")
    session = "c=IN IP4 192.0.2.8\r\na=sendonly"
    second = written("m=audio 4444 RTP/AVP 0 8", "a=ptime:20", session=session)
    assert "a=rtcp:4009" in first
    assert first[-1] == "a=sendrecv"
    assert "m=audio 4444 RTP/AVP 0 8" in second
    assert "a=rtcp:4009" not in second
    assert second[-1] == "a=sendonly"
