"""Alert rules: what is looked for, for how long, and what is done about it.

A rule looks at each judged window and says ABOVE, BETWEEN or BELOW. Two levels with a dead band
between them: what is ABOVE counts towards rising, what is BELOW towards clearing, and what lies
BETWEEN does neither, so an alert never flickers. `Watch` counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.alert import Audience
from domain.emotion import EmotionLabel, EmotionScore
from domain.emotional_course import MoodPoint
from domain.mood import Mood
from domain.skill import SkillRequirement

WINDOWS_MAX: Final = 60
"""Windows a rule may look back: a minute at the usual hop; a watch keeps one bit for each."""
CLEAR_BELOW: Final = 0.1
"""Default dead band of a level, as wide as those of the moods."""
CONFIDENCE_MIN: Final = 0.4
"""Default confidence from which a judgement may raise an alert. A false alert costs more than one
that comes a window later: whoever is told in vain twice does not look a third time."""
CLEAR_S: Final = 20.0
"""Default time that the level is gone before an alert clears: longer than most turns."""
AGAIN_S: Final = 120.0
"""Default time after clearing in which the rule does not rise again for the same contact."""


class Verdict(StrEnum):
    """What a rule says of one window."""

    ABOVE = "above"
    """Counts towards rising."""
    BETWEEN = "between"
    """In the dead band, or not certain enough to count either way."""
    BELOW = "below"
    """Counts towards clearing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What is done when a rule rises.

    Attributes:
        tell: Who is told.
        advice: What the agent may say, by the customer's language ("en", "zh"); empty: nothing.
        priority_step: How many steps earlier a waiting customer is served; never below 0, for
            emotion must not make service worse.
        transfer: The skill of those to whom the agent may hand over; None: not offered.
    """

    tell: tuple[Audience, ...] = (Audience.SUPERVISOR,)
    advice: Mapping[str, str] = field(default_factory=dict)
    priority_step: int = 0
    transfer: SkillRequirement | None = None

    def __post_init__(self) -> None:
        if self.priority_step < 0:
            raise ValueError(f"priority_step: {self.priority_step} would make service worse")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One rule. It looks for exactly one of an emotion and a mood.

    Attributes:
        label: The emotion that single windows must speak for.
        mood: The mood of the course, this or a worse one.
        level: Of the emotion's share with `label`, of the intensity with `mood`: at this or more a
            window is ABOVE, 0.0 to 1.0. None: the mood alone decides.
        clear_level: At less than this a window is BELOW.
        rising_per_min: Trend of the intensity that is needed as well; None: any.
        confidence_min: Needed for ABOVE, of the window with `label`, of the course with `mood`.
        windows, of_windows: So many of the last so many windows must be ABOVE; None with
            `seconds`.
        seconds: For so long the level must hold, on the injected clock; None with `windows`.
        queues: Queues whose contacts it looks at; empty: all.
        clear_s: So long the level is gone before the alert clears.
        again_s: So long after clearing the rule does not rise again for the same contact.
        clears_on_acknowledgement: Whether the alert is over as soon as somebody takes it up.
    """

    rule_id: str
    label: EmotionLabel | None = None
    mood: Mood | None = None
    level: float | None = None
    clear_level: float | None = None
    rising_per_min: float | None = None
    confidence_min: float = CONFIDENCE_MIN
    windows: int | None = None
    of_windows: int | None = None
    seconds: float | None = None
    queues: frozenset[str] = frozenset()
    actions: Actions = field(default_factory=Actions)
    clear_s: float = CLEAR_S
    again_s: float = AGAIN_S
    clears_on_acknowledgement: bool = False

    def __post_init__(self) -> None:
        where = f"rule {self.rule_id}"
        if (self.label is None) == (self.mood is None):
            raise ValueError(f"{where}: exactly one of label and mood")
        if self.label is not None and self.level is None:
            raise ValueError(f"{where}: a label needs a level")
        if (self.clear_level is None) != (self.level is None):
            raise ValueError(f"{where}: level and clear_level belong together")
        # A band without width would flicker with the last bit of a float.
        if (
            self.level is not None
            and self.clear_level is not None
            and not 0 <= self.clear_level < self.level <= 1
        ):
            raise ValueError(f"{where}: clear_level {self.clear_level}, level {self.level}")
        if (self.windows is None) == (self.seconds is None):
            raise ValueError(f"{where}: exactly one of windows and seconds")
        if (self.windows is None) != (self.of_windows is None):
            raise ValueError(f"{where}: windows and of_windows belong together")
        if (
            self.windows is not None
            and self.of_windows is not None
            and not 1 <= self.windows <= self.of_windows <= WINDOWS_MAX
        ):
            raise ValueError(f"{where}: {self.windows} of {self.of_windows} windows")

    def looks_at(self, queue_id: str) -> bool:
        """Tell whether the contacts of a queue are this rule's matter."""
        return not self.queues or queue_id in self.queues

    def judge(self, score: EmotionScore, point: MoodPoint) -> Verdict:
        """Say what a window, and the course after it, mean for this rule."""
        if self.label is not None:
            value, confidence = score.share(self.label), score.confidence
            if value is None:
                return Verdict.BELOW
            if confidence < self.confidence_min:
                # What is not certain enough to raise an alert must not clear one either.
                return Verdict.BETWEEN
        else:
            assert self.mood is not None
            if point.mood is Mood.UNKNOWN or point.mood.rank < self.mood.rank:
                return Verdict.BELOW
            value, confidence = point.intensity, point.confidence
        if self.clear_level is not None and value < self.clear_level:
            return Verdict.BELOW
        high = self.level is None or value >= self.level
        rising = self.rising_per_min is None or point.trend_per_min >= self.rising_per_min
        sure = confidence >= self.confidence_min
        return Verdict.ABOVE if high and rising and sure else Verdict.BETWEEN


@dataclass(slots=True)
class Watch:
    """What one rule has seen of one contact: a bit a window, and two times. O(1) a window.

    Attributes:
        holds_since_s: Since when the level has held; None when it does not.
        gone_since_s: Since when the level is gone; None when it is not.
    """

    rule: AlertRule
    holds_since_s: float | None = None
    gone_since_s: float | None = None
    _above: int = 0

    def see(self, verdict: Verdict, now_s: float) -> None:
        """Take what the rule says of the next window."""
        above = verdict is Verdict.ABOVE
        if self.rule.of_windows is not None:
            self._above = (self._above << 1 | above) & ((1 << self.rule.of_windows) - 1)
        if verdict is Verdict.BELOW:
            self.holds_since_s = None
            if self.gone_since_s is None:
                self.gone_since_s = now_s
        else:
            self.gone_since_s = None
            if above and self.holds_since_s is None:
                self.holds_since_s = now_s

    def fulfilled(self, now_s: float) -> bool:
        """Tell whether the rule asks for an alert; what is gone already asks for none."""
        if self.gone_since_s is not None:
            return False
        if self.rule.windows is not None:
            return self._above.bit_count() >= self.rule.windows
        due_s = self.fulfilled_at_s()
        return due_s is not None and now_s >= due_s

    def fulfilled_at_s(self) -> float | None:
        """Return when the level will have held for long enough; None when time alone does not."""
        if self.rule.seconds is None or self.holds_since_s is None:
            return None
        return self.holds_since_s + self.rule.seconds

    def gone_at_s(self) -> float | None:
        """Return when the level will have been gone for long enough; None while it is there."""
        return None if self.gone_since_s is None else self.gone_since_s + self.rule.clear_s
