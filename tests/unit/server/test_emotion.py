import shutil

import pytest

from config.emotion import Emotion
from domain.consent import EmotionPolicy
from domain.errors import ModelError
from models.weights_folder import WEIGHTS, checked_card
from pbx.keypad import NO_KEYS
from server.emotion import keys_of, model_of, sentence_of, settings_of


@pytest.mark.parametrize("emotion", [Emotion(), Emotion(enabled=True, consent=EmotionPolicy.OFF)])
def test_switched_off_nothing_is_set_up(emotion: Emotion) -> None:
    assert settings_of(emotion) is None
    assert keys_of(emotion) == NO_KEYS
    assert model_of(emotion).weights is None
    assert sentence_of(model_of(emotion)) == "emotion is read of nobody"


def test_what_is_set_up_is_what_the_file_says() -> None:
    emotion = Emotion.model_validate({"enabled": True, "windows": {"length_s": 2, "hop_s": 0.5}})
    settings = settings_of(emotion)
    assert settings is not None
    assert settings.weights == "prosody-open"
    assert (settings.windows.length_s, settings.windows.hop_s) == (2, 0.5)
    assert (keys_of(emotion).agree, keys_of(emotion).refuse) == ("1", "9")
    model = model_of(emotion)
    assert model.policy is EmotionPolicy.NOTICE
    assert model.weights is not None
    assert model.weights.business_use


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path) -> None:
    for ending in ("json", "onnx"):
        shutil.copy(WEIGHTS / f"prosody-open.{ending}", tmp_path)
    assert checked_card(tmp_path, "prosody-open").name == "prosody-open"
    with (tmp_path / "prosody-open.onnx").open("ab") as weights:
        weights.write(b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        checked_card(tmp_path, "prosody-open")
    (tmp_path / "prosody-open.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        checked_card(tmp_path, "prosody-open")
