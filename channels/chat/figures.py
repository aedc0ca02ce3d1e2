"""What the chat counts of itself, for `/metrics`."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class ChatFigures:
    """Counters since the start, and what stands at this moment.

    Attributes:
        connections: Open now.
        refused: Handshakes and tickets refused, by reason: "origin", "full", "address",
            "identity", "rate", "widget".
        closed: Connections that the server closed, by close code.
        messages: Customers' messages that were committed.
        duplicates: Of them, sent again and stored before.
        errors: Customers' messages not taken, by code of the protocol.
        told: Messages sent to clients.
        uploads: Files taken in.
        pushes: Pushes by outcome: "taken", "failed", "given_up", "needless".
    """

    connections: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    messages: int = 0
    duplicates: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    told: int = 0
    uploads: int = 0
    pushes: Counter[str] = field(default_factory=Counter)
