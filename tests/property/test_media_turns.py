"""Whatever two speakers do: nothing is told twice, nothing lies outside, order is no matter."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.turns import GAP_S_MIN, TurnKeeper

GRID_S = 0.02


@st.composite
def speech(draw: st.DrawFn) -> list[SpeechSpan]:
    """Segments of both speakers; those of one do not touch."""
    spans: list[SpeechSpan] = []
    for speaker in Speaker:
        at = 0
        for silent, spoken in draw(
            st.lists(st.tuples(st.integers(1, 100), st.integers(3, 200)), max_size=12)
        ):
            start, at = at + silent, at + silent + spoken
            spans.append(
                SpeechSpan(
                    kind=SpeechKind.SEGMENT,
                    start_s=round(start * GRID_S, 3),
                    end_s=round(at * GRID_S, 3),
                    speaker=speaker,
                )
            )
    return spans


def at_once(segments: list[SpeechSpan]) -> list[SpeechSpan]:
    keeper = TurnKeeper()
    for segment in segments:
        keeper.add(segment)
    return keeper.finish()


def spans_of(spans: list[SpeechSpan], kind: SpeechKind) -> list[SpeechSpan]:
    return sorted((span for span in spans if span.kind is kind), key=lambda span: span.start_s)


def speaks(segments: list[SpeechSpan], speaker: Speaker, at_s: float) -> bool:
    return any(one.speaker is speaker and one.start_s < at_s < one.end_s for one in segments)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(speech(), st.randoms(use_true_random=False))
def test_any_order_and_any_pace_tell_the_same(segments: list[SpeechSpan], random: object) -> None:
    keeper = TurnKeeper()
    told: list[SpeechSpan] = []
    left = sorted(segments, key=lambda span: span.end_s)
    while left:
        keeper.add(left.pop(0))
        told += keeper.advance(min((span.start_s for span in left), default=0.0))
    told += keeper.finish()
    assert told == at_once(segments)
    shuffled = list(segments)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert at_once(shuffled) == told


@settings(deadline=None, max_examples=200, derandomize=True)
@given(speech())
def test_every_moment_is_told_truly(segments: list[SpeechSpan]) -> None:
    spans = at_once(segments)
    for span in spans:
        assert span.seconds > 0
    for pause in spans_of(spans, SpeechKind.PAUSE):
        assert pause.seconds > GAP_S_MIN - 1e-3
        for share in (0.01, 0.5, 0.99):
            at_s = pause.start_s + share * pause.seconds
            assert not any(speaks(segments, speaker, at_s) for speaker in Speaker)
    for overlap in spans_of(spans, SpeechKind.OVERLAP):
        middle_s = (overlap.start_s + overlap.end_s) / 2
        assert all(speaks(segments, speaker, middle_s) for speaker in Speaker)
    for kind in (SpeechKind.PAUSE, SpeechKind.OVERLAP):
        for before, after in pairwise(spans_of(spans, kind)):
            assert before.end_s <= after.start_s


@settings(deadline=None, max_examples=200, derandomize=True)
@given(speech())
def test_turns_change_hands_and_hold_their_speakers_speech(segments: list[SpeechSpan]) -> None:
    turns = spans_of(at_once(segments), SpeechKind.TURN)
    for before, after in pairwise(turns):
        assert before.speaker is not after.speaker
        assert before.start_s <= after.start_s
    for turn in turns:
        own = [one for one in segments if one.speaker is turn.speaker]
        assert any(one.start_s == turn.start_s for one in own)
        assert any(one.end_s == turn.end_s for one in own)
    if segments:
        assert turns
