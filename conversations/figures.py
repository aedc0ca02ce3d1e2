"""How the conversations do, for the metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFigures:
    """Counts as they stand.

    Attributes:
        waiting: Conversations whose contact waits in the router's line or is offered.
        outside: Those that wait for room in a full queue.
        served, parked: Those that an agent serves or has laid aside.
        idle: Idle ones kept in memory.
        present: Customers who are connected.
        followers: Connections that follow a conversation.
        desks: Connections of agents' desks.
        records_dropped: Writes of contacts given up because the store failed for too long.
        records_waiting: Writes of contacts on their way to the store.
    """

    waiting: int
    outside: int
    served: int
    parked: int
    idle: int
    present: int
    followers: int
    desks: int
    records_dropped: int
    records_waiting: int
