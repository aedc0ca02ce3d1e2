"""Every event that can be, comes back from its JSON exactly as it went in."""

from datetime import UTC, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.emotion import EmotionScore, Evidence, LabelProbabilities
from domain.event_codec import decode, encode
from domain.events import EVENT_TYPES, Envelope
from domain.speech import Speaker

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))

UNIT = st.floats(0, 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
st.register_type_strategy(Evidence, st.builds(Evidence, name=NAMES, unit=NAMES))
st.register_type_strategy(
    LabelProbabilities,
    st.builds(LabelProbabilities, angry=UNIT, happy=st.none() | st.just(0.0),
              neutral=st.none(), sad=st.none(), fear=st.none(), surprise=st.none(),
              disgust=st.none()),
)  # fmt: skip
st.register_type_strategy(
    EmotionScore,
    st.builds(
        EmotionScore,
        speaker=st.just(Speaker.CUSTOMER),
        window_start_s=UNIT,
        window_end_s=st.floats(2, 1e6),
        voiced_s=UNIT,
        anger=UNIT,
        arousal=st.floats(-1, 1),
        valence=st.none() | st.floats(-1, 1),
        confidence=UNIT,
        evidence=st.lists(st.from_type(Evidence), max_size=3).map(tuple),
    ),
)
"""A judgement has scales, and its constructor holds them."""

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
ENVELOPES = st.builds(
    Envelope,
    sequence=st.integers(1, 2**63 - 1),
    at=st.datetimes(timezones=st.just(UTC) | OFFSETS),
    event=st.sampled_from(list(EVENT_TYPES.values())).flatmap(st.builds),
)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(ENVELOPES)
def test_nothing_is_lost_or_changed(envelope):
    line = encode(envelope)
    assert "\n" not in line
    assert decode(line) == envelope
    assert encode(decode(line)) == line
