"""How ears judge: what the node tells its workers, without what it takes to do it."""

from dataclasses import dataclass

from media.windows import WindowSettings


@dataclass(frozen=True, slots=True)
class EarSettings:
    """How ears judge; the section `analysis` of the configuration.

    Attributes:
        aggressiveness: Of the voice activity detector, 0 to 3.
        pause_s: Silence that ends a segment.
    """

    aggressiveness: int = 2
    pause_s: float = 0.5


@dataclass(frozen=True, slots=True)
class EmotionSettings:
    """How customers' voices are judged; the section `emotion` of the configuration.

    Attributes:
        weights: Name of the model.
        windows: Which stretches of speech are judged.
    """

    weights: str
    windows: WindowSettings
