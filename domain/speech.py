"""Speech as a fact of a contact: segments, pauses, overlap and turns."""

from dataclasses import dataclass
from enum import StrEnum


class Speaker(StrEnum):
    """Whose voice it is."""

    CUSTOMER = "customer"
    AGENT = "agent"


class SpeechKind(StrEnum):
    """What a span of time is."""

    SEGMENT = "segment"
    """One speaker's speech up to a pause."""
    PAUSE = "pause"
    """Nobody speaks, between two segments."""
    OVERLAP = "overlap"
    """Both speak."""
    TURN = "turn"
    """All of one speaker's speech until the floor changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSpan:
    """One span of a contact's time.

    Attributes:
        start_s, end_s: Seconds since the contact's first tapped frame.
        speaker: None for a pause and an overlap.
        level_dbov: Mean RMS level of the voiced frames (RFC 6464), customer only.
        pitch_hz: Median fundamental frequency of the voiced frames, customer only;
            an agent's voice is judged for presence and nothing else.
        pitch_range_semitones: 5th to 95th percentile, customer only.
    """

    kind: SpeechKind
    start_s: float
    end_s: float
    speaker: Speaker | None = None
    level_dbov: float | None = None
    pitch_hz: float | None = None
    pitch_range_semitones: float | None = None

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return self.end_s - self.start_s
