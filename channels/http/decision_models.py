"""What the API answers about decisions and about who can be offered a contact."""

from datetime import datetime
from typing import Self

from pydantic import Field

from channels.http.models import AgentId, Answer, ContactId, QueueId
from domain.decision import Candidate, Obstacle, Reason, Scheme
from domain.decision_ports import Eligibility
from domain.decision_text import Teller
from domain.decision_trail import Fate, TrailStep


class CandidateOut(Answer):
    """One agent as he was judged for a contact, in points: seconds of waiting."""

    agent_id: AgentId
    cost: float = Field(description="Sum of `terms`; lower is better.", examples=[7.0])
    terms: dict[Reason, float] = Field(
        description="What each reason adds; below 0 speaks for the agent.",
        examples=[{"skill": 5.0, "idle": -2.5}],
    )
    offered_other: str | None = Field(
        description="The other contact that the agent was offered in the same moment.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f81"],
    )

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Return the answer for one agent."""
        return cls(
            agent_id=candidate.agent_id,
            cost=candidate.cost_s,
            terms=dict(candidate.terms),
            offered_other=candidate.offered_other,
        )


class DecisionOut(Answer):
    """Why an offer was made, as numbers and as sentences, and what became of it."""

    offer_id: str = Field(
        description="The same in the events of the offer.",
        examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
    )
    queue_id: QueueId
    at: datetime | None = Field(
        description="When it was decided, UTC.", examples=["2027-03-01T09:15:02Z"]
    )
    sentences: list[str] = Field(
        description="The decision and its end in words, in the language asked for; the first "
        "says who was chosen and why.",
        examples=[["Offered to alice after 22 s of waiting."]],
    )
    chosen: CandidateOut = Field(description="Who was offered the contact.")
    others: list[CandidateOut] = Field(
        description="Who could have been, the cheapest first, at most 5."
    )
    others_count: int = Field(description="How many could have been in all.", examples=[4])
    obstacles: dict[Obstacle, int] = Field(
        description="How many agents could not, by the first obstacle.",
        examples=[{"state": 3, "shift": 1}],
    )
    waited_s: float = Field(description="Seconds waited until then.", examples=[22.4])
    urgency: float = Field(
        description="Points that leaving the contact waiting would have cost.", examples=[45.0]
    )
    waiting: int = Field(description="Contacts that waited, this one too.", examples=[5])
    free: int = Field(description="Agents who were free for something.", examples=[3])
    scheme: Scheme = Field(description="By which rules it was made.", examples=["learned"])
    propensity: float = Field(
        description="Probability with which chance alone would have led to `scheme`.",
        examples=[0.9],
    )
    relaxed: int = Field(description="Steps by which requirements had been relaxed.", examples=[1])
    ring: int = Field(description="Rings open; 0 where the queue has none.", examples=[2])
    fate: Fate = Field(description="What became of the offer.", examples=["accepted"])
    settled_at: datetime | None = Field(
        description="When; null while nothing is recorded.", examples=["2027-03-01T09:15:05Z"]
    )
    ring_s: float | None = Field(description="Seconds that the telephone rang.", examples=[3.1])
    talk_s: float = Field(description="Seconds of conversation.", examples=[214.9])

    @classmethod
    def of(cls, step: TrailStep, tell: Teller) -> Self:
        """Return the answer for one decision."""
        decision = step.decision
        return cls(
            offer_id=decision.offer_id,
            queue_id=decision.queue_id,
            at=decision.at,
            sentences=tell.step(step),
            chosen=CandidateOut.of(decision.chosen),
            others=[CandidateOut.of(one) for one in decision.others],
            others_count=decision.others_count,
            obstacles=dict(decision.obstacles),
            waited_s=decision.waited_s,
            urgency=decision.urgency_s,
            waiting=decision.waiting,
            free=decision.free,
            scheme=decision.scheme,
            propensity=decision.propensity,
            relaxed=decision.relaxed,
            ring=decision.ring,
            fate=step.fate,
            settled_at=step.at,
            ring_s=step.ring_s,
            talk_s=step.talk_s,
        )


class DecisionTrail(Answer):
    """Every decision about a contact, in the order they were made."""

    contact_id: ContactId
    language: str = Field(description="Of the sentences.", examples=["en"])
    decisions: list[DecisionOut] = Field(description="In the order they were made.")


class EligibilityOut(Answer):
    """Whether one agent can be offered a contact now."""

    agent_id: AgentId
    eligible: bool = Field(description="Whether he can.", examples=[False])
    obstacle: Obstacle | None = Field(
        description="The first that stands in the way.", examples=["skill"]
    )
    cost: float | None = Field(
        description="Points that the pair would cost; null where there is an obstacle.",
        examples=[12.0],
    )
    words: str = Field(
        description="The same as a sentence, in the language asked for.",
        examples=["alice cannot be offered this contact: outside working hours."],
    )

    @classmethod
    def of(cls, view: Eligibility, tell: Teller) -> Self:
        """Return the answer for one agent."""
        return cls(
            agent_id=view.agent_id,
            eligible=view.obstacle is None,
            obstacle=view.obstacle,
            cost=view.cost_s,
            words=tell.eligibility(view.agent_id, view.obstacle, view.cost_s),
        )


class EligibilityList(Answer):
    """Every agent for one waiting contact."""

    contact_id: ContactId
    language: str = Field(description="Of the sentences.", examples=["en"])
    agents: list[EligibilityOut] = Field(
        description="Those who can be offered it first, the cheapest first."
    )
