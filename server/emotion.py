"""What the configuration's section `emotion` means for the parts of a node."""

from care.policy import CarePolicy
from care.ports import Line, Memory, Voices
from care.service import CareService
from config.emotion import Emotion
from config.schema import Configuration
from domain.care_ports import ModelView, WeightsView
from domain.consent import EmotionPolicy
from domain.ports import Clock, EventStream
from media.settings import EmotionSettings
from media.windows import WindowSettings
from models.card import Card
from models.weights_folder import WEIGHTS, checked_card
from pbx.keypad import NO_KEYS, ConsentKeys


def is_read(emotion: Emotion) -> bool:
    """Whether anybody's emotion may be read."""
    return emotion.enabled and emotion.consent != EmotionPolicy.OFF


def settings_of(emotion: Emotion) -> EmotionSettings | None:
    """Return what an analysis worker must know; None: nobody's emotion is read."""
    if not is_read(emotion):
        return None
    windows = emotion.windows
    return EmotionSettings(
        weights=emotion.weights,
        windows=WindowSettings(windows.length_s, windows.hop_s, windows.voiced_s_min),
    )


def model_of(emotion: Emotion) -> ModelView:
    """Return which weights are at work, by their card.

    Raises:
        ModelError: The card or the weights are missing, or they do not belong together.
    """
    policy = EmotionPolicy(emotion.consent)
    if not is_read(emotion):
        return ModelView(enabled=emotion.enabled, policy=policy)
    return ModelView(
        enabled=True, policy=policy, weights=weights_of(checked_card(WEIGHTS, emotion.weights))
    )


def weights_of(card: Card) -> WeightsView:
    """Return what people are told of a set of weights."""
    return WeightsView(
        name=card.name,
        version=card.version,
        business_use=card.business_use,
        licence=card.licence,
        scores=tuple(card.labels),
        not_for=tuple(card.not_for),
    )


def sentence_of(model: ModelView) -> str:
    """Say whether emotion is read, by which weights, and what their licence allows."""
    weights = model.weights
    if weights is None:
        return "emotion is read of nobody"
    allowed = "a business may use it" if weights.business_use else "a business must not use it"
    scores = ", ".join(weights.scores)
    return (
        f"emotion of customers ({model.policy}) by {weights.at}, which scores {scores}; "
        f"{allowed}. {weights.licence}"
    )


def keys_of(emotion: Emotion) -> ConsentKeys:
    """Return the keys by which callers answer; none where nobody is asked."""
    if not is_read(emotion):
        return NO_KEYS
    return ConsentKeys(agree=emotion.agree_key, refuse=emotion.refuse_key)


def care_of(
    configuration: Configuration,
    *,
    events: EventStream,
    clock: Clock,
    voices: Voices,
    line: Line,
    memory: Memory,
) -> CareService:
    """Return the care of a node.

    Raises:
        ModelError: The card or the weights are missing, or they do not belong together.
    """
    emotion = configuration.emotion
    return CareService(
        CarePolicy.of(configuration),
        events=events,
        clock=clock,
        voices=voices,
        line=line,
        memory=memory if emotion.remember_days else None,
        model=model_of(emotion),
    )
