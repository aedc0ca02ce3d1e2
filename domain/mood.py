"""Mood: the few words that a customer's emotional course is told in, with hysteresis.

Four words that each ask for another reaction, and one for "not heard yet":

| mood | what it asks for |
| --- | --- |
| calm | nothing |
| uneasy | attention: something is not as the customer wants it |
| upset | care: distress that is not, or not yet, anger at us |
| angry | somebody else: a supervisor, or an agent who is good at it |

They are steps of one scale, the intensity from 0 to 1, so there is always a next worse and a next
better one, and a mood can be compared with another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mood(StrEnum):
    """How a customer feels, as far as it could be heard."""

    UNKNOWN = "unknown"
    """Too little was heard to say anything, or the customer does not want it said."""
    CALM = "calm"
    """Nothing speaks for distress."""
    UNEASY = "uneasy"
    """Something is not as the customer wants it."""
    UPSET = "upset"
    """Clear distress, or the beginning of anger."""
    ANGRY = "angry"
    """Clear anger; agitation or sadness alone never lead here."""

    @property
    def rank(self) -> int:
        """Place on the scale, 0 for calm; unknown is below it."""
        return _RANKS[self]


SCALE: Final = (Mood.CALM, Mood.UNEASY, Mood.UPSET, Mood.ANGRY)
_RANKS: Final = {Mood.UNKNOWN: -1} | {mood: rank for rank, mood in enumerate(SCALE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodBand:
    """The intensities at which a mood is entered from below and left again.

    Attributes:
        enter: Entered at this intensity or more, over 0.0 to 1.0.
        leave: Left for the one below at less than this; under `enter`.
    """

    mood: Mood
    enter: float
    leave: float


BANDS: Final = (
    MoodBand(mood=Mood.UNEASY, enter=0.35, leave=0.25),
    MoodBand(mood=Mood.UPSET, enter=0.50, leave=0.40),
    MoodBand(mood=Mood.ANGRY, enter=0.65, leave=0.50),
)
"""The intensity is a smoothed, calibrated score, so 0.5 is even odds. Upset is entered there.
Angry is entered at two against one and left at even odds: a supervisor who was told of anger must
not be called off by one breath. Uneasy begins below even odds, for it only asks for attention.
Chosen by reasoning; what they do on recorded speech belongs into docs/measure."""


def check_bands(bands: Sequence[MoodBand]) -> None:
    """Refuse bands that are no scale.

    Raises:
        ValueError: A mood is missing or out of order, a level is left above where it is entered,
            or a worse mood is entered or left below a better one.
    """
    if tuple(band.mood for band in bands) != SCALE[1:]:
        raise ValueError(f"bands: not one for each of {', '.join(SCALE[1:])}, in this order")
    before = MoodBand(mood=Mood.CALM, enter=0.0, leave=0.0)
    for band in bands:
        if not 0 < band.leave < band.enter <= 1:
            raise ValueError(
                f"band {band.mood}: leave {band.leave} must be over 0 and below enter {band.enter}"
            )
        if not (before.enter < band.enter and before.leave < band.leave):
            raise ValueError(f"band {band.mood}: not above that of {before.mood}")
        before = band


def next_mood(mood: Mood, intensity: float, bands: Sequence[MoodBand] = BANDS) -> Mood:
    """Return the mood at an intensity, coming from another.

    As many steps as `enter` levels are reached are climbed, as many as `leave` levels are kept
    are held, and what lies between the two is where the mood came from. So it is never worse at
    a lower intensity, and in a dead band it stays what it was.
    """
    reached = sum(intensity >= band.enter for band in bands)
    held = sum(intensity >= band.leave for band in bands)
    return SCALE[max(reached, min(mood.rank, held))]
