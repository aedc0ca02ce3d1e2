"""Which stretches of a customer's speech are judged."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME
from media.windows import SpeechWindows, Stretch, WindowSettings

USUAL = WindowSettings()


def play(
    windows: SpeechWindows, said: str, *, per_hop: int = 5, first: int = 0
) -> list[tuple[int, Stretch]]:
    """Speak ("x") and be silent (".") for 0.1 s a letter, frame by frame; when what was due."""
    voiced = np.repeat([letter == "x" for letter in said], per_hop)
    voiced = np.pad(voiced, (0, -len(voiced) % HOPS_PER_FRAME))
    found = []
    for start in range(0, len(voiced), HOPS_PER_FRAME):
        row = voiced[start : start + HOPS_PER_FRAME]
        number = np.arange(first + start, first + start + HOPS_PER_FRAME, dtype=np.float32)
        windows.take(np.repeat(number[:, np.newaxis], HOP_SAMPLES, axis=1), row)
        stretch = windows.due()
        if stretch is not None:
            found.append((first + start + HOPS_PER_FRAME, stretch))
    return found


def test_long_speech_is_judged_once_a_hop() -> None:
    found = play(SpeechWindows(USUAL), "x" * 100)
    ends = [stretch.end_hop for _, stretch in found]
    assert all(50 <= later - earlier <= 54 for earlier, later in pairwise(ends))
    # The first when there is enough to judge: a hop, rounded up to frames.
    assert found[0][1].end_hop == 54
    assert all(stretch.samples.size == 20_000 for _, stretch in found[3:])


def test_a_stretch_holds_the_samples_of_its_hops() -> None:
    for heard, stretch in play(SpeechWindows(USUAL, first_hop=700), "x" * 60, first=700):
        assert stretch.end_hop == heard
        assert stretch.samples[0] == stretch.first_hop
        assert stretch.samples[-1] == stretch.end_hop - 1
        assert stretch.samples.size == (stretch.end_hop - stretch.first_hop) * HOP_SAMPLES


def test_a_pause_has_the_last_words_judged_at_once() -> None:
    found = play(SpeechWindows(USUAL), "x" * 16 + "." * 20)
    assert [stretch.end_hop for _, stretch in found] == [54, 80]
    heard, last = found[-1]
    assert heard - last.end_hop <= 10 + HOPS_PER_FRAME
    assert last.voiced_hops == 80


def test_one_word_is_not_judged() -> None:
    assert play(SpeechWindows(USUAL), "." * 10 + "x" * 7 + "." * 30) == []


def test_a_long_silence_parts_utterances() -> None:
    found = play(SpeechWindows(WindowSettings(length_s=3.0)), "x" * 10 + "." * 11 + "x" * 9 + "...")
    assert [stretch.first_hop for _, stretch in found] == [0, 105]
    joined = play(SpeechWindows(WindowSettings(length_s=3.0)), "x" * 10 + "." * 9 + "x" * 9 + "...")
    assert [stretch.first_hop for _, stretch in joined] == [0, 0]


def test_silence_without_frames_moves_the_time_on() -> None:
    windows = SpeechWindows(USUAL)
    first = play(windows, "x" * 12)
    windows.rest(500)
    later = play(windows, "x" * 12, first=500 + 63)
    assert [stretch.end_hop for _, stretch in first] == [54]
    assert [stretch.end_hop for _, stretch in later] == [563 + 54]
    assert later[0][1].first_hop == 563


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12),
    st.floats(0.3, 6.0),
    st.floats(0.25, 3.0),
)
def test_every_stretch_can_be_judged(
    runs: list[tuple[bool, int]], length_s: float, hop_s: float
) -> None:
    said = "".join(("x" if speech else ".") * tenths for speech, tenths in runs)
    settings = WindowSettings(length_s, hop_s, min(0.4, length_s))
    ends = [0]
    for heard, stretch in play(SpeechWindows(settings), said):
        assert WINDOW_SAMPLES_MIN <= stretch.samples.size <= WINDOW_SAMPLES_MAX
        assert 0 <= stretch.first_hop < stretch.end_hop <= heard
        assert 0 < stretch.voiced_hops <= stretch.end_hop - stretch.first_hop
        assert stretch.end_hop > ends[-1]
        ends.append(stretch.end_hop)
