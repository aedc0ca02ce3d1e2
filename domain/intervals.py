"""Figures of queues and agents by interval: what a wallboard and a report are made of.

All are counts, sums and one maximum, so the figures of a longer interval are those of its parts
put together, whatever the parts are; shares and means are computed from them at the end. What
happened counts in the interval in which it happened: an answer where it was given, a conversation
where it ended. Time in a state is divided among the intervals that it spans.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar

QUARTER_S: Final = 900
"""Length of a stored interval, 15 minutes: the offset of every time zone is a multiple of it."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """Figures that can be put together."""

    def add(self, other: Self) -> None:
        """Take in the figures of another interval."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            together = max(mine, theirs) if each.name in MAXIMA else mine + theirs
            setattr(self, each.name, together)


@dataclass(slots=True, kw_only=True)
class QueueCounters(Counters):
    """What happened in one queue.

    A contact that arrives is answered, abandoned, released, lost or overflowed in the end; one that
    comes back after a conversation arrives once more.

    Attributes:
        arrived: Contacts that joined the queue.
        answered: An agent answered.
        answered_in_target: Within `service_level.target_s` of the queue.
        abandoned: The customer left while waiting or while a telephone rang.
        abandoned_in_target: Of those, within `service_level.target_s`.
        released: Ended by us because the queue's longest wait had passed.
        refused: Turned away because the queue was full; never arrived.
        lost: Ended while waiting by neither the customer nor the queue, as by a crash.
        overflowed: Went to another queue.
        transferred: Handed over by an agent after a conversation.
        offers, accepted, missed, declined, withdrawn: Offers of its contacts; accepted, not
            answered, refused by the agent's side, or taken back because the customer left.
        handled: Conversations that ended.
        answer_wait_s: Sum of the waits of the answered.
        abandon_wait_s: Sum of the waits of the abandoned.
        longest_wait_s: Of those answered or abandoned.
        talk_s: Seconds of the conversations that ended.
        wrap_up_s: Seconds of the wrap-ups that ended.
    """

    arrived: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    released: int = 0
    refused: int = 0
    lost: int = 0
    overflowed: int = 0
    transferred: int = 0
    offers: int = 0
    accepted: int = 0
    missed: int = 0
    declined: int = 0
    withdrawn: int = 0
    handled: int = 0
    answer_wait_s: float = 0.0
    abandon_wait_s: float = 0.0
    longest_wait_s: float = 0.0
    talk_s: float = 0.0
    wrap_up_s: float = 0.0

    @property
    def average_speed_of_answer_s(self) -> float | None:
        """Mean wait of the answered; None without any."""
        return self.answer_wait_s / self.answered if self.answered else None

    @property
    def service_level(self) -> float | None:
        """Answered within the target / answered (the first of Asterisk's two formulas)."""
        return self.answered_in_target / self.answered if self.answered else None

    @property
    def service_level_abandoned(self) -> float | None:
        """(Answered + abandoned, within the target) / (answered + abandoned)."""
        ended = self.answered + self.abandoned
        if not ended:
            return None
        return (self.answered_in_target + self.abandoned_in_target) / ended

    @property
    def average_handle_s(self) -> float | None:
        """Mean seconds of conversation and wrap-up; None before the first ended."""
        return (self.talk_s + self.wrap_up_s) / self.handled if self.handled else None


@dataclass(slots=True, kw_only=True)
class AgentCounters(Counters):
    """What one agent did.

    Attributes:
        offers, accepted, missed, declined, withdrawn: Offers made to him, as of a queue.
        transferred: Customers whom he handed over.
        handled: Conversations that ended.
        talk_s: Seconds of these conversations.
        not_ready_s, ready_s, busy_s, wrap_up_s: Seconds in each state; BUSY begins with the
            ringing.
    """

    offers: int = 0
    accepted: int = 0
    missed: int = 0
    declined: int = 0
    withdrawn: int = 0
    transferred: int = 0
    handled: int = 0
    talk_s: float = 0.0
    not_ready_s: float = 0.0
    ready_s: float = 0.0
    busy_s: float = 0.0
    wrap_up_s: float = 0.0

    @property
    def occupancy(self) -> float | None:
        """BUSY / (READY + BUSY + WRAP_UP), in time; None for who was in none of them."""
        there_s = self.ready_s + self.busy_s + self.wrap_up_s
        return self.busy_s / there_s if there_s > 0 else None


MAXIMA: Final = frozenset({"longest_wait_s"})
"""Figures of which the larger counts, not the sum."""

AnyCounters = TypeVar("AnyCounters", bound=Counters)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInterval:
    """Figures of one queue in one interval.

    Attributes:
        begin: UTC.
        seconds: Length; what has not yet come of it is empty.
    """

    begin: datetime
    seconds: float
    queue_id: str
    counters: QueueCounters


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInterval:
    """Figures of one agent in one interval; see `QueueInterval`."""

    begin: datetime
    seconds: float
    agent_id: str
    counters: AgentCounters


def quarter_of(at: datetime) -> datetime:
    """Return the begin of the stored interval that a time lies in, UTC.

    Raises:
        ValueError: The time has no UTC offset.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no UTC offset")
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def next_quarter(begin: datetime) -> datetime:
    """Return the begin of the stored interval after this one."""
    return begin + timedelta(seconds=QUARTER_S)
