"""No two cells ever have a port in common, whatever the order of coming and going."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.rtp_ranges import REST_S, RtpRanges


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    port_min=st.integers(1_024, 30_000),
    spare=st.integers(0, 200),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.floats(0, 3)), max_size=60),
)
def test_ranges_in_use_are_disjoint_and_rested(
    port_min: int, spare: int, steps: list[tuple[bool, int, float]]
) -> None:
    port_max = port_min + 6 * 40 + spare
    ranges = RtpRanges(port_min, port_max, 6)
    in_use: list[int] = []
    given_back_s: dict[int, float] = {}
    now_s = 0.0
    for take, which, pause_s in steps:
        now_s += pause_s
        if take:
            port = ranges.take(now_s)
            if port is not None:
                assert port % 2 == 0
                assert port_min <= port <= port + ranges.width - 1 <= port_max
                assert all(abs(port - other) >= ranges.width for other in in_use)
                assert now_s >= given_back_s.get(port, -REST_S) + REST_S
                in_use.append(port)
        elif in_use:
            port = in_use.pop(which % len(in_use))
            ranges.give_back(port, now_s)
            given_back_s[port] = now_s
