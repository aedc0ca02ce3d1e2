"""Whatever packets a cell sends: a leg's time never goes back and stays near the truth."""

from hypothesis import given, settings
from hypothesis import strategies as st

from media.pcm import HOPS_PER_FRAME
from media.timeline import FRAME_US, JUMP_US, LEAP_US_MAX, SLIP_FRAMES, Timeline

T0 = 100_000_000_000


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.integers(T0 - 2 * LEAP_US_MAX, T0 + 2 * LEAP_US_MAX),
        ),
        max_size=60,
    )
)
def test_nonsense_never_moves_time_back_nor_far(packets: list[tuple[int, int]]) -> None:
    timeline = Timeline()
    for sequence, time_us in packets:
        before, hops = timeline.end_us, timeline.hops
        place = timeline.place(sequence, time_us)
        assert timeline.end_us >= before
        heard = HOPS_PER_FRAME if place.refusal is None else 0
        assert timeline.hops - hops == place.silent_hops + heard
        assert place.silent_hops >= 0
        assert place.lost >= 0


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["frame", "frame", "frame", "frame", "lost", "hold"]),
            st.integers(-25_000, 25_000),
            st.integers(1, 100),
        ),
        min_size=1,
        max_size=100,
    )
)
def test_loss_jitter_and_hold_leave_times_true(steps: list[tuple[str, int, int]]) -> None:
    """After frames have come without a break, the leg's end is that of the last frame."""
    timeline = Timeline()
    sequence, true_us = 1, T0
    timeline.place(sequence, true_us)
    for what, jitter_us, size in steps:
        if what == "lost":
            sequence += size % 10
            true_us += size % 10 * FRAME_US
        elif what == "hold":
            true_us += size * 50_000
        sequence += 1
        true_us += FRAME_US
        timeline.place(sequence, true_us + jitter_us)
    for _ in range(2 * SLIP_FRAMES):
        sequence += 1
        true_us += FRAME_US
        timeline.place(sequence, true_us)
    assert abs(timeline.end_us - true_us) < FRAME_US < JUMP_US
