"""The trail of a contact: each decision about it, and what became of the offer.

Decisions and agents' parts are recorded apart, so they are joined here: the parts of one agent
follow his offers in time.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.contact import Interaction
from domain.decision import Decision

EARLY: Final = timedelta(seconds=2)
"""An agent's part may seem to begin so long before its offer: two clocks were read."""


class Fate(StrEnum):
    """What became of an offer."""

    ACCEPTED = "accepted"
    """The agent answered."""
    LOST = "lost"
    """The agent answered, and his telephone was lost in mid-call."""
    EXPIRED = "expired"
    """Ring no answer."""
    DECLINED = "declined"
    """The agent declined."""
    BUSY = "busy"
    """The agent's telephone was busy."""
    UNREACHABLE = "unreachable"
    """The agent's telephone could not be reached."""
    WITHDRAWN = "withdrawn"
    """The customer left, or the contact was ended, before the agent answered."""
    OPEN = "open"
    """Nothing is recorded of it: it rings, the two are still talking, or the record is missing."""


_FATES: Final = {
    "answered": Fate.ACCEPTED,
    "lost": Fate.LOST,
    "ring_no_answer": Fate.EXPIRED,
    "declined": Fate.DECLINED,
    "busy": Fate.BUSY,
    "unreachable": Fate.UNREACHABLE,
    "withdrawn": Fate.WITHDRAWN,
}
"""By the outcome of the interaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailStep:
    """One decision and what became of it.

    Attributes:
        ring_s: Seconds that the telephone rang; None while nothing is recorded.
        talk_s: Seconds of conversation.
        at: When the offer was settled: the answer, or the end of the ringing; None while open.
    """

    decision: Decision
    fate: Fate = Fate.OPEN
    ring_s: float | None = None
    talk_s: float = 0.0
    at: datetime | None = None


def trail(decisions: Iterable[Decision], interactions: Iterable[Interaction]) -> list[TrailStep]:
    """Return the decisions of one contact with their fates, in the order they were made.

    Args:
        decisions: Of one contact; those without a time come last.
        interactions: Of the same contact, in any order.
    """
    parts: defaultdict[str, deque[Interaction]] = defaultdict(deque)
    for part in sorted(interactions, key=lambda one: (one.started_at, one.interaction_id)):
        parts[part.agent_id].append(part)
    made = sorted(decisions, key=lambda one: (one.at is None, one.at and one.at.timestamp()))
    return [_step(made, number, parts) for number in range(len(made))]


def _step(
    made: Sequence[Decision], number: int, parts: defaultdict[str, deque[Interaction]]
) -> TrailStep:
    decision = made[number]
    mine = parts[decision.chosen.agent_id]
    # A part that began before this offer belongs to a decision that is not on record.
    while mine and decision.at is not None and mine[0].started_at < decision.at - EARLY:
        mine.popleft()
    later = next(
        (one for one in made[number + 1 :] if one.chosen.agent_id == decision.chosen.agent_id), None
    )
    # One that began after the next offer to him belongs to that.
    taken_by_later = (
        bool(mine)
        and later is not None
        and later.at is not None
        and mine[0].started_at >= later.at - EARLY
        and (decision.at is None or decision.at < later.at - EARLY)
    )
    if not mine or taken_by_later:
        return TrailStep(decision=decision)
    part = mine.popleft()
    return TrailStep(
        decision=decision,
        fate=_FATES.get(part.outcome, Fate.OPEN),
        ring_s=part.ring_s,
        talk_s=part.talk_s,
        at=part.started_at + timedelta(seconds=max(0.0, part.ring_s)),
    )
