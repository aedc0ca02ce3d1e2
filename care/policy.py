"""What the alert desk must know of the configuration: rules, phrases, how a course is smoothed."""

from dataclasses import dataclass

from config.emotion import PHRASES, Emotion, RuleEntry
from config.schema import Configuration
from domain.alert_rule import CLEAR_BELOW, Actions, AlertRule
from domain.emotional_course import SETTINGS, CourseSettings
from domain.mood import Mood, MoodBand
from domain.skill import SkillRequirement


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePolicy:
    """All that decides when somebody is told. Replaced as a whole when the file is reloaded.

    Attributes:
        course: How courses are smoothed; running contacts keep what they began with.
    """

    rules: tuple[AlertRule, ...] = ()
    course: CourseSettings = SETTINGS

    @classmethod
    def of(cls, configuration: Configuration) -> "CarePolicy":
        """Return the alert desk's part of a configuration."""
        emotion = configuration.emotion
        return cls(
            rules=tuple(rule_of(entry, emotion) for entry in emotion.rules),
            course=course_of(emotion),
        )


def course_of(emotion: Emotion) -> CourseSettings:
    """Return how a course is smoothed and where its moods begin."""
    moods = emotion.moods
    return CourseSettings(
        smoothing_s=emotion.windows.smoothing_s,
        bands=(
            MoodBand(mood=Mood.UNEASY, enter=moods.uneasy_enter, leave=moods.uneasy_leave),
            MoodBand(mood=Mood.UPSET, enter=moods.upset_enter, leave=moods.upset_leave),
            MoodBand(mood=Mood.ANGRY, enter=moods.angry_enter, leave=moods.angry_leave),
        ),
    )


def rule_of(entry: RuleEntry, emotion: Emotion) -> AlertRule:
    """Return a rule as the domain has it."""
    clear_level = entry.clear_level
    if clear_level is None and entry.level is not None:
        clear_level = max(0.0, entry.level - CLEAR_BELOW)
    return AlertRule(
        rule_id=entry.id,
        label=entry.label,
        mood=entry.mood,
        level=entry.level,
        clear_level=clear_level,
        rising_per_min=entry.rising_per_min,
        confidence_min=entry.confidence_min,
        windows=entry.windows.at_least if entry.windows is not None else None,
        of_windows=entry.windows.of if entry.windows is not None else None,
        seconds=entry.seconds,
        queues=frozenset(entry.queues),
        actions=Actions(
            tell=tuple(dict.fromkeys(entry.tell)),
            advice=phrase_of(entry.advice, emotion),
            priority_step=entry.priority_step,
            transfer=None
            if entry.transfer is None
            else SkillRequirement(
                skill=entry.transfer.skill, proficiency_min=entry.transfer.proficiency_min
            ),
        ),
        clear_s=entry.clear_s,
        again_s=entry.again_s,
        clears_on_acknowledgement=entry.clears_on_acknowledgement,
    )


def phrase_of(name: str | None, emotion: Emotion) -> dict[str, str]:
    """Return a phrase by language: the operator's, and ours where he has none."""
    texts: dict[str, str] = {}
    for phrase in (*PHRASES, *emotion.phrases):
        if phrase.id == name:
            texts |= phrase.texts()
    return texts
