"""Which disclosure a caller hears: where emotion is read, the one that says so."""

from typing import Final

from config.schema import Configuration, QueueEntry
from domain.consent import EmotionPolicy

USUAL: Final = "disclosure"
OF_EMOTION: Final = {
    EmotionPolicy.NOTICE: "disclosure-emotion",
    EmotionPolicy.OPT_IN: "disclosure-emotion-consent",
}
"""What takes the place of our usual disclosure. A prompt of another name is the operator's own
and stays, for he knows what it says."""


def queues_that_tell(configuration: Configuration) -> list[QueueEntry]:
    """Return the queues with the disclosure that fits what is done in a call."""
    emotion = configuration.emotion
    name = OF_EMOTION.get(EmotionPolicy(emotion.consent)) if emotion.enabled else None
    if name is None:
        return list(configuration.queues)
    return [
        queue.model_copy(update={"prompts": queue.prompts.model_copy(update={"disclosure": name})})
        if queue.prompts.disclosure == USUAL
        else queue
        for queue in configuration.queues
    ]
