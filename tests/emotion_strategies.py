"""What hypothesis needs to make judgements: they have scales, and their constructors hold them."""

from hypothesis import strategies as st

from domain.emotion import EmotionScore, Evidence, LabelProbabilities
from domain.speech import Speaker

UNIT = st.floats(0, 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def register() -> None:
    """Let `st.from_type` and `st.builds` make judgements that can be."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    st.register_type_strategy(Evidence, st.builds(Evidence, name=NAMES, value=finite, unit=NAMES))
    st.register_type_strategy(
        LabelProbabilities,
        UNIT.map(lambda angry: LabelProbabilities(angry=angry, sad=(1 - angry) / 2)),
    )
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
