import pytest
from pydantic import ValidationError

from config.emotion import PHRASES, RULES, Emotion, Phrase
from config.explain import allowed
from domain.alert import Audience
from domain.consent import EmotionPolicy
from domain.emotion import EmotionLabel
from domain.mood import SCALE


def test_every_word_of_the_domain_can_be_written_in_the_file():
    assert allowed(("emotion", "rules", 0, "label")) == "one of " + ", ".join(EmotionLabel)
    assert allowed(("emotion", "rules", 0, "mood")) == "one of " + ", ".join(SCALE[1:])
    assert allowed(("emotion", "rules", 0, "tell", 0)) == "one of " + ", ".join(Audience)
    assert allowed(("emotion", "consent")) == "one of " + ", ".join(EmotionPolicy)


def test_what_is_read_is_a_word_of_the_domain():
    emotion = Emotion.model_validate(
        {"consent": "opt_in", "rules": [{"id": "r", "label": "sad", "tell": ["agent"]}]}
    )
    assert emotion.consent is EmotionPolicy.OPT_IN
    assert emotion.rules[0].label is EmotionLabel.SAD
    assert emotion.rules[0].tell == [Audience.AGENT]


def test_ours_are_the_defaults_and_nobody_can_change_them():
    assert Emotion().rules == list(RULES)
    Emotion().rules.clear()
    assert Emotion().rules == list(RULES)


def test_phrases_by_language():
    assert Phrase(id="a", zh="好。").texts() == {"zh": "好。"}
    assert PHRASES[0].texts().keys() == {"en", "zh"}
    with pytest.raises(ValidationError):
        Phrase(id="a", en="x" * 301)
