"""A decision: why a contact was offered to this agent and to nobody else.

Everything in it is a number or a name, so that it can be told in any language and compared later
with what came of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

CANDIDATES_MAX: Final = 5
"""Others that a decision names: enough to argue with, few enough to read."""


class Reason(StrEnum):
    """What a pair of contact and agent costs seconds of waiting for (the terms of the cost)."""

    SKILL = "skill"
    """Proficiency in the skills asked for that is missing."""
    LANGUAGE = "language"
    """Command of the customer's language that is missing."""
    REGION = "region"
    """He does not know the customer's region."""
    PRODUCT = "product"
    """He does not know the customer's product."""
    RATING = "rating"
    """What customers give him in this topic, short of the best."""
    SENIORITY = "seniority"
    """Experience that the contact asks for and he lacks."""
    EMOTION = "emotion"
    """Handling of upset customers that is missing."""
    FAMILIARITY = "familiarity"
    """The customer knows him; below 0."""
    EXPECTATION = "expectation"
    """What the outcome model expects of the two."""
    RESERVE = "reserve"
    """He is one of few who can serve others that may come."""
    IDLE = "idle"
    """He has been without work for a while; below 0."""
    OCCUPANCY = "occupancy"
    """He has had less of a pause than others."""


class Obstacle(StrEnum):
    """Why an agent may not be offered a contact now."""

    STATE = "state"
    """Not ready, logged out or in wrap-up."""
    SHIFT = "shift"
    """Outside his working hours."""
    CAPACITY = "capacity"
    """As much as he may serve at once, or a channel that excludes this one."""
    SKILL = "skill"
    """He lacks a skill that is asked for, or is not proficient enough in it."""
    LANGUAGE = "language"
    """He does not speak the customer's language well enough."""
    RING = "ring"
    """The ring he belongs to is not open yet for this contact."""
    PREFERRED = "preferred"
    """The contact is held for the agent it prefers."""
    PAUSED = "paused"
    """He declined or missed this contact a moment ago."""
    TEAM_RULE = "team_rule"
    """A rule about his team forbids it."""


class Scheme(StrEnum):
    """By which rules a decision was made, so that their effect can be measured."""

    LEARNED = "learned"
    """With what the outcome model expects."""
    CONTROL = "control"
    """Without it, drawn by lot to measure its effect."""
    PLAIN = "plain"
    """Without it and without the customer's profile: he does not want to be profiled."""
    UNLEARNED = "unlearned"
    """Without it: it is switched off or has nothing to say yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One agent as he was judged for a contact.

    Attributes:
        cost_s: Sum of `terms`, seconds of waiting; lower is better.
        terms: What each reason adds, seconds of waiting; below 0 speaks for him.
        offered_other: The other contact that he was offered in the same decision, for whom he
            saved more; None for nobody.
    """

    agent_id: str
    cost_s: float
    terms: Mapping[Reason, float]
    offered_other: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why an offer was made.

    Attributes:
        at: Wall time, UTC; None until the shell has stamped it.
        chosen: The agent who was offered the contact.
        others: Agents who could have been, the cheapest first, at most CANDIDATES_MAX.
        others_count: How many could have been in all, the chosen one not counted.
        obstacles: How many agents could not, by the first obstacle in the order above.
        waited_s: Seconds that the contact had waited.
        urgency_s: What leaving it waiting would have cost, seconds of waiting.
        waiting: Contacts that waited at that moment, this one too.
        free: Agents who were free for something at that moment.
        scheme: By which rules it was made.
        propensity: Probability with which chance alone would have led to `scheme`.
        relaxed: Steps by which requirements had been relaxed.
        ring: Rings open, 1 is the first; 0 where the queue has none.
        language: BCP 47 tag of the language that was asked for; "" where it is not told.
        skills: Names of the skills that were asked for.
    """

    offer_id: str
    contact_id: str
    queue_id: str
    chosen: Candidate
    others: tuple[Candidate, ...] = ()
    others_count: int = 0
    obstacles: Mapping[Obstacle, int] = field(default_factory=dict)
    waited_s: float = 0.0
    urgency_s: float = 0.0
    waiting: int = 1
    free: int = 1
    scheme: Scheme = Scheme.UNLEARNED
    propensity: float = 1.0
    relaxed: int = 0
    ring: int = 0
    language: str = ""
    skills: tuple[str, ...] = ()
    at: datetime | None = None
