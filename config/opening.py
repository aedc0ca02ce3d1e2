"""The section `opening` of a queue: when it is open, and who serves its customers else."""

from config.section import Section
from config.values import Identifier


class Opening(Section):
    """When a queue is open.

    Who calls at another time hears `prompts.closed`, after the greeting, and we hang up. Who writes
    waits until an agent is there, and a chat is told so; what is due is due in these hours. Who
    waits at closing time is still served.
    """

    calendar: Identifier
    """The calendar of `business_hours` in which it is open."""
    other_queue: Identifier | None = None
    """The queue that takes calls and chats which come at other times, such as a night desk or the
    office on the other side of the world; it asks its own `opening` in turn. Nothing: nobody."""
