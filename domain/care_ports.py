"""The port of care: what the rims may ask of alerts, moods, consent and the model at work.

`server/wiring.py` hands in the real one. Nothing here is of an agent's emotion: a mood is always
the customer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.alert import AlertState
from domain.consent import Answer, EmotionPolicy, Ground, Permission, Purpose
from domain.emotion import Evidence
from domain.mood import Mood


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert as it stands.

    Attributes:
        rule_id: The rule, by its id in the configuration.
        agent_id: Who serves the customer; None while nobody does.
        state: CLEARED only in the answer to an acknowledgement that ended it.
        risen_at: Wall time, UTC.
        acknowledged_by: Who took it up, by an id of the configuration or of the API; None before.
        acknowledged_after_s: Seconds from its rise until then; None before.
        mood: As it stood when the alert rose.
        intensity: Distress as it stood then, smoothed, 0.0 to 1.0.
        evidence: What spoke for it then, at most 3.
    """

    alert_id: str
    contact_id: str
    queue_id: str
    rule_id: str
    agent_id: str | None
    state: AlertState
    risen_at: datetime
    acknowledged_by: str | None = None
    acknowledged_after_s: float | None = None
    mood: Mood = Mood.UNKNOWN
    intensity: float = 0.0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodView:
    """How the customer of a running contact feels at this moment, and why that is read or not.

    Attributes:
        mood: UNKNOWN before enough was heard, and always while emotion may not be read.
        intensity: Distress, smoothed, 0.0 to 1.0.
        trend_per_min: Change of the intensity, a minute; above 0 is worse.
        confidence: How much of the intensity was heard lately, 0.0 to 1.0.
        evidence: What speaks for it, at most 3.
        ground: Why emotion is read, or is not.
        model: The weights that judge, such as "prosody-open@1"; None where none are at work.
    """

    contact_id: str
    mood: Mood
    intensity: float
    trend_per_min: float
    confidence: float
    evidence: tuple[Evidence, ...]
    ground: Ground
    model: str | None

    def words(self, language: str) -> str:
        """Return the ground as a sentence, in English where the language is not known."""
        return Permission(ground=self.ground).words(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsView:
    """The weights at work, as their card tells of them.

    Attributes:
        name: Such as "prosody-open".
        version: Counts up with every training that is committed.
        business_use: Whether the data's licences allow a business to use them.
        licence: The card's sentence about that.
        scores: What they claim to score, such as "anger" and "arousal".
        not_for: What they must not be used for, a sentence each.
    """

    name: str
    version: int
    business_use: bool
    licence: str
    scores: tuple[str, ...]
    not_for: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        """Return name and version as events carry them: "prosody-open@1"."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """What reads emotion here.

    Attributes:
        enabled: Whether emotion is read at all, by `emotion.enabled` of the configuration.
        policy: What a customer's silence means, by `emotion.consent`.
        weights: Those at work; None while emotion is off.
    """

    enabled: bool
    policy: EmotionPolicy
    weights: WeightsView | None = None


class CareDesk(Protocol):
    """What the API asks of the care for customers. Every call returns at once."""

    def alerts(self) -> Sequence[AlertView]:
        """Return the alerts that are not cleared, the oldest first."""
        ...

    def acknowledge(self, alert_id: str, by: str) -> AlertView:
        """Take up an alert; return how it stands then, cleared where its rule says so.

        Args:
            alert_id: 32 hexadecimal digits.
            by: Who, by an id of the configuration or of the API, never by name.

        Raises:
            NotKnown: No alert of that id is open.
            IllegalTransition: Somebody has taken it up already.
        """
        ...

    def mood(self, contact_id: str) -> MoodView | None:
        """Return how the customer of a running contact feels; None for no such contact."""
        ...

    def answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        """Note what the customer of a running contact allows, and publish `ConsentChanged`.

        Args:
            contact_id: 32 hexadecimal digits.
            purpose: What he was asked for.
            answer: GRANTED or REFUSED; the last word counts.

        Raises:
            NotKnown: No contact of that id runs.
        """
        ...

    def model(self) -> ModelView:
        """Return which weights are at work, or that emotion is off."""
        ...
