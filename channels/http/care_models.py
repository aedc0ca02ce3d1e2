"""What the API answers about alerts, moods, consent and the model that reads emotion."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from channels.http.models import Answer, ContactId, QueueId
from domain.alert import AlertState
from domain.care_ports import AlertView, ModelView, MoodView, WeightsView
from domain.consent import Answer as ConsentAnswer
from domain.consent import EmotionPolicy, Ground, Permission, Purpose
from domain.emotion import Evidence
from domain.mood import Mood


class EvidenceOut(Answer):
    """One reason that people can read."""

    name: str = Field(description="What was measured.", examples=["pitch"])
    value: float = Field(description="How much it was, in `unit`.", examples=[4.1])
    unit: str = Field(
        description="Of the value, in words.", examples=["semitones above the caller's own"]
    )

    @classmethod
    def all_of(cls, evidence: tuple[Evidence, ...]) -> list[Self]:
        """Return the answers for the reasons of one judgement."""
        return [cls(name=each.name, value=each.value, unit=each.unit) for each in evidence]


class AlertOut(Answer):
    """An alert as it stands; mood, intensity and evidence as they were when it rose."""

    alert_id: str = Field(
        description="32 hexadecimal digits, the same in every event of it.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    contact_id: ContactId
    queue_id: QueueId
    rule_id: str = Field(
        description="The rule, by its id in the configuration.", examples=["angry"]
    )
    agent_id: str | None = Field(
        description="Who serves the customer; null while nobody does.", examples=["alice"]
    )
    state: AlertState = Field(
        description="`cleared` only in the answer to an acknowledgement that ended it.",
        examples=["risen"],
    )
    risen_at: datetime = Field(description="Wall time, UTC.", examples=["2027-03-01T09:16:20Z"])
    acknowledged_by: str | None = Field(description="Who took it up.", examples=["alice"])
    acknowledged_after_s: float | None = Field(
        description="Seconds from its rise until then.", examples=[6.2]
    )
    mood: Mood = Field(description="Of the customer.", examples=["angry"])
    intensity: float = Field(description="Distress, smoothed, 0 to 1.", examples=[0.71])
    evidence: list[EvidenceOut] = Field(description="What spoke for it, at most 3.")

    @classmethod
    def of(cls, view: AlertView) -> Self:
        """Return the answer for one alert."""
        return cls(
            alert_id=view.alert_id,
            contact_id=view.contact_id,
            queue_id=view.queue_id,
            rule_id=view.rule_id,
            agent_id=view.agent_id,
            state=view.state,
            risen_at=view.risen_at,
            acknowledged_by=view.acknowledged_by,
            acknowledged_after_s=view.acknowledged_after_s,
            mood=view.mood,
            intensity=view.intensity,
            evidence=EvidenceOut.all_of(view.evidence),
        )


class AlertList(Answer):
    """The open alerts, the oldest first."""

    alerts: list[AlertOut] = Field(description="The oldest first.")


class Acknowledgement(BaseModel):
    """Somebody takes up an alert."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "alice"}]})

    by: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="Who: an agent's id, or one that your system gives; never a name. It stands "
        "in the event AlertAcknowledged.",
        examples=["alice"],
    )


class MoodOut(Answer):
    """How the customer of a running contact feels at this moment, and why that is read or not."""

    contact_id: ContactId
    mood: Mood = Field(
        description="`unknown` before enough was heard, and while emotion may not be read.",
        examples=["uneasy"],
    )
    intensity: float = Field(description="Distress, smoothed, 0 to 1.", examples=[0.41])
    trend_per_min: float = Field(
        description="Change of the intensity, a minute; above 0 is worse.", examples=[0.3]
    )
    confidence: float = Field(
        description="How much of the intensity was heard lately, 0 to 1.", examples=[0.64]
    )
    evidence: list[EvidenceOut] = Field(description="What speaks for it, at most 3.")
    read: bool = Field(description="Whether emotion may be read just now.", examples=[True])
    ground: Ground = Field(description="Why it is read, or is not.", examples=["told"])
    ground_words: str = Field(
        description="The ground as a sentence, in the language asked for.",
        examples=["Emotion is read: the customer was told and has not objected."],
    )
    model: str | None = Field(
        description="The weights that judge; null where none are at work.",
        examples=["prosody-open@1"],
    )

    @classmethod
    def of(cls, view: MoodView, language: str) -> Self:
        """Return the answer for one contact."""
        return cls(
            contact_id=view.contact_id,
            mood=view.mood,
            intensity=view.intensity,
            trend_per_min=view.trend_per_min,
            confidence=view.confidence,
            evidence=EvidenceOut.all_of(view.evidence),
            read=Permission(ground=view.ground).allowed,
            ground=view.ground,
            ground_words=view.words(language),
            model=view.model,
        )


class ConsentGiven(BaseModel):
    """What a customer has said to being recorded, judged or offered something."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"purpose": "emotion", "answer": "refused"}]},
    )

    purpose: Purpose = Field(description="What he was asked for.", examples=["emotion"])
    answer: Literal[ConsentAnswer.GRANTED, ConsentAnswer.REFUSED] = Field(
        description="The last word counts, and it may be taken back.", examples=["refused"]
    )


class WeightsOut(Answer):
    """The weights at work, as their card tells of them."""

    name: str = Field(description="Of the set.", examples=["prosody-open"])
    version: int = Field(description="Counts up with every training.", examples=[1])
    model: str = Field(description="Both, as events carry them.", examples=["prosody-open@1"])
    business_use: bool = Field(
        description="Whether the licences of the data allow a business to use them.",
        examples=[True],
    )
    licence: str = Field(
        description="In a sentence.",
        examples=["The weights are under the project's licence, GPL-3.0-or-later."],
    )
    scores: list[str] = Field(
        description="What they claim to score, and nothing else.", examples=[["anger", "arousal"]]
    )
    not_for: list[str] = Field(
        description="What they must not be used for.",
        examples=[["Judging staff: the law forbids it."]],
    )

    @classmethod
    def of(cls, view: WeightsView) -> Self:
        """Return the answer for one set of weights."""
        return cls(
            name=view.name,
            version=view.version,
            model=view.at,
            business_use=view.business_use,
            licence=view.licence,
            scores=list(view.scores),
            not_for=list(view.not_for),
        )


class EmotionOut(Answer):
    """What reads emotion on this node, and under which policy."""

    enabled: bool = Field(description="Whether emotion is read at all.", examples=[True])
    policy: EmotionPolicy = Field(
        description="What a customer's silence means: `notice` reads once he was told, until he "
        "objects; `opt_in` only after he has agreed; `off` never.",
        examples=["notice"],
    )
    weights: WeightsOut | None = Field(description="Those at work; null while emotion is off.")

    @classmethod
    def of(cls, view: ModelView) -> Self:
        """Return the answer for the node."""
        return cls(
            enabled=view.enabled,
            policy=view.policy,
            weights=None if view.weights is None else WeightsOut.of(view.weights),
        )
