"""Every event that can be, comes back from its JSON exactly as it went in."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event_codec import decode, encode
from domain.events import EVENT_TYPES, Envelope
from tests import emotion_strategies

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))

emotion_strategies.register()

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
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
