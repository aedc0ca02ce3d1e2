import pytest

from pbx.cell.codecs import narrowed

OWN = (
    "v=0\r\nm=audio 4000 RTP/AVP 9 8 101\r\na=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def offer(types: str) -> str:
    return f"v=0\r\nm=audio 5000 RTP/AVP {types}\r\n"


@pytest.mark.parametrize("types", ["9 0", "9 8 0", "0 9 101"])
def test_g722_is_left_out_for_who_has_g711(types: str) -> None:
    assert narrowed(OWN, offer(types)) == (
        "v=0\r\nm=audio 4000 RTP/AVP 8 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    )


@pytest.mark.parametrize("types", ["9", "9 101", "18 9"])
def test_g722_stays_for_who_has_nothing_else(types: str) -> None:
    assert narrowed(OWN, offer(types)) is None


def test_offer_of_our_own_and_g711_stay() -> None:
    assert narrowed(OWN, "") is None
    assert narrowed(OWN.replace(" 9 ", " "), offer("9 0")) is None
