import pytest

from config.schema import Rtp
from domain.errors import ConfigurationError
from pbx.rtp_ranges import PORTS_PER_CELL, REST_S, RtpRanges, sdp_address


def test_ranges_do_not_overlap_and_stay_inside() -> None:
    ranges = RtpRanges(20_001, 20_999, 10)
    firsts = [ranges.take(0.0) for _ in range(len(ranges))]
    assert ranges.width == PORTS_PER_CELL
    assert firsts[0] == 20_002
    ports = [port for first in firsts if first for port in range(first, first + ranges.width)]
    assert len(ports) == len(set(ports)) == 24 * PORTS_PER_CELL
    assert max(ports) <= 20_999
    assert ranges.take(0.0) is None
    assert ranges.next_s() is None


def test_ranges_are_narrower_when_ports_are_few() -> None:
    assert RtpRanges(20_000, 20_199, 10).width == 20
    with pytest.raises(ConfigurationError, match=r"100 ports are too few for cells\.max 10"):
        RtpRanges(20_000, 20_099, 10)
    with pytest.raises(ConfigurationError, match="0 ports"):
        RtpRanges(20_000, 19_000, 10)


def test_range_rests_before_it_is_used_again() -> None:
    ranges = RtpRanges(20_000, 20_079, 2)
    first, second = ranges.take(0.0), ranges.take(0.0)
    assert first is not None
    assert second is not None
    ranges.give_back(second, 10.0)
    ranges.give_back(first, 10.5)
    assert ranges.take(10.0 + REST_S - 0.1) is None
    assert ranges.next_s() == 10.0 + REST_S
    assert ranges.take(10.0 + REST_S) == second
    assert ranges.take(10.0 + REST_S) is None


def test_sdp_names_the_bound_address_or_one_of_the_machine() -> None:
    assert sdp_address(Rtp(address="192.0.2.7")) == "192.0.2.7"
    assert sdp_address(Rtp(address="0.0.0.0")) not in ("", "0.0.0.0")


@pytest.mark.parametrize("address", ["::", "2001:db8::1"])
def test_address_that_cells_cannot_use_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"rtp\.address"):
        sdp_address(Rtp(address=address))
