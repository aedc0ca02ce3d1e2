import pytest

from media.pcm import HOP_US, HOPS_PER_FRAME
from media.timeline import (
    FRAME_US,
    JUMP_US,
    LEAP_US_MAX,
    SLIP_FRAMES,
    SLIP_US,
    Place,
    Refusal,
    Timeline,
)

T0 = 50_000_000_000


def begun(frames: int = 1) -> Timeline:
    timeline = Timeline()
    for number in range(frames):
        assert timeline.place(number + 1, T0 + (number + 1) * FRAME_US) == Place()
    return timeline


def test_frames_in_order_lie_end_to_end() -> None:
    timeline = begun(10)
    assert timeline.start_us == T0
    assert timeline.hops == 10 * HOPS_PER_FRAME
    assert timeline.end_us == T0 + 10 * FRAME_US


def test_before_the_first_frame_there_is_no_time() -> None:
    timeline = Timeline()
    assert timeline.end_us == 0
    assert timeline.fill_until(T0) == 0


def test_the_first_frame_may_have_any_number() -> None:
    timeline = Timeline()
    assert timeline.place(4_711, T0) == Place()
    assert timeline.place(4_712, T0 + FRAME_US) == Place()


def test_lost_frames_become_silence() -> None:
    timeline = begun(2)
    assert timeline.place(6, T0 + 6 * FRAME_US) == Place(silent_hops=3 * HOPS_PER_FRAME, lost=3)
    assert timeline.end_us == T0 + 6 * FRAME_US


def test_a_frame_seen_before_is_late() -> None:
    timeline = begun(3)
    assert timeline.place(3, T0 + 3 * FRAME_US).refusal is Refusal.LATE
    assert timeline.place(1, T0 + FRAME_US).refusal is Refusal.LATE
    assert timeline.hops == 3 * HOPS_PER_FRAME


def test_jitter_moves_nothing() -> None:
    timeline = begun()
    for number in range(2, 200):
        jitter = (number * 7919 % 41 - 20) * 1_000
        assert timeline.place(number, T0 + number * FRAME_US + jitter) == Place()


def test_a_stalled_clock_that_catches_up_moves_nothing() -> None:
    timeline = begun(10)
    now = T0 + 15 * FRAME_US
    for number in range(11, 16):
        assert timeline.place(number, now) == Place()
    assert timeline.place(16, now + FRAME_US) == Place()


def test_a_time_without_frames_becomes_silence_at_once() -> None:
    timeline = begun(2)
    hold = 100 * FRAME_US
    assert hold > JUMP_US
    assert timeline.place(3, T0 + 3 * FRAME_US + hold) == Place(silent_hops=100 * HOPS_PER_FRAME)


@pytest.mark.parametrize("late", [100_000, 600_000])
def test_a_short_time_without_frames_is_found_after_a_while(late: int) -> None:
    timeline = begun(2)
    assert SLIP_US < late < JUMP_US
    places = [timeline.place(n, T0 + n * FRAME_US + late) for n in range(3, 30)]
    assert places[: SLIP_FRAMES - 1] == [Place()] * (SLIP_FRAMES - 1)
    assert places[SLIP_FRAMES - 1] == Place(silent_hops=late // HOP_US)
    assert places[SLIP_FRAMES:] == [Place()] * (len(places) - SLIP_FRAMES)
    assert timeline.end_us == T0 + 29 * FRAME_US + late


def test_audio_faster_than_time_is_dropped() -> None:
    timeline = begun(1)
    refused = 0
    for number in range(2, 100):
        place = timeline.place(number, T0 + number * FRAME_US * 9 // 10)
        refused += place.refusal is Refusal.SURPLUS
    assert refused >= 7
    assert timeline.end_us - (T0 + 99 * FRAME_US * 9 // 10) < FRAME_US


def test_a_leg_that_stood_still_may_be_filled() -> None:
    timeline = begun(2)
    until = T0 + 50 * FRAME_US
    assert timeline.fill_until(until) == 48 * HOPS_PER_FRAME
    assert timeline.fill_until(until) == 0
    assert timeline.place(3, T0 + 51 * FRAME_US) == Place()


def test_frames_of_a_time_that_was_filled_are_late() -> None:
    timeline = begun(2)
    timeline.fill_until(T0 + 50 * FRAME_US)
    assert timeline.place(3, T0 + 3 * FRAME_US).refusal is Refusal.LATE
    assert timeline.end_us == T0 + 50 * FRAME_US


def test_a_frame_from_nowhere_is_astray() -> None:
    timeline = begun(2)
    assert timeline.place(2**32 - 1, T0 + 3 * FRAME_US).refusal is Refusal.ASTRAY
    assert timeline.place(3, T0 + 2 * LEAP_US_MAX).refusal is Refusal.ASTRAY
    assert timeline.place(3, 0).refusal is Refusal.ASTRAY
    assert timeline.place(3, T0 + 3 * FRAME_US) == Place()


def test_the_next_frame_in_its_time_continues() -> None:
    timeline = begun(3)
    assert timeline.continues(4, T0 + 4 * FRAME_US)
    assert timeline.continues(4, T0 + 4 * FRAME_US + SLIP_US)
    assert not timeline.continues(4, T0 + 4 * FRAME_US + SLIP_US + 1)
    assert not timeline.continues(4, T0 + 4 * FRAME_US - SLIP_US - 1)
    assert not timeline.continues(5, T0 + 4 * FRAME_US)
    assert not timeline.continues(3, T0 + 4 * FRAME_US)
    assert not Timeline().continues(1, FRAME_US)


def test_what_continues_always_has_its_place_there() -> None:
    timeline = begun()
    for number in range(2, 400):
        time_us = T0 + number * FRAME_US + (number * 7919 % 200 - 60) * 1_000
        follows = timeline.continues(number, time_us)
        before = timeline.hops
        place = timeline.place(number, time_us)
        if follows:
            assert (place, timeline.hops) == (Place(), before + HOPS_PER_FRAME)
