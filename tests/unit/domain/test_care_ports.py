import pytest

from domain.care_ports import MoodView, WeightsView
from domain.consent import WORDS, Ground
from domain.mood import Mood


def view(ground: Ground) -> MoodView:
    return MoodView(
        contact_id="0" * 32,
        mood=Mood.UNKNOWN,
        intensity=0.0,
        trend_per_min=0.0,
        confidence=0.0,
        evidence=(),
        ground=ground,
        model=None,
    )


@pytest.mark.parametrize("ground", list(Ground))
def test_a_ground_is_told_in_the_languages_we_have(ground: Ground) -> None:
    assert view(ground).words("zh") == WORDS["zh"][ground]
    assert view(ground).words("en") == WORDS["en"][ground]


def test_a_language_that_we_do_not_have_is_told_in_english() -> None:
    assert view(Ground.REFUSED).words("fr") == WORDS["en"][Ground.REFUSED]


def test_weights_are_named_as_events_name_them() -> None:
    weights = WeightsView(
        name="prosody-open", version=3, business_use=True, licence="", scores=("anger",)
    )
    assert weights.at == "prosody-open@3"
