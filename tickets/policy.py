"""What the configuration says of tickets, made ready: calendars, rules, who and what is known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from config.schema import Configuration
from config.tickets import TicketRule
from domain.business_hours import ALWAYS
from domain.complaint import WORDS, finder
from domain.ticket_changes import DuePolicy


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule and what finds its words.

    Attributes:
        complains: Tells whether a text holds one of its words; of rules for complaints only.
    """

    entry: TicketRule
    complains: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPolicy:
    """In force until the next one.

    Attributes:
        enabled: Whether anything happens by itself.
        queues, agents: Ids that a ticket may have.
        due: Until when a ticket shall be settled.
    """

    enabled: bool
    queues: frozenset[str]
    agents: frozenset[str]
    due: DuePolicy
    rules: tuple[ReadyRule, ...]
    close_solved_after_days: float
    reopen_days: float

    @classmethod
    def of(cls, settings: Configuration) -> Self:
        """Return the policy of a configuration."""
        tickets = settings.tickets
        calendars = {calendar.id: calendar for calendar in settings.business_hours}
        hours = ALWAYS if tickets.calendar is None else calendars[tickets.calendar].hours_of()
        return cls(
            enabled=tickets.enabled,
            queues=frozenset(queue.id for queue in settings.queues),
            agents=frozenset(agent.id for agent in settings.agents),
            due=DuePolicy(hours, tickets.due.by_priority()),
            rules=tuple(ReadyRule(entry, finder(entry.words or WORDS)) for entry in tickets.rules),
            close_solved_after_days=tickets.close_solved_after_days,
            reopen_days=tickets.reopen_days,
        )
